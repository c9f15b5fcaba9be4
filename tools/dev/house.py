"""Measures the house: lines per file, longest functions, includes between rooms, what one more of a kind costs; `--check` fails on what
the rules forbid.

Rules (docs/Architecture.md): a file has at most 500 lines unless ALLOWED_LONG says why; functions aim at 60 lines and have at most
120; `dialects/` never includes `lib/`; lib/Runtime and include/tilewright never include MLIR or LLVM; Xf never includes Kernel;
lib/Codegen knows upstream dialects and the attribute target.cpu only; lib/Schedule knows no IR; lib/PtxSim knows PTX only."""

import argparse
import collections
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 120
ALLOWED_LONG: dict[str, str] = {}  # path -> reason

# (who, what it must not include, why)
FORBIDDEN = [
    ("dialects/", r'"lib/', "what the IR is must not know what the compiler does"),
    ("dialects/Xf/", r'"dialects/Kernel/', "the model level must not know tiles"),
    ("dialects/Onnx/", r'"dialects/(Xf|Kernel|Target)/', "the capture of a file has no semantics"),
    ("lib/Runtime/", r'[<"](mlir|llvm|dialects)/', "it is linked into artefacts"),
    ("include/", r'[<"](mlir|llvm|dialects|lib)/', "it is installed"),
    ("lib/Codegen/", r'"(dialects/(?!Target/)|lib/(?!Codegen/))', "it knows upstream dialects and target.cpu only"),
    ("lib/PtxSim/", r'[<"](mlir/|dialects/|lib/(?!PtxSim/))', "it executes PTX of any origin"),
    ("lib/CudaSim/", r'[<"](mlir/|dialects/|lib/(?!(CudaSim|PtxSim)/))', "it stands in for a driver"),
    ("lib/Schedule/", r'[<"](mlir/|dialects/(Xf|Kernel|Onnx)/)', "schedules are pure functions"),
]

# (one more ..., where its line is added, what the line looks like)
COSTS = [
    ("CPU level", "dialects/Target/Targets.td", r"^def : "),
    ("ONNX operator", "lib/Conversion/OnnxToXf/*.cpp", r"^    \{\"[a-z.]*\", \"[A-Za-z]+\", [0-9]+, "),
    ("pass", "*Passes.td", r"^def [A-Za-z]+ : Pass<"),
    ("stage", "lib/Pipeline/Stages.def", r"^TILEWRIGHT_STAGE\([a-z]+, "),
]


def tracked(*patterns: str) -> list[pathlib.Path]:
    out = subprocess.run(["git", "ls-files", "--", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [pathlib.Path(line) for line in out.stdout.splitlines() if (ROOT / line).exists()]


def sources() -> list[pathlib.Path]:
    return tracked("*.cpp", "*.h", "*.c", "*.td", "*.py", "*.js")


def room_of(path: pathlib.Path) -> str:
    parts = path.parts
    return "/".join(parts[:2]) if parts[0] in ("dialects", "lib", "tools", "test") and len(parts) > 2 else parts[0]


def functions(path: pathlib.Path):
    """(lines, first line, text of the head) of every C++ function, found by indentation, which clang-format guarantees."""
    lines = (ROOT / path).read_text(errors="replace").splitlines()
    start = None
    for number, line in enumerate(lines, 1):
        indent = len(line) - len(line.lstrip())
        if start is None:
            opens = line.endswith("{") and ("(" in line or ")" in line) and indent <= 2
            keyword = re.match(r"\s*(namespace|class|struct|enum|union|extern|if|for|while|switch|else|do)\b", line)
            if opens and not keyword:
                start = (number, indent, line.strip())
        elif line.strip() in ("}", "};") and indent == start[1]:
            yield number - start[0] + 1, start[0], start[2]
            start = None


def included_rooms(path: pathlib.Path) -> list[str]:
    text = (ROOT / path).read_text(errors="replace")
    return [room_of(pathlib.Path(target)) for target in re.findall(r'#include "((?:dialects|lib|include|tilewright)/[^"]+)"', text)]


def additions(where: str, line: str) -> list[tuple[str, str, list[str]]]:
    """(hash, subject, files) of the commits that added lines like `line` to existing files matching `where`."""
    log = subprocess.run(["git", "log", "--format=%h %s", "--diff-filter=M", "--extended-regexp", "-G", line, "--", where], cwd=ROOT,
                         capture_output=True, text=True, check=True).stdout.splitlines()
    found = []
    for commit, subject in (row.split(" ", 1) for row in log):
        show = ["git", "show", "--format=", commit]
        patch = subprocess.run([*show, "--unified=0", "--", where], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        changed = {sign: {row[1:] for row in patch.splitlines() if row[0] == sign and re.match(line, row[1:])} for sign in "+-"}
        if len(changed["+"]) > len(changed["-"]):  # more than moved or edited
            files = subprocess.run([*show, "--name-only"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
            found.append((commit, subject, files))
    return found


def report_costs() -> None:
    print("\nwhat one more costs: the commit of this clone's history that touched fewest files for it")
    for kind, where, line in COSTS:
        cheapest = min(additions(where, line), key=lambda commit: len(commit[2]), default=None)
        if not cheapest:
            print(f"  {kind}: no commit yet has added one alone")
            continue
        commit, subject, files = cheapest
        print(f"  {kind}: {len(files)} files in {commit} ({subject})")
        print("".join(f"    {file}\n" for file in files), end="")


def violations() -> list[str]:
    found = []
    for path in sources():
        lines = (ROOT / path).read_text(errors="replace").splitlines()
        if len(lines) > MAX_FILE_LINES and str(path) not in ALLOWED_LONG:
            found.append(f"{path}: {len(lines)} lines, at most {MAX_FILE_LINES}: split it by meaning")
        if path.suffix in (".cpp", ".c", ".h"):
            found += [f"{path}:{first}: function of {length} lines, at most {MAX_FUNCTION_LINES}: {head}"
                      for length, first, head in functions(path) if length > MAX_FUNCTION_LINES]
        for who, what, why in FORBIDDEN:
            if not str(path).startswith(who):
                continue
            for number, line in enumerate(lines, 1):
                if re.match(r"\s*#\s*include\s*" + what, line):
                    found.append(f"{path}:{number}: forbidden include ({why}): {line.strip()}")
    return found


def report() -> None:
    files = sources()
    sizes = sorted(((len((ROOT / f).read_text(errors="replace").splitlines()), f) for f in files), reverse=True)
    print(f"{len(files)} files, {sum(size for size, _ in sizes)} lines\n\nlongest files")
    for size, path in sizes[:12]:
        print(f"  {size:5} {path}")
    longest = sorted(((length, path, first, head) for path in files if path.suffix in (".cpp", ".c", ".h")
                      for length, first, head in functions(path)), reverse=True, key=lambda row: row[0])
    lengths = sorted(row[0] for row in longest)
    if lengths:
        print(f"\n{len(lengths)} functions: median {lengths[len(lengths) // 2]}, p90 {lengths[len(lengths) * 9 // 10]} lines; longest")
    for length, path, first, head in longest[:12]:
        print(f"  {length:5} {path}:{first}  {head[:70]}")
    arrows = collections.Counter((room_of(path), target) for path in files for target in included_rooms(path)
                                 if room_of(path) != target)
    print("\nincludes between rooms")
    for (source, target), count in sorted(arrows.items()):
        print(f"  {source:24} -> {target:24} {count}")
    report_costs()
    print("\nrule violations")
    print("\n".join("  " + line for line in violations()) or "  none")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only list violations; exit 1 if there are any")
    if not parser.parse_args().check:
        report()
        return 0
    found = violations()
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
