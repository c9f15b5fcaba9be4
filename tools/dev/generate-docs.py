"""Writes docs/generated: dialects and passes from TableGen, supported ONNX operators and CPU levels from
their tables."""

import argparse
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
LLVM = pathlib.Path("/usr/lib/llvm-22")
PASSES = ["dialects/Xf/Transforms", "dialects/Kernel/Transforms", "lib/Conversion", "lib/Codegen"]


def tablegen(source: str, *options: str) -> str:
    command = [LLVM / "bin/mlir-tblgen", *options, ROOT / source, f"-I{ROOT}", f"-I{LLVM}/include"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    build = parser.parse_args().build
    out = ROOT / "docs/generated"
    out.mkdir(parents=True, exist_ok=True)
    for dialect in ("Onnx", "Xf", "Kernel", "Target"):
        text = tablegen(f"dialects/{dialect}/IR/{dialect}Ops.td", "-gen-dialect-doc", f"-dialect={dialect.lower()}")
        (out / f"{dialect}.md").write_text(text)
    passes = [f"# {folder}\n\n" + tablegen(f"{folder}/Passes.td", "-gen-pass-doc") for folder in PASSES]
    (out / "Passes.md").write_text("\n".join(passes))
    for page, title, option in (("Operators", "Supported ONNX operators", "--list-ops"), ("Targets", "CPU levels", "--list-targets")):
        listed = subprocess.run([build / "bin/compile-model", option], capture_output=True, text=True, check=True)
        (out / f"{page}.md").write_text(f"# {title}\n\n```\n{listed.stdout}```\n")
    print("docs: wrote", ", ".join(sorted(path.name for path in out.iterdir())), "to docs/generated")


if __name__ == "__main__":
    main()
