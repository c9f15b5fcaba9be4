# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What all exported model families share: their description, random weights and inputs, and the files written."""

import copy
import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

Axes = dict[int, str]  # dynamic axes of a tensor by position; all others are fixed
Sizes = dict[str, int]  # a value for each named axis


@dataclass(frozen=True)
class Export:
    """One ONNX file and its test data: the same module, computed in float64."""

    name: str
    opset: int
    build: Callable[[], nn.Module]
    inputs: dict[str, Axes]
    outputs: dict[str, Axes]
    draw: Callable[..., tuple[Tensor, ...]]  # (**sizes) -> the inputs, from torch's global generator
    sizes: tuple[Sizes, ...]  # of each test data set; the first is traced, so it avoids 1 and equal sizes
    full: bool = False  # as large as the published model
    raised: str = ""  # ops of the model stage, as "2 attention, 1 rope"; "0 softmax" is none

    def write(self, folder: Path) -> None:
        """Writes `folder`/NAME.onnx and `folder`/NAME/test_data_set_K/{input,output}_I.pb."""
        torch.manual_seed(zlib.crc32(self.name.encode()))
        module = self.build().eval()
        randomize(module)
        data_sets = [self.draw(**sizes) for sizes in self.sizes]
        folder.mkdir(parents=True, exist_ok=True)
        torch.onnx.export(
            module,
            data_sets[0],
            str(folder / f"{self.name}.onnx"),
            input_names=list(self.inputs),
            output_names=list(self.outputs),
            dynamic_axes={name: axes for name, axes in (self.inputs | self.outputs).items() if axes},
            opset_version=self.opset,
        )
        (folder / f"{self.name}.raised").write_text(self.raised)
        for number, inputs in enumerate(data_sets):
            outputs = compute_in_double(module, inputs)
            data_set = folder / self.name / f"test_data_set_{number}"
            data_set.mkdir(parents=True, exist_ok=True)
            write_tensors(data_set, "input", list(self.inputs), inputs)
            write_tensors(data_set, "output", list(self.outputs), outputs)


class Double(TorchFunctionMode):
    """Whatever asks for float32 gets float64."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        def widen(value):
            return torch.float64 if value is torch.float32 else value

        if function is Tensor.float:
            function = Tensor.double
        return function(*map(widen, args), **{name: widen(value) for name, value in (kwargs or {}).items()})


def compute_in_double(module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """What `module` computes from its weights without rounding errors to speak of, rounded to float32 at the end."""
    wide = [tensor.double() if tensor.is_floating_point() else tensor for tensor in inputs]
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad(), Double():
            outputs = copy.deepcopy(module).double()(*wide)
    finally:
        torch.set_default_dtype(torch.float32)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    return tuple(tensor.to(torch.float32) if tensor.is_floating_point() else tensor for tensor in outputs)


def write_tensors(folder: Path, kind: str, names: list[str], tensors: tuple[Tensor, ...]) -> None:
    assert len(names) == len(tensors), f"{len(names)} {kind} names for {len(tensors)} tensors"
    for index, (name, tensor) in enumerate(zip(names, tensors)):
        proto = numpy_helper.from_array(tensor.contiguous().numpy(), name)
        (folder / f"{kind}_{index}.pb").write_bytes(proto.SerializeToString())


def randomize(module: nn.Module) -> None:
    """Weights under which mistakes show: sharp attention, and no scale of exactly 1 or bias of exactly 0."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if parameter.dim() > 1:
                parameter.normal_(std=1.5 / math.sqrt(parameter[0].numel()))
            elif name.endswith("weight"):
                parameter.normal_(1.0, 0.1)
            else:
                parameter.normal_(0.0, 0.1)


def draw_ids(vocabulary: int, batch: int, seq: int) -> Tensor:
    return torch.randint(vocabulary, (batch, seq))


def draw_mask(batch: int, seq: int) -> Tensor:
    """[batch, seq]: 1 for tokens, then 0 for padding; the first row is whole, the others have random lengths."""
    lengths = torch.randint(1, seq + 1, (batch, 1))
    lengths[0] = seq
    return (torch.arange(seq) < lengths).long()


def draw_causal_mask(batch: int, seq: int, past: int) -> Tensor:
    """[batch, past + seq]: as `draw_mask` without a past, otherwise padded on the left as in batched generation.

    Either way every row of the causal attention sees at least one key, so that its result is defined.
    """
    if past == 0:
        return draw_mask(batch, seq)
    return torch.cat((draw_mask(batch, past).flip(1), torch.ones(batch, seq, dtype=torch.long)), dim=1)


def past_axes(kind: str, layers: int, length: str) -> dict[str, Axes]:
    """Names and axes of a key and value cache, [batch, heads, `length`, head_dim] each."""
    return {f"{kind}.{i}.{part}": {0: "batch", 2: length} for i in range(layers) for part in ("key", "value")}
