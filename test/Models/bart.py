# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""BART (Lewis et al., 2019): encoder and decoder in one file, as HuggingFace writes them (Marian, mBART alike).

What the files show: heads folded into the batch for three-dimensional products and unfolded again for the mask, scaled
queries, learned positions with an offset, norms behind the residuals and on the embeddings, masks expanded to
[batch, 1, rows, columns] and filled with the least float, a bias on the logits.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from harness import Export, draw_ids, draw_mask

LEAST = torch.finfo(torch.float32).min


@dataclass(frozen=True)
class Config:
    vocabulary: int = 50
    width: int = 32
    heads: int = 4
    layers: int = 2
    hidden: int = 64
    positions: int = 40


def expand_mask(mask: Tensor, rows: Tensor | int) -> Tensor:
    """[batch, columns] of ones and zeros to [batch, 1, rows, columns] of 0 and LEAST."""
    batch, columns = mask.size()
    inverted = 1.0 - mask[:, None, None, :].expand(batch, 1, rows, columns).to(torch.float32)
    return inverted.masked_fill(inverted.to(torch.bool), LEAST)


def causal_mask(input_ids: Tensor) -> Tensor:
    """[batch, 1, rows, rows]: LEAST above the diagonal."""
    batch, rows = input_ids.size()
    mask = torch.full((rows, rows), LEAST)
    position = torch.arange(mask.size(-1))
    mask = mask.masked_fill(position < (position + 1).view(mask.size(-1), 1), 0)
    return mask[None, None, :, :].expand(batch, 1, rows, rows)


class Positions(nn.Embedding):
    """The first two rows are reserved for padding, for historical reasons."""

    OFFSET = 2

    def __init__(self, config: Config):
        super().__init__(config.positions + self.OFFSET, config.width)

    def forward(self, input_ids: Tensor) -> Tensor:
        batch, rows = input_ids.shape[:2]
        return super().forward(torch.arange(0, rows, dtype=torch.long).expand(batch, -1) + self.OFFSET)


class Attention(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.heads, self.head_dim = config.heads, config.width // config.heads
        self.k_proj, self.v_proj, self.q_proj, self.out_proj = (
            nn.Linear(config.width, config.width) for _ in range(4)
        )

    def split(self, x: Tensor, rows: Tensor | int, batch: Tensor | int) -> Tensor:
        return x.view(batch, rows, self.heads, self.head_dim).transpose(1, 2).contiguous()

    def forward(self, x: Tensor, context: Tensor, mask: Tensor) -> Tensor:
        batch, rows, width = x.size()
        folded = (batch * self.heads, -1, self.head_dim)
        query = self.split(self.q_proj(x) * self.head_dim**-0.5, rows, batch).view(*folded)
        key = self.split(self.k_proj(context), -1, batch).view(*folded)
        value = self.split(self.v_proj(context), -1, batch).view(*folded)

        columns = key.size(1)
        scores = torch.bmm(query, key.transpose(1, 2))
        scores = scores.view(batch, self.heads, rows, columns) + mask
        weights = nn.functional.softmax(scores.view(batch * self.heads, rows, columns), dim=-1)
        attended = torch.bmm(weights, value).view(batch, self.heads, rows, self.head_dim).transpose(1, 2)
        return self.out_proj(attended.reshape(batch, rows, width))


class Layer(nn.Module):
    def __init__(self, config: Config, decoder: bool):
        super().__init__()
        self.self_attn, self.self_attn_layer_norm = Attention(config), nn.LayerNorm(config.width)
        self.encoder_attn = Attention(config) if decoder else None
        self.encoder_attn_layer_norm = nn.LayerNorm(config.width) if decoder else None
        self.fc1, self.fc2 = nn.Linear(config.width, config.hidden), nn.Linear(config.hidden, config.width)
        self.final_layer_norm = nn.LayerNorm(config.width)

    def forward(self, x: Tensor, mask: Tensor, memory: Tensor | None = None, memory_mask: Tensor | None = None):
        x = self.self_attn_layer_norm(x + self.self_attn(x, x, mask))
        if self.encoder_attn is not None:
            x = self.encoder_attn_layer_norm(x + self.encoder_attn(x, memory, memory_mask))
        return self.final_layer_norm(x + self.fc2(nn.functional.gelu(self.fc1(x))))


class Stack(nn.Module):
    def __init__(self, config: Config, embed_tokens: nn.Embedding, decoder: bool):
        super().__init__()
        self.scale = math.sqrt(config.width)
        self.embed_tokens, self.embed_positions = embed_tokens, Positions(config)
        self.layernorm_embedding = nn.LayerNorm(config.width)
        self.layers = nn.ModuleList(Layer(config, decoder) for _ in range(config.layers))

    def forward(self, input_ids: Tensor, mask: Tensor, *memory: Tensor) -> Tensor:
        x = self.embed_tokens(input_ids.view(-1, input_ids.shape[-1])) * self.scale
        x = self.layernorm_embedding(x + self.embed_positions(input_ids))
        for layer in self.layers:
            x = layer(x, mask, *memory)
        return x


class Bart(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.shared = nn.Embedding(config.vocabulary, config.width)
        self.encoder, self.decoder = Stack(config, self.shared, False), Stack(config, self.shared, True)
        self.lm_head = nn.Linear(config.width, config.vocabulary, bias=False)
        self.lm_head.weight = self.shared.weight
        self.register_buffer("final_logits_bias", torch.linspace(-0.5, 0.5, config.vocabulary)[None, :])

    def forward(self, input_ids: Tensor, attention_mask: Tensor, decoder_input_ids: Tensor) -> Tensor:
        memory = self.encoder(input_ids, expand_mask(attention_mask, input_ids.shape[-1]))
        memory_mask = expand_mask(attention_mask, decoder_input_ids.shape[-1])
        x = self.decoder(decoder_input_ids, causal_mask(decoder_input_ids), memory, memory_mask)
        return self.lm_head(x) + self.final_logits_bias


SIZES = tuple({"batch": b, "encoder_seq": e, "seq": s} for b, e, s in ((2, 7, 5), (1, 1, 1), (1, 13, 9), (3, 11, 1)))


def bart(name: str, opset: int, config: Config) -> Export:
    def draw(batch: int, encoder_seq: int, seq: int) -> tuple[Tensor, ...]:
        ids = draw_ids(config.vocabulary, batch, encoder_seq)
        return ids, draw_mask(batch, encoder_seq), draw_ids(config.vocabulary, batch, seq)

    ids, encoder_ids = {0: "batch", 1: "seq"}, {0: "batch", 1: "encoder_seq"}
    return Export(
        name,
        opset,
        build=lambda: Bart(config),
        inputs={"input_ids": encoder_ids, "attention_mask": encoder_ids, "decoder_input_ids": ids},
        outputs={"logits": ids},
        draw=draw,
        sizes=SIZES,
    )


EXPORTS = (bart("bart-opset14", 14, Config()), bart("bart-opset17", 17, Config()))
