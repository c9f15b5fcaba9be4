"""Compiles exported models and compares every data set with torch: check.py WORK_DIR NAME... [-- compile-model options].

One artefact per model serves all of its data sets (batch and sequence sizes, 1 and odd ones included), on one and on two threads."""

import pathlib
import subprocess
import sys


def run(*command: object) -> None:
    text = [str(part) for part in command]
    print("+", " ".join(text), flush=True)
    subprocess.run(text, check=True)


def main() -> int:
    arguments = sys.argv[1:]
    options = arguments[arguments.index("--") + 1:] if "--" in arguments else []
    work, *names = arguments[: arguments.index("--")] if "--" in arguments else arguments
    folder = pathlib.Path(work)
    folder.mkdir(parents=True, exist_ok=True)
    here = pathlib.Path(__file__).parent
    only = [part for name in names for part in ("--only", name)]
    run(sys.executable, here / "export.py", folder, *only)
    for name in names:
        artefact = folder / f"{name}.so"
        run("compile-model", folder / f"{name}.onnx", "-o", artefact, *options)
        for data_set in sorted((folder / name).glob("test_data_set_*")):
            for threads in (1, 2):
                run("run-model", artefact, "--test-dir", data_set, "--threads", threads)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"failed with exit code {error.returncode}")
