# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""T5 (Raffel et al., 2019): encoder and decoder as two files, as HuggingFace's exporter writes them.

What the files show: RMSNorm as Pow, ReduceMean, Sqrt; a learned bias per bucket of distance, where the bucket is
computed in the graph (Range, Abs, Log, Min, Where); attention without scaling; a causal mask compared from two Ranges
and times the padding; cross attention; the head's input scaled for tied embeddings.

A distance of 0 goes through Log to -inf and is then cast to an integer; Where drops that value whatever it is.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from harness import Export, draw_ids, draw_mask


@dataclass(frozen=True)
class Config:
    vocabulary: int = 50
    width: int = 32
    heads: int = 4
    head_dim: int = 12  # T5 does not tie heads * head_dim to the width
    layers: int = 2
    hidden: int = 64
    buckets: int = 32
    max_distance: int = 128
    gated: bool = False  # version 1.1 (and Flan-T5): GELU by tanh, times a second projection


class RmsNorm(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(width))

    def forward(self, x: Tensor) -> Tensor:
        variance = x.to(torch.float32).pow(2).mean(-1, keepdim=True)
        return self.weight * (x * torch.rsqrt(variance + 1e-6))


class FeedForward(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.gated = config.gated
        self.wi = nn.Linear(config.width, config.hidden, bias=False)
        self.wi_gate = nn.Linear(config.width, config.hidden, bias=False) if config.gated else None
        self.wo = nn.Linear(config.hidden, config.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.wi(x)
        if self.wi_gate is None:
            return self.wo(nn.functional.relu(hidden))
        return self.wo(gelu(hidden) * self.wi_gate(x))


def gelu(x: Tensor) -> Tensor:
    return 0.5 * x * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * torch.pow(x, 3.0))))


def bucket(relative: Tensor, bidirectional: bool, buckets: int, max_distance: int) -> Tensor:
    """Near distances have a bucket each, far ones share them on a logarithmic scale up to `max_distance`."""
    first = torch.zeros_like(relative)
    if bidirectional:
        buckets //= 2
        first = first + (relative > 0).to(torch.long) * buckets
        distance = torch.abs(relative)
    else:
        distance = -torch.min(relative, torch.zeros_like(relative))
    exact = buckets // 2
    # From 0 at `exact` to buckets - exact at `max_distance`.
    logarithmic = torch.log(distance.float() / exact) / math.log(max_distance / exact) * (buckets - exact)
    far = exact + logarithmic.to(torch.long)
    far = torch.min(far, torch.full_like(far, buckets - 1))
    return first + torch.where(distance < exact, distance, far)


class Attention(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.heads, self.head_dim = config.heads, config.head_dim
        inner = config.heads * config.head_dim
        self.q, self.k, self.v = (nn.Linear(config.width, inner, bias=False) for _ in range(3))
        self.o = nn.Linear(inner, config.width, bias=False)

    def forward(self, x: Tensor, context: Tensor, bias: Tensor) -> Tensor:
        batch = x.shape[0]

        def split(states: Tensor) -> Tensor:
            return states.view(batch, -1, self.heads, self.head_dim).transpose(1, 2)

        scores = torch.matmul(split(self.q(x)), split(self.k(context)).transpose(3, 2)) + bias
        weights = nn.functional.softmax(scores.float(), dim=-1).type_as(scores)
        attended = torch.matmul(weights, split(self.v(context))).transpose(1, 2).contiguous()
        return self.o(attended.view(batch, -1, self.heads * self.head_dim))


class Block(nn.Module):
    def __init__(self, config: Config, decoder: bool):
        super().__init__()
        self.self_attention, self.self_norm = Attention(config), RmsNorm(config.width)
        self.cross_attention = Attention(config) if decoder else None
        self.cross_norm = RmsNorm(config.width) if decoder else None
        self.feed_forward, self.feed_forward_norm = FeedForward(config), RmsNorm(config.width)

    def forward(self, x: Tensor, bias: Tensor, memory: Tensor | None, memory_bias: Tensor | None) -> Tensor:
        normed = self.self_norm(x)
        x = x + self.self_attention(normed, normed, bias)
        if self.cross_attention is not None:
            x = x + self.cross_attention(self.cross_norm(x), memory, memory_bias)
        return x + self.feed_forward(self.feed_forward_norm(x))


class Stack(nn.Module):
    """What encoder and decoder share. The first layer's position bias serves all layers."""

    def __init__(self, config: Config, decoder: bool):
        super().__init__()
        self.config, self.decoder = config, decoder
        self.embed_tokens = nn.Embedding(config.vocabulary, config.width)
        self.relative_attention_bias = nn.Embedding(config.buckets, config.heads)
        self.block = nn.ModuleList(Block(config, decoder) for _ in range(config.layers))
        self.final_layer_norm = RmsNorm(config.width)

    def position_bias(self, length: int) -> Tensor:
        """[1, heads, length, length]"""
        query = torch.arange(length, dtype=torch.long)[:, None]
        key = torch.arange(length, dtype=torch.long)[None, :]
        index = bucket(key - query, not self.decoder, self.config.buckets, self.config.max_distance)
        return self.relative_attention_bias(index).permute([2, 0, 1]).unsqueeze(0)

    @staticmethod
    def additive(mask: Tensor) -> Tensor:
        return (1.0 - mask.to(torch.float32)) * torch.finfo(torch.float32).min

    def run(self, input_ids: Tensor, mask: Tensor, memory: Tensor | None = None, memory_mask: Tensor | None = None):
        shape = input_ids.size()
        x = self.embed_tokens(input_ids.view(-1, shape[-1]))
        bias = self.position_bias(x.shape[1]) + self.additive(mask)
        memory_bias = None if memory_mask is None else self.additive(memory_mask[:, None, None, :])
        for block in self.block:
            x = block(x, bias, memory, memory_bias)
        return self.final_layer_norm(x)


class Encoder(Stack):
    def __init__(self, config: Config):
        super().__init__(config, decoder=False)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.run(input_ids, attention_mask[:, None, None, :])


class Decoder(Stack):
    def __init__(self, config: Config):
        super().__init__(config, decoder=True)
        self.lm_head = nn.Linear(config.width, config.vocabulary, bias=False)
        if not config.gated:  # version 1.1 has a head of its own
            self.lm_head.weight = self.embed_tokens.weight

    def forward(self, input_ids: Tensor, encoder_attention_mask: Tensor, encoder_hidden_states: Tensor) -> Tensor:
        batch, length = input_ids.size()
        ids = torch.arange(length)
        causal = ids[None, None, :].repeat(batch, length, 1) <= ids[None, :, None]
        mask = causal[:, None, :, :] * torch.ones(batch, length)[:, None, None, :]
        x = self.run(input_ids, mask, encoder_hidden_states, encoder_attention_mask)
        return self.lm_head(x if self.config.gated else x * self.config.width**-0.5)


ENCODER_SIZES = tuple({"batch": b, "encoder_seq": s} for b, s in ((2, 7), (1, 1), (3, 13), (1, 150)))
DECODER_SIZES = tuple(
    {"batch": b, "seq": s, "encoder_seq": e} for b, s, e in ((2, 5, 7), (1, 1, 1), (3, 9, 13), (1, 140, 3))
)


def t5(suffix: str, opset: int, config: Config, full: bool = False) -> tuple[Export, Export]:
    def draw_encoder(batch: int, encoder_seq: int) -> tuple[Tensor, ...]:
        return draw_ids(config.vocabulary, batch, encoder_seq), draw_mask(batch, encoder_seq)

    def draw_decoder(batch: int, seq: int, encoder_seq: int) -> tuple[Tensor, ...]:
        memory = torch.randn(batch, encoder_seq, config.width)
        return draw_ids(config.vocabulary, batch, seq), draw_mask(batch, encoder_seq), memory

    ids, encoder_ids = {0: "batch", 1: "seq"}, {0: "batch", 1: "encoder_seq"}
    encoder = Export(
        f"t5-encoder-{suffix}",
        opset,
        build=lambda: Encoder(config),
        inputs={"input_ids": encoder_ids, "attention_mask": encoder_ids},
        outputs={"last_hidden_state": encoder_ids},
        draw=draw_encoder,
        sizes=ENCODER_SIZES,
        full=full,
    )
    decoder = Export(
        f"t5-decoder-{suffix}",
        opset,
        build=lambda: Decoder(config),
        inputs={"input_ids": ids, "encoder_attention_mask": encoder_ids, "encoder_hidden_states": encoder_ids},
        outputs={"logits": ids},
        draw=draw_decoder,
        sizes=DECODER_SIZES,
        full=full,
    )
    return encoder, decoder


SMALL = Config(vocabulary=32128, width=512, heads=8, head_dim=64, layers=6, hidden=2048)
EXPORTS = (
    *t5("opset13", 13, Config()),
    *t5("v1.1-opset17", 17, Config(gated=True)),
    *t5("small", 17, SMALL, full=True),
)
