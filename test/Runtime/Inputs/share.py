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


for start, size, _ in sections():
    for page in range(start, start + size, 4096):
        ctypes.string_at(page, 1)
if len(sys.argv) > 2:  # the other process: stay until the first has looked
    print("ready", flush=True)
    sys.stdin.read()
    sys.exit()
other = subprocess.Popen([sys.executable, __file__, library, "other"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
other.stdout.readline()
_, size, details = max(sections(), key=lambda section: section[1])
print(f"weights: {size // 1024} kB, shared {details['Shared_Clean']}, private {details['Private_Clean'] + details['Private_Dirty']}")
other.communicate()
