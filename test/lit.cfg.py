# How tests are found and run. RUN lines may use: tilewright-opt, compile-model, run-model, bench-model, ptx-run, FileCheck, not,
# split-file, %python, %models (the trained models; feature "models"), %conformance, %T/%t, %source, %build.
import os
import shutil
import subprocess

import lit.formats

source, build = config.tilewright_source_root, config.tilewright_build_root

config.name = "Tilewright"
config.test_source_root = os.path.join(source, "test")
config.test_exec_root = os.path.join(build, "test")
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "Unit"]
config.test_format = lit.formats.ShTest(execute_external=True)

config.environment["PATH"] = os.pathsep.join(
    [os.path.join(build, "bin"), config.llvm_bin, config.environment.get("PATH", "")])
config.environment["PYTHONPATH"] = os.path.join(source, "python")
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"

shared = os.path.join(os.path.dirname(source), "shared")
config.substitutions += [
    ("%python", config.python),
    ("%source", source),
    ("%build", build),
    ("%models", os.path.join(shared, "models")),
    ("%conformance", os.path.join(shared, "conformance")),
]
# `REQUIRES: models` skips a test where the trained models are not beside the checkout; the skip is listed.
if os.path.isdir(os.path.join(shared, "models")):
    config.available_features.add("models")
if os.path.isdir(os.path.join(shared, "conformance")):
    config.available_features.add("conformance")
if shutil.which("aarch64-linux-gnu-gcc") and shutil.which("qemu-aarch64-static"):
    config.available_features.add("aarch64-emulation")
if os.uname().machine == "x86_64" and shutil.which("qemu-x86_64-static"):
    config.available_features.add("x86-64-emulation")  # of older CPUs than this one
if os.uname().machine == "x86_64":
    with open("/proc/cpuinfo") as cpu:
        flags = next((line.split() for line in cpu if line.startswith("flags")), [])
    # %amx PROGRAM runs AMX instructions in software and says how many; all else of the program needs a CPU that has it.
    if "fma" in flags:
        config.available_features.add("amx-emulation")
    if {"avx512_bf16", "avx512_vbmi2", "avx512_vpopcntdq", "gfni"} <= set(flags):
        config.available_features.add("sapphirerapids-vectors")
    if "amx_tile" in flags:
        config.available_features.add("amx")
    config.substitutions.append(("%amx", f"env AMX_EMULATOR=count LD_PRELOAD={build}/test/Amx/libAmxEmulator.so"))
# npm's onnxruntime-node, in the project's node_modules or where NODE_PATH says.
node_folders = [os.path.join(source, "node_modules"), *filter(None, os.environ.get("NODE_PATH", "").split(os.pathsep))]
if any(os.path.isdir(os.path.join(folder, "onnxruntime-node")) for folder in node_folders):
    config.available_features.add("onnxruntime")
    config.environment["NODE_PATH"] = os.pathsep.join(node_folders)
# A tmpfs of our own, for tests of a full disk.
if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode == 0:
    config.available_features.add("mount-namespaces")
if not config.available_features & {"models", "conformance"}:
    lit_config.note("no ../shared beside the checkout: tests on trained models and conformance data are SKIPPED")
