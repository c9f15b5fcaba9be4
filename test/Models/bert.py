# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""BERT (Devlin et al., 2018) and RoBERTa (Liu et al., 2019), written as in HuggingFace's library.

What the files show: three embeddings, views to heads written with the input's sizes, an additive mask made from ones
and zeros, GELU with erf, a pooler on the first token. RoBERTa counts its positions from the ids, with CumSum.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from harness import Export, draw_ids, draw_mask


@dataclass(frozen=True)
class Config:
    vocabulary: int = 60
    width: int = 32
    heads: int = 4
    layers: int = 2
    hidden: int = 64
    positions: int = 40
    masked: float = -10000.0  # added to a score that must not count
    padding: int | None = None  # RoBERTa: the id from which positions are counted on


class Embeddings(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.padding = config.padding
        self.word_embeddings = nn.Embedding(config.vocabulary, config.width)
        self.position_embeddings = nn.Embedding(config.positions, config.width)
        self.token_type_embeddings = nn.Embedding(2, config.width)
        self.LayerNorm = nn.LayerNorm(config.width, eps=1e-12)
        self.register_buffer("position_ids", torch.arange(config.positions).expand((1, -1)))

    def positions(self, input_ids: Tensor) -> Tensor:
        if self.padding is None:
            return self.position_ids[:, : input_ids.size(1)]
        real = input_ids.ne(self.padding).int()
        return (torch.cumsum(real, dim=1).type_as(real) * real).long() + self.padding

    def forward(self, input_ids: Tensor, token_type_ids: Tensor) -> Tensor:
        x = self.word_embeddings(input_ids) + self.token_type_embeddings(token_type_ids)
        return self.LayerNorm(x + self.position_embeddings(self.positions(input_ids)))


class Attention(nn.Module):
    """Self-attention with its output projection, residual and norm."""

    def __init__(self, config: Config):
        super().__init__()
        self.heads, self.head_dim = config.heads, config.width // config.heads
        self.query, self.key, self.value, self.dense = (nn.Linear(config.width, config.width) for _ in range(4))
        self.LayerNorm = nn.LayerNorm(config.width, eps=1e-12)

    def split(self, x: Tensor) -> Tensor:
        return x.view(x.size()[:-1] + (self.heads, self.head_dim)).permute(0, 2, 1, 3)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        query, key, value = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        scores = torch.matmul(query, key.transpose(-1, -2)) / math.sqrt(self.head_dim) + mask
        context = torch.matmul(nn.functional.softmax(scores, dim=-1), value)
        context = context.permute(0, 2, 1, 3).contiguous()
        context = context.view(context.size()[:-2] + (self.heads * self.head_dim,))
        return self.LayerNorm(self.dense(context) + x)


class Layer(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.attention = Attention(config)
        self.intermediate = nn.Linear(config.width, config.hidden)
        self.output = nn.Linear(config.hidden, config.width)
        self.LayerNorm = nn.LayerNorm(config.width, eps=1e-12)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = self.attention(x, mask)
        return self.LayerNorm(self.output(nn.functional.gelu(self.intermediate(x))) + x)


class Bert(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.masked = config.masked
        self.embeddings = Embeddings(config)
        self.layer = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.pooler = nn.Linear(config.width, config.width)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> tuple[Tensor, Tensor]:
        x = self.embeddings(input_ids, token_type_ids)
        mask = (1.0 - attention_mask[:, None, None, :].to(dtype=x.dtype)) * self.masked
        for layer in self.layer:
            x = layer(x, mask)
        return x, torch.tanh(self.pooler(x[:, 0]))


SIZES = tuple({"batch": b, "seq": s} for b, s in ((2, 7), (1, 1), (1, 13), (3, 32)))


def bert(name: str, opset: int, config: Config, sizes=SIZES, full: bool = False) -> Export:
    def draw(batch: int, seq: int) -> tuple[Tensor, ...]:
        ids, mask = draw_ids(config.vocabulary, batch, seq), draw_mask(batch, seq)
        if config.padding is not None:  # the mask and the ids tell the same padding, and no real token has that id
            ids = ids.clamp(min=config.padding + 1) * mask + config.padding * (1 - mask)
        return ids, mask, torch.randint(2, (batch, seq))

    ids = {0: "batch", 1: "seq"}
    return Export(
        name,
        opset,
        build=lambda: Bert(config),
        inputs={"input_ids": ids, "attention_mask": ids, "token_type_ids": ids},
        outputs={"last_hidden_state": ids, "pooler_output": {0: "batch"}},
        draw=draw,
        sizes=sizes,
        full=full,
    )


BASE = Config(vocabulary=30522, width=768, heads=12, layers=12, hidden=3072, positions=512)
EXPORTS = (
    bert("bert-opset11", 11, Config()),
    bert("bert-opset17", 17, Config(masked=torch.finfo(torch.float32).min)),
    bert("roberta-opset14", 14, Config(padding=1)),
    # Where the overhead of a call decides.
    *(
        bert(f"bert-{width}", 17, Config(vocabulary=1000, width=width, heads=width // 32, layers=4, hidden=4 * width, positions=64), full=True)
        for width in (64, 128, 256, 384)
    ),
    bert("bert-base", 17, BASE, ({"batch": 2, "seq": 7}, {"batch": 1, "seq": 128}), full=True),
)
