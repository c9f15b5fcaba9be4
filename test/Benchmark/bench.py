# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures Tilewright beside its peers: bench.py WORK_DIR [--only TEXT] [--threads 1,2] [--seconds S] [--json FILE].

Every figure is a ratio taken in one run: bench-model and the peers take turns on the same inputs, and bursts of FMAs and of
reads tell what the machine could do in that minute. Rows below their bar are marked. compile-model and bench-model are
found in PATH; onnxruntime-node in NODE_PATH."""

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

from cases import CASES, Case


def cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def compile_model(source: Path, compute: str, work: Path) -> dict:
    """Compiles once per run of the benchmark; wall time, anonymous memory of the peak, and sizes."""
    artefact = work / f"{source.stem}{'' if compute == 'f32' else f'-{compute}'}.so"
    start = time.monotonic()
    subprocess.run(["compile-model", source, "--compute", compute, "-o", artefact], check=True)
    seconds = time.monotonic() - start
    sections = subprocess.run(["size", "-A", artefact], capture_output=True, text=True, check=True).stdout
    text = sum(int(line.split()[1]) for line in sections.splitlines() if line.startswith(".text"))
    return {"artefact": str(artefact), "seconds": seconds, "text_bytes": text, "bytes": artefact.stat().st_size}


def measure(case: Case, source: Path, artefact: str, work: Path, threads: int, seconds: float) -> dict:
    out = work / "result.json"
    command = ["bench-model", artefact, "--threads", str(threads), "--seconds", str(seconds), "--json", str(out)]
    for name, size in case.dims.items():
        command += ["--dim", f"{name}={size}"]
    if case.flop:
        command += ["--flop", str(case.flop)]
    if case.bytes:
        command += ["--bytes", str(case.bytes)]
    if case.onnxruntime:
        command += ["--against", f"onnxruntime={source}"]
    for name, peer in case.peers.items():
        command += ["--against", f"{name}={peer(work)}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return json.loads(out.read_text())["results"][0]


def figures(result: dict) -> dict[str, float]:
    """The figures of one row by what `must` calls them. One thread is compared by CPU time, which other processes do not touch."""
    key = "speedup_by_cpu_time" if result["threads"] == 1 else "speedup"
    found = {peer["name"]: peer[key] for peer in result["peers"]}
    for burst in ("fma", "read"):
        share = result.get(f"share_of_{burst}_burst")
        if share:
            found[burst] = share["p90"] if burst == "fma" else share["median"]
    return found


def text_of(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} us" if seconds < 1e-3 else f"{seconds * 1e3:.2f} ms"


def print_row(case: Case, result: dict) -> None:
    cells = []
    for name, value in figures(result).items():
        bar = case.must.get(name)
        unit = "" if name in ("fma", "read") else "x"
        mark = "" if bar is None else f" (wanted {bar:g}{', MISSED' if value < bar else ''})"
        cells.append(f"{name} {value:.2f}{unit}{mark}")
    quiet = f"{result['quiet_rounds']}/{result['rounds']}"
    print(f"{case.name:28} {result['threads']:2}T {text_of(result['tilewright']['median_s']):>10}  quiet {quiet:7} {'  '.join(cells)}", flush=True)


def print_groups(rows: list[dict]) -> None:
    """Geometric means against ONNX Runtime where a group has several cases."""
    print()
    for group in dict.fromkeys(row["group"] for row in rows):
        for threads in (1, 2):
            ratios = [row["figures"]["onnxruntime"] for row in rows
                      if row["group"] == group and row["threads"] == threads and "onnxruntime" in row["figures"]]
            if len(ratios) > 1:
                mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
                print(f"{group}, {threads}T: {mean:.2f}x onnxruntime (geometric mean of {len(ratios)}, smallest {min(ratios):.2f}x)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--only", default="", help="cases whose name or group contains this text")
    parser.add_argument("--threads", default="", help="instead of each case's own")
    parser.add_argument("--seconds", type=float, default=3, help="per row (default 3)")
    parser.add_argument("--json", type=Path, help="default: WORK_DIR/results.json")
    parser.add_argument("--list", action="store_true", help="print the cases and stop")
    options = parser.parse_args()
    chosen = [case for case in CASES if options.only.lower() in f"{case.name} {case.group}".lower()]
    if options.list:
        print("\n".join(f"{case.group:14} {case.name}" for case in chosen))
        return 0
    options.work.mkdir(parents=True, exist_ok=True)
    rows, artefacts = [], {}
    print(f"{cpu_name()}, {os.cpu_count()} CPUs\n")
    for case in chosen:
        source = case.make(options.work)
        key = source, case.compute
        if key not in artefacts:
            artefacts[key] = compile_model(source, case.compute, options.work)
        threads = [int(t) for t in options.threads.split(",")] if options.threads else case.threads
        for count in threads:
            result = measure(case, source, artefacts[key]["artefact"], options.work, count, options.seconds)
            rows.append({"case": case.name, "group": case.group, "must": case.must, "figures": figures(result), **result})
            print_row(case, result)
    print_groups(rows)
    print("\ncompiled models")
    models = {Path(facts["artefact"]).stem: facts for facts in artefacts.values()}
    for name, facts in models.items():
        print(f"{name:24} {facts['seconds']:6.1f} s, code {facts['text_bytes'] / 1000:.0f} kB, artefact {facts['bytes'] / 1e6:.1f} MB")
    report = {"cpu": cpu_name(), "cpus": os.cpu_count(), "rows": rows,
              "models": models}
    (options.json or options.work / "results.json").write_text(json.dumps(report, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
