# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The encoder-decoder Transformer of Vaswani et al. (2017): post-norm, sinusoidal positions, cross attention.

Attention is written with matrix products and softmax, so that the exported graph shows each step.
"""

import math

import torch
from torch import Tensor, nn

PADDING = 0  # NUL: an input token is the ASCII code of its character
INPUT_VOCABULARY = 128
HYPHEN = 10  # an output token is the digit itself or the hyphen
OUTPUT_VOCABULARY = 11
START = 11  # precedes the ten tokens of YYYY-MM-DD; only ever an input of the decoder
STEPS = 10

WIDTH, HEADS, HIDDEN, LAYERS = 96, 4, 256, 2
LONGEST_INPUT = 64


def sinusoids(rows: int, width: int) -> Tensor:
    """[rows, width]: sin and cos of row / 10000^(2i / width)."""
    angles = torch.arange(rows)[:, None] * torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
    return torch.stack((angles.sin(), angles.cos()), dim=-1).reshape(rows, width)


class Embedding(nn.Module):
    """Ids [batch, length] to vectors [batch, length, WIDTH]: sqrt(WIDTH) times the table's row, plus the position."""

    def __init__(self, vocabulary: int, longest: int):
        super().__init__()
        self.table = nn.Embedding(vocabulary, WIDTH)
        nn.init.normal_(self.table.weight, std=WIDTH**-0.5)
        self.register_buffer("positions", sinusoids(longest, WIDTH), persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        positions = nn.functional.embedding(torch.arange(ids.shape[1]), self.positions)
        return self.table(ids) * math.sqrt(WIDTH) + positions


class Attention(nn.Module):
    """Multi-head attention of `x` [batch, rows, WIDTH] to `context` [batch, columns, WIDTH].

    `hidden` is true where a row must not look; it broadcasts to [batch, HEADS, rows, columns].
    """

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(WIDTH, WIDTH) for _ in range(4))

    @staticmethod
    def split(x: Tensor) -> Tensor:
        """[batch, length, WIDTH] to [batch, HEADS, length, WIDTH / HEADS]."""
        return x.view(x.shape[0], x.shape[1], HEADS, WIDTH // HEADS).transpose(1, 2)

    def forward(self, x: Tensor, context: Tensor, hidden: Tensor) -> Tensor:
        query, key, value = self.split(self.query(x)), self.split(self.key(context)), self.split(self.value(context))
        scores = query @ key.transpose(2, 3) / math.sqrt(WIDTH // HEADS)
        weights = scores.masked_fill(hidden, float("-inf")).softmax(dim=-1)
        return self.out((weights @ value).transpose(1, 2).reshape(x.shape[0], x.shape[1], WIDTH))


def feed_forward() -> nn.Module:
    return nn.Sequential(nn.Linear(WIDTH, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, WIDTH))


class EncoderLayer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention, self.attention_norm = Attention(), nn.LayerNorm(WIDTH)
        self.feed_forward, self.feed_forward_norm = feed_forward(), nn.LayerNorm(WIDTH)

    def forward(self, x: Tensor, padding: Tensor) -> Tensor:
        x = self.attention_norm(x + self.attention(x, x, padding))
        return self.feed_forward_norm(x + self.feed_forward(x))


class DecoderLayer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention, self.attention_norm = Attention(), nn.LayerNorm(WIDTH)
        self.cross_attention, self.cross_attention_norm = Attention(), nn.LayerNorm(WIDTH)
        self.feed_forward, self.feed_forward_norm = feed_forward(), nn.LayerNorm(WIDTH)

    def forward(self, x: Tensor, future: Tensor, memory: Tensor, padding: Tensor) -> Tensor:
        x = self.attention_norm(x + self.attention(x, x, future))
        x = self.cross_attention_norm(x + self.cross_attention(x, memory, padding))
        return self.feed_forward_norm(x + self.feed_forward(x))


def is_padding(tokens: Tensor) -> Tensor:
    """[batch, length] to a mask [batch, 1, 1, length] of the columns that no row may see."""
    return (tokens == PADDING)[:, None, None, :]


class Encoder(nn.Module):
    """`tokens` [batch, length], padded with NUL, to `memory` [batch, length, WIDTH]."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = Embedding(INPUT_VOCABULARY, LONGEST_INPUT)
        self.layers = nn.ModuleList(EncoderLayer() for _ in range(LAYERS))

    def forward(self, tokens: Tensor) -> Tensor:
        x, padding = self.embedding(tokens), is_padding(tokens)
        for layer in self.layers:
            x = layer(x, padding)
        return x


class Decoder(nn.Module):
    """START and the output so far, `prefix` [batch, steps], to `logits` [batch, steps, OUTPUT_VOCABULARY].

    The logits of step t are those of output token t. `tokens` is the encoder's input: it tells what is padding.
    """

    def __init__(self) -> None:
        super().__init__()
        self.embedding = Embedding(OUTPUT_VOCABULARY + 1, STEPS)
        self.layers = nn.ModuleList(DecoderLayer() for _ in range(LAYERS))
        self.head = nn.Linear(WIDTH, OUTPUT_VOCABULARY)

    def forward(self, prefix: Tensor, memory: Tensor, tokens: Tensor) -> Tensor:
        step = torch.arange(prefix.shape[1])
        x, future, padding = self.embedding(prefix), step[None, :] > step[:, None], is_padding(tokens)
        for layer in self.layers:
            x = layer(x, future, memory, padding)
        return self.head(x)


class Transformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder()

    def forward(self, tokens: Tensor, prefix: Tensor) -> Tensor:
        return self.decoder(prefix, self.encoder(tokens), tokens)

    @torch.no_grad()
    def greedy(self, tokens: Tensor) -> Tensor:
        """[batch, length] to the likeliest output tokens [batch, STEPS], one at a time."""
        memory = self.encoder(tokens)
        prefix = torch.full((len(tokens), 1), START)
        for _ in range(STEPS):
            best = self.decoder(prefix, memory, tokens)[:, -1].argmax(dim=-1, keepdim=True)
            prefix = torch.cat((prefix, best), dim=1)
        return prefix[:, 1:]
