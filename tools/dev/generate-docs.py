"""Writes docs/generated: dialects and passes from TableGen, stages from Stages.def, supported ONNX operators and CPU levels from
their tables."""

import argparse
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
LLVM = pathlib.Path("/usr/lib/llvm-22")
PASSES = ["dialects/Xf/Transforms", "dialects/Kernel/Transforms", "lib/Conversion", "lib/Codegen", "lib/Pipeline"]


def tablegen(source: str, *options: str) -> str:
    command = [LLVM / "bin/mlir-tblgen", *options, ROOT / source, f"-I{ROOT}", f"-I{LLVM}/include"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def passes_of(build: pathlib.Path, option: str) -> str:
    """The passes of a stage, one per line, nested ones indented, without options."""
    # The pipeline is printed before it runs; that an empty module is no model does not matter.
    run = subprocess.run([build / "bin/tilewright-opt", option, "--dump-pass-pipeline", "-"], input="module {}", capture_output=True, text=True)
    pipeline = re.search(r"^builtin\.module\(\n(.*?)^\)", run.stderr, re.MULTILINE | re.DOTALL).group(1)
    lines = [re.sub(r"\{.*\}|[(),]", "", line)[2:] for line in pipeline.splitlines()]
    return "\n".join(line for line in lines if line.strip())


def stages(build: pathlib.Path) -> str:
    """Stages.def, and the passes that tilewright-opt runs for each stage."""
    text = re.sub(r'"\s*//[^\n]*', '"', (ROOT / "lib/Pipeline/Stages.def").read_text())
    page = ["# Stages\n\nWritten by `make docs` from lib/Pipeline/Stages.def and Stages.cpp. After each stage its promise holds and only the "
            "listed dialects are alive; the stage verifier checks it."]
    for name, summary, dialects in re.findall(r'^TILEWRIGHT_STAGE\((\w+), "([^"]*)",\s*((?:"[^"]*"\s*)+)\)', text, re.MULTILINE):
        alive = " ".join("".join(re.findall(r'"([^"]*)"', dialects)).split())
        page.append(f"## {name}\n\n{summary[0].upper()}{summary[1:]}.\n\nAlive: {alive}")
        default, reference = (passes_of(build, f"--tw-{name}{option}") for option in ("", "=reference"))
        for kind, passes in [("both pipelines", default)] if default == reference else [("default", default), ("reference", reference)]:
            page.append(f"Passes, {kind}:\n\n```\n{passes}\n```")
    return "\n\n".join(page) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    build = parser.parse_args().build
    out = ROOT / "docs/generated"
    out.mkdir(parents=True, exist_ok=True)
    for dialect in ("Onnx", "Xf", "Kernel", "Target"):
        text = tablegen(f"dialects/{dialect}/IR/{dialect}Ops.td", "-gen-dialect-doc", f"-dialect={dialect.lower()}")
        (out / f"{dialect}.md").write_text(text)
    (out / "Stages.md").write_text(stages(build))
    passes = [f"# {folder}\n\n" + tablegen(f"{folder}/Passes.td", "-gen-pass-doc") for folder in PASSES]
    (out / "Passes.md").write_text("\n".join(passes))
    for page, title, option in (("Operators", "Supported ONNX operators", "--list-ops"), ("Targets", "CPU levels", "--list-targets")):
        listed = subprocess.run([build / "bin/compile-model", option], capture_output=True, text=True, check=True)
        (out / f"{page}.md").write_text(f"# {title}\n\n```\n{listed.stdout}```\n")
    print("docs: wrote", ", ".join(sorted(path.name for path in out.iterdir())), "to docs/generated")


if __name__ == "__main__":
    main()
