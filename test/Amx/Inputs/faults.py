"""Runs each case of `instructions` that must fault: the message and the signal are those of the table. A CPU with AMX
raises the signals itself."""
import pathlib
import signal
import subprocess
import sys

UD, GP = -signal.SIGILL, -signal.SIGSEGV
CASES = {
    "unconfigured": (UD, "tilezero", "#UD: tiles are not configured"),
    "palette": (GP, "ldtilecfg", "#GP: palette 2"),
    "reserved": (GP, "ldtilecfg", "#GP: reserved bytes of the configuration are not zero"),
    "rows": (GP, "ldtilecfg", "#GP: tmm2 of 17 rows of 64 bytes"),
    "bytes": (GP, "ldtilecfg", "#GP: tmm2 of 16 rows of 68 bytes"),
    "half": (GP, "ldtilecfg", "#GP: tmm2 of 0 rows of 64 bytes"),
    "invalid": (UD, "tileloadd", "#UD: tmm5 is not configured"),
    "odd": (UD, "tilestored", "#UD: tmm5 has rows of 62 bytes"),
    "same": (UD, "tdpbf16ps", "#UD: tmm0, tmm1, tmm1 are not three tiles"),
    "shape": (UD, "tdpbf16ps", "#UD: 16x64 B += 15x64 B * 16x64 B"),
    "depth": (UD, "tdpbssd", "#UD: 16x64 B += 16x64 B * 15x64 B"),
    "width": (UD, "tdpbuud", "#UD: 16x64 B += 16x64 B * 16x60 B"),
    "restart": (UD, "tileloadd", "#UD: start row 16 of 16"),
    "no-sib": (UD, "tileloadd", "#UD: no SIB byte"),
    "other": (UD, "no AMX instruction", ": 0f 0b"),
    "handled": (3, "", ""),  # by the program's own handler
}

emulated = "amx_tile" not in pathlib.Path("/proc/cpuinfo").read_text()
wrong = 0
for name, (status, instruction, message) in CASES.items():
    done = subprocess.run([*sys.argv[1:], name], capture_output=True, text=True)
    told = instruction in done.stderr and message in done.stderr
    if done.returncode != status or (emulated and not told):
        wrong += 1
        print(f"WRONG {name}: status {done.returncode}, {done.stderr}")
print("all right" if not wrong else f"{wrong} wrong")
