"""Compiles a trained model and compares it with its golden outputs: trained.py nanosort|stories260k MODELS_DIR WORK_DIR [options].

The golden values are PyTorch's (nanosort) and ONNX Runtime's (stories260k); see the README beside each model."""

import pathlib
import shutil
import subprocess
import sys


def run(*command: object) -> None:
    text = [str(part) for part in command]
    print("+", " ".join(text), flush=True)
    subprocess.run(text, check=True)


def check(model: pathlib.Path, data_sets: list[pathlib.Path], work: pathlib.Path, options: list[str]) -> None:
    artefact = work / (model.stem + ".so")
    run("compile-model", model, "-o", artefact, *options)
    for data_set in data_sets:
        for threads in (1, 2):
            run("run-model", artefact, "--test-dir", data_set, "--threads", threads)


def nanosort(models: pathlib.Path, work: pathlib.Path, options: list[str]) -> None:
    """One batch of three; golden files are named after outputs, so they are copied under run-model's names."""
    outputs = ["lm_head", "probs", "x", "ln1", "qkv", "attSm", "attnResid", "gelu", "block0", "block1", "block2", "ln_f"]
    data_set = work / "nanosort"
    data_set.mkdir(parents=True, exist_ok=True)
    golden = models / "nanosort/golden"
    shutil.copy(golden / "idx.npy", data_set / "input_0_idx.npy")
    for i, name in enumerate(outputs):
        shutil.copy(golden / f"{name}.npy", data_set / f"output_{i}_{name}.npy")
    for style in ("classic", "modern"):
        check(models / f"nanosort/gpt_nano_sort_{style}.onnx", [data_set], work, options)


def stories260k(models: pathlib.Path, work: pathlib.Path, options: list[str]) -> None:
    """Prefill and the tenth step of decoding, from one artefact per spelling of the model."""
    for style in ("decomposed", "onnx24", "contrib", "int8dyn", "nbits4"):
        data = models / "stories260k/io" / style
        check(models / f"stories260k/stories260k_{style}.onnx", [data / "prefill", data / "decode10"], work, options)


if __name__ == "__main__":
    name, models, work, *options = sys.argv[1:]
    pathlib.Path(work).mkdir(parents=True, exist_ok=True)
    try:
        {"nanosort": nanosort, "stories260k": stories260k}[name](pathlib.Path(models), pathlib.Path(work), options)
    except subprocess.CalledProcessError as error:
        sys.exit(f"failed with exit code {error.returncode}")
