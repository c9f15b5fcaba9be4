# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""GPT-2 (Radford et al., 2019) with a key and value cache, as HuggingFace writes it.

What the files show: projections as Gemm between two Reshapes (Conv1D), one merged projection that is split, a causal
mask cut out of a stored square and applied with Where, GELU by tanh written out, caches that grow with Concat. A past
of length 0 is a prompt, a sequence of length 1 with a past is one step of generation.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from harness import Export, draw_causal_mask, draw_ids, past_axes


@dataclass(frozen=True)
class Config:
    vocabulary: int = 50
    width: int = 32
    heads: int = 4
    layers: int = 2
    positions: int = 48


class Conv1D(nn.Module):
    """A linear layer whose weight is stored as [inputs, outputs]."""

    def __init__(self, outputs: int, inputs: int):
        super().__init__()
        self.outputs = outputs
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        self.bias = nn.Parameter(torch.empty(outputs))

    def forward(self, x: Tensor) -> Tensor:
        shape = x.size()[:-1] + (self.outputs,)
        return torch.addmm(self.bias, x.view(-1, x.size(-1)), self.weight).view(shape)


def gelu(x: Tensor) -> Tensor:
    return 0.5 * x * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * torch.pow(x, 3.0))))


class Attention(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.width, self.heads = config.width, config.heads
        square = torch.ones((config.positions, config.positions), dtype=torch.uint8)
        self.register_buffer("bias", torch.tril(square).view(1, 1, config.positions, config.positions))
        self.c_attn = Conv1D(3 * config.width, config.width)
        self.c_proj = Conv1D(config.width, config.width)

    def split(self, x: Tensor) -> Tensor:
        return x.view(x.size()[:-1] + (self.heads, self.width // self.heads)).permute(0, 2, 1, 3)

    def forward(self, x: Tensor, mask: Tensor, past_key: Tensor, past_value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        query, key, value = map(self.split, self.c_attn(x).split(self.width, dim=2))
        key = torch.cat((past_key, key), dim=-2)
        value = torch.cat((past_value, value), dim=-2)

        scores = torch.matmul(query, key.transpose(-1, -2))
        scores = scores / torch.full([], value.size(-1) ** 0.5, dtype=scores.dtype)
        queries, keys = query.size(-2), key.size(-2)
        causal = self.bias[:, :, keys - queries : keys, :keys].to(torch.bool)
        scores = torch.where(causal, scores, torch.full([], torch.finfo(scores.dtype).min, dtype=scores.dtype)) + mask
        context = torch.matmul(nn.functional.softmax(scores, dim=-1), value)

        context = context.permute(0, 2, 1, 3).contiguous()
        context = context.view(context.size()[:-2] + (self.width,))
        return self.c_proj(context), key, value


class Block(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.ln_1, self.attn = nn.LayerNorm(config.width), Attention(config)
        self.ln_2 = nn.LayerNorm(config.width)
        self.c_fc, self.c_proj = Conv1D(4 * config.width, config.width), Conv1D(config.width, 4 * config.width)

    def forward(self, x: Tensor, mask: Tensor, past_key: Tensor, past_value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        attended, key, value = self.attn(self.ln_1(x), mask, past_key, past_value)
        x = attended + x
        return x + self.c_proj(gelu(self.c_fc(self.ln_2(x)))), key, value


class Gpt2(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.wte = nn.Embedding(config.vocabulary, config.width)
        self.wpe = nn.Embedding(config.positions, config.width)
        self.h = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.ln_f = nn.LayerNorm(config.width)
        self.lm_head = nn.Linear(config.width, config.vocabulary, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, input_ids: Tensor, attention_mask: Tensor, *past: Tensor) -> tuple[Tensor, ...]:
        shape = input_ids.size()
        input_ids = input_ids.view(-1, shape[-1])
        past_length = past[0].size(-2)
        position_ids = torch.arange(past_length, shape[-1] + past_length, dtype=torch.long)
        position_ids = position_ids.unsqueeze(0).view(-1, shape[-1])
        mask = attention_mask.view(shape[0], -1)[:, None, None, :].to(torch.float32)
        mask = (1.0 - mask) * torch.finfo(torch.float32).min

        x = self.wte(input_ids) + self.wpe(position_ids)
        present: list[Tensor] = []
        for i, block in enumerate(self.h):
            x, key, value = block(x, mask, past[2 * i], past[2 * i + 1])
            present += [key, value]
        x = self.ln_f(x).view(shape + (x.size(-1),))
        return self.lm_head(x), *present


SIZES = tuple({"batch": b, "seq": s, "past": p} for b, s, p in ((2, 7, 5), (1, 1, 12), (1, 9, 0), (3, 1, 1), (3, 5, 0)))


def gpt2(name: str, opset: int, config: Config, sizes=SIZES, full: bool = False) -> Export:
    def draw(batch: int, seq: int, past: int) -> tuple[Tensor, ...]:
        shape = (batch, config.heads, past, config.width // config.heads)
        caches = [torch.randn(shape) for _ in range(2 * config.layers)]
        return draw_ids(config.vocabulary, batch, seq), draw_causal_mask(batch, seq, past), *caches

    ids = {0: "batch", 1: "seq"}
    return Export(
        name,
        opset,
        build=lambda: Gpt2(config),
        inputs={"input_ids": ids, "attention_mask": {0: "batch", 1: "past + seq"}}
        | past_axes("past_key_values", config.layers, "past"),
        outputs={"logits": ids} | past_axes("present", config.layers, "past + seq"),
        draw=draw,
        sizes=sizes,
        full=full,
    )


SMALL = Config(vocabulary=50257, width=768, heads=12, layers=12, positions=1024)
FULL_SIZES = tuple({"batch": 1, "seq": s, "past": p} for s, p in ((7, 5), (128, 0), (1, 128)))
EXPORTS = (
    gpt2("gpt2-opset13", 13, Config()),
    gpt2("gpt2-opset17", 17, Config()),
    gpt2("gpt2-small", 17, SMALL, FULL_SIZES, full=True),
)
