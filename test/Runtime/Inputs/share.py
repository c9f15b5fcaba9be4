"""share.py MODEL.so: two processes load the model and read all of it; prints whether they share the pages of its weights."""
import ctypes
import subprocess
import sys

library = sys.argv[1]
ctypes.CDLL(library)


def sections():
    """(first address, size, details) of the read-only, not executable parts of the library."""
    found, current = [], None
    for line in open("/proc/self/smaps"):
        words = line.split()
        if "-" in words[0]:
            start, end = (int(x, 16) for x in words[0].split("-"))
            current = {} if line.rstrip().endswith(library) and words[1].startswith("r--") else None
            if current is not None:
                found.append((start, end - start, current))
        elif current is not None and len(words) == 3:
            current[words[0].rstrip(":")] = int(words[1])
    return found


def shared(details):
    return details["Shared_Clean"] + details["Shared_Dirty"]  # dirty: the file itself is on its way to the disk


def touch():
    for start, size, _ in sections():
        for page in range(start, start + size, 4096):
            ctypes.string_at(page, 1)


if len(sys.argv) > 2:  # the other process touches on demand: the kernel may take idle pages back
    for _ in sys.stdin:
        touch()
        print("touched", flush=True)
    sys.exit()
other = subprocess.Popen([sys.executable, __file__, library, "other"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
for attempt in range(20):
    other.stdin.write("touch\n")
    other.stdin.flush()
    other.stdout.readline()
    touch()
    _, size, details = max(sections(), key=lambda section: section[1])
    if shared(details) > size // 2048:  # most of it
        break
print(f"weights: {size // 1024} kB, most of them shared: {shared(details) > size // 2048}, copied: {details['Anonymous']}")
other.communicate()
