#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exports small random models of each transformer family to ONNX, with test data computed by torch.

    export.py OUT_DIR [--only NAME ...] [--full] [--list]

writes OUT_DIR/NAME.onnx and, in the layout of ONNX's own tests, OUT_DIR/NAME/test_data_set_K/{input,output}_I.pb.
The widths are small, the graphs are not simplified: they have the ops and the shape arithmetic that the TorchScript
exporter makes of code written as in HuggingFace's library. Weights and data are seeded by the model's name. --full adds
those in real size, which benchmarks use. Needs torch (1.13 or newer with the TorchScript exporter) and onnx.
"""

import argparse
import sys
import warnings
from pathlib import Path

import torch

import bart
import bert
import decoders
import gpt2
import llama
import t5
import variants
import vit
import whisper

EXPORTS = [export for family in (bert, gpt2, vit, t5, bart, llama, whisper, decoders, variants) for export in family.EXPORTS]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out_dir", type=Path, nargs="?", metavar="OUT_DIR")
    parser.add_argument("--only", action="append", metavar="NAME", choices=[e.name for e in EXPORTS])
    parser.add_argument("--full", action="store_true", help="the models of real size too")
    parser.add_argument("--list", action="store_true", help="print the names and stop")
    options = parser.parse_args()
    chosen = [e for e in EXPORTS if (e.name in options.only if options.only else options.full or not e.full)]
    if options.list:
        print("\n".join(export.name for export in chosen))
        return 0
    if options.out_dir is None:
        parser.error("expects OUT_DIR")
    # The tracer warns of every Python condition on a shape; the test data of other sizes shows which ones matter.
    warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)
    for export in chosen:
        export.write(options.out_dir)
        print(f"{export.name}.onnx: opset {export.opset}, {len(export.sizes)} data sets", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
