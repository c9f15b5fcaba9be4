"""Compiles exported models and compares every data set with torch in float64: check.py WORK_DIR NAME... [-- compile-model options].

One artefact per model serves all of its data sets (batch and sequence sizes, 1 and odd ones included), on one and on two threads.
Outputs differ by at most 1e-5 of their largest element; those of --compute=bf16 and bf16x3 by run-model's own bound."""

import pathlib
import re
import subprocess
import sys
from collections.abc import Callable

BOUND = 1e-5


def run(*command: object) -> str:
    text = [str(part) for part in command]
    print("+", " ".join(text), flush=True)
    done = subprocess.run(text, stdout=subprocess.PIPE, text=True)
    print(done.stdout, end="", flush=True)
    done.check_returncode()
    return done.stdout


def export(work: pathlib.Path, names: list[str]) -> None:
    """Writes WORK/NAME.onnx and its test data."""
    work.mkdir(parents=True, exist_ok=True)
    only = [part for name in names for part in ("--only", name)]
    run(sys.executable, pathlib.Path(__file__).parent / "export.py", work, *only)


def exit_with(main: Callable[[], int]) -> None:
    """Ends the program with what `main` returns, or because of a command that failed in it."""
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"failed with exit code {error.returncode}")


def relative_errors(table: str) -> list[float]:
    """The column "of maximum" of run-model's table."""
    return [float(line.split()[-2]) for line in table.splitlines() if line.endswith(" ok")]


def check_raised(model: pathlib.Path) -> None:
    """The ops that the model stage must hold, each as often as NAME.raised says."""
    text = subprocess.run(["compile-model", str(model), "--stop-after", "model"], check=True, capture_output=True, text=True).stdout
    for wanted in filter(None, model.with_suffix(".raised").read_text().split(", ")):
        count, op = wanted.split()
        found = len(re.findall(rf"\b(?:xf\.|unary +|scf\.){op}\b", text))
        if found != int(count):
            sys.exit(f"{model.name}: expects {wanted} in the model stage, got {found}")


def main() -> int:
    arguments = sys.argv[1:]
    options = arguments[arguments.index("--") + 1:] if "--" in arguments else []
    work, *names = arguments[: arguments.index("--")] if "--" in arguments else arguments
    folder = pathlib.Path(work)
    export(folder, names)
    tolerance = [] if any(option.startswith("--compute=bf16") for option in options) else ["--rtol", BOUND, "--atol", 0]
    for name in names:
        artefact = folder / f"{name}.so"
        run("compile-model", folder / f"{name}.onnx", "-o", artefact, *options)
        check_raised(folder / f"{name}.onnx")
        errors = []
        for data_set in sorted((folder / name).glob("test_data_set_*")):
            for threads in (1, 2):
                errors += relative_errors(run("run-model", artefact, "--test-dir", data_set, "--threads", threads, *tolerance))
        print(f"{name}: largest error {max(errors):.1e} of the maximum", flush=True)
    return 0


if __name__ == "__main__":
    exit_with(main)
