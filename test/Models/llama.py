# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Llama (Touvron et al., 2023; grouped queries as in version 2) with a key and value cache, as HuggingFace writes it.

What the files show: RMSNorm, rotary positions whose angles are computed in the graph from position_ids and applied by
rotating halves, key and value heads repeated by Expand and Reshape, a causal mask widened by the past and added to the
padding mask, SwiGLU. A past of length 0 is a prompt.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from harness import Export, draw_causal_mask, draw_ids, past_axes

LEAST = torch.finfo(torch.float32).min


@dataclass(frozen=True)
class Config:
    vocabulary: int = 50
    width: int = 48
    heads: int = 6
    key_value_heads: int = 2
    layers: int = 2
    hidden: int = 80

    @property
    def head_dim(self) -> int:
        return self.width // self.heads


class RmsNorm(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(width))

    def forward(self, x: Tensor) -> Tensor:
        dtype = x.dtype
        x = x.to(torch.float32)
        x = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5)
        return self.weight * x.to(dtype)


class RotaryEmbedding(nn.Module):
    def __init__(self, head_dim: int):
        super().__init__()
        self.register_buffer("inv_freq", 10000.0 ** (-torch.arange(0, head_dim, 2).float() / head_dim))

    def forward(self, position_ids: Tensor) -> tuple[Tensor, Tensor]:
        """[batch, seq] to cos and sin [batch, seq, head_dim]; both halves have the same angles."""
        inv_freq = self.inv_freq[None, :, None].float().expand(position_ids.shape[0], -1, 1)
        angles = (inv_freq @ position_ids[:, None, :].float()).transpose(1, 2)
        angles = torch.cat((angles, angles), dim=-1)
        return angles.cos(), angles.sin()


def rotate_half(x: Tensor) -> Tensor:
    low, high = x[..., : x.shape[-1] // 2], x[..., x.shape[-1] // 2 :]
    return torch.cat((-high, low), dim=-1)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    return x * cos.unsqueeze(1) + rotate_half(x) * sin.unsqueeze(1)


def repeat_heads(x: Tensor, times: int) -> Tensor:
    """[batch, heads, rows, head_dim] to [batch, heads * times, rows, head_dim]."""
    batch, heads, rows, head_dim = x.shape
    if times == 1:
        return x
    return x[:, :, None, :, :].expand(batch, heads, times, rows, head_dim).reshape(batch, heads * times, rows, head_dim)


def make_mask(attention_mask: Tensor, input_ids: Tensor, past: Tensor | int) -> Tensor:
    """[batch, 1, seq, past + seq]: 0, or LEAST for the future and for padding (twice LEAST is -inf)."""
    batch, rows = input_ids.shape
    columns = attention_mask.size(1)
    causal = torch.full((rows, rows), LEAST)
    position = torch.arange(causal.size(-1))
    causal = causal.masked_fill(position < (position + 1).view(causal.size(-1), 1), 0)
    causal = torch.cat((torch.zeros(rows, past), causal), dim=-1)
    causal = causal[None, None, :, :].expand(batch, 1, rows, rows + past)
    inverted = 1.0 - attention_mask[:, None, None, :].expand(batch, 1, rows, columns).to(torch.float32)
    return inverted.masked_fill(inverted.to(torch.bool), LEAST) + causal


class Attention(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.heads, self.key_value_heads, self.head_dim = config.heads, config.key_value_heads, config.head_dim
        self.q_proj = nn.Linear(config.width, config.heads * config.head_dim, bias=False)
        self.k_proj = nn.Linear(config.width, config.key_value_heads * config.head_dim, bias=False)
        self.v_proj = nn.Linear(config.width, config.key_value_heads * config.head_dim, bias=False)
        self.o_proj = nn.Linear(config.heads * config.head_dim, config.width, bias=False)

    def forward(self, x: Tensor, mask: Tensor, cos: Tensor, sin: Tensor, past_key: Tensor, past_value: Tensor):
        batch, rows, _ = x.size()
        query = self.q_proj(x).view(batch, rows, self.heads, self.head_dim).transpose(1, 2)
        key = self.k_proj(x).view(batch, rows, self.key_value_heads, self.head_dim).transpose(1, 2)
        value = self.v_proj(x).view(batch, rows, self.key_value_heads, self.head_dim).transpose(1, 2)
        query, key = rotate(query, cos, sin), rotate(key, cos, sin)
        key, value = torch.cat((past_key, key), dim=2), torch.cat((past_value, value), dim=2)

        times = self.heads // self.key_value_heads
        scores = torch.matmul(query, repeat_heads(key, times).transpose(2, 3)) / math.sqrt(self.head_dim) + mask
        weights = nn.functional.softmax(scores, dim=-1, dtype=torch.float32).to(query.dtype)
        context = torch.matmul(weights, repeat_heads(value, times)).transpose(1, 2).contiguous()
        return self.o_proj(context.reshape(batch, rows, self.heads * self.head_dim)), key, value


class Layer(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.input_layernorm, self.self_attn = RmsNorm(config.width), Attention(config)
        self.post_attention_layernorm = RmsNorm(config.width)
        self.gate_proj, self.up_proj = (nn.Linear(config.width, config.hidden, bias=False) for _ in range(2))
        self.down_proj = nn.Linear(config.hidden, config.width, bias=False)

    def forward(self, x: Tensor, *rest: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        attended, key, value = self.self_attn(self.input_layernorm(x), *rest)
        x = x + attended
        normed = self.post_attention_layernorm(x)
        return x + self.down_proj(nn.functional.silu(self.gate_proj(normed)) * self.up_proj(normed)), key, value


class Llama(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocabulary, config.width)
        self.rotary_emb = RotaryEmbedding(config.head_dim)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.norm = RmsNorm(config.width)
        self.lm_head = nn.Linear(config.width, config.vocabulary, bias=False)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, position_ids: Tensor, *past: Tensor):
        x = self.embed_tokens(input_ids)
        mask = make_mask(attention_mask, input_ids, past[0].shape[2])
        cos, sin = self.rotary_emb(position_ids)
        present: list[Tensor] = []
        for i, layer in enumerate(self.layers):
            x, key, value = layer(x, mask, cos, sin, past[2 * i], past[2 * i + 1])
            present += [key, value]
        return self.lm_head(self.norm(x)).float(), *present


SIZES = tuple({"batch": b, "seq": s, "past": p} for b, s, p in ((2, 7, 5), (1, 1, 12), (1, 9, 0), (3, 1, 1), (3, 5, 0)))


def llama(name: str, opset: int, config: Config, sizes=SIZES, full: bool = False) -> Export:
    def draw(batch: int, seq: int, past: int) -> tuple[Tensor, ...]:
        mask = draw_causal_mask(batch, seq, past)
        position_ids = (mask.cumsum(-1) - 1).clamp(min=0)[:, past:]  # padding on the left does not count
        shape = (batch, config.key_value_heads, past, config.head_dim)
        caches = [torch.randn(shape) for _ in range(2 * config.layers)]
        return draw_ids(config.vocabulary, batch, seq), mask, position_ids, *caches

    ids = {0: "batch", 1: "seq"}
    return Export(
        name,
        opset,
        build=lambda: Llama(config),
        inputs={"input_ids": ids, "attention_mask": {0: "batch", 1: "past + seq"}, "position_ids": ids}
        | past_axes("past_key_values", config.layers, "past"),
        outputs={"logits": ids} | past_axes("present", config.layers, "past + seq"),
        draw=draw,
        sizes=sizes,
        full=full,
    )


# The sizes of JackFram/llama-160m.
SMALL = Config(vocabulary=32000, width=768, heads=12, key_value_heads=12, layers=12, hidden=3072)
FULL_SIZES = tuple({"batch": 1, "seq": s, "past": p} for s, p in ((7, 5), (128, 0), (1, 128)))
EXPORTS = (
    llama("llama-opset14", 14, Config()),
    llama("llama-mha-opset17", 17, Config(key_value_heads=6)),
    llama("llama-160m", 17, SMALL, FULL_SIZES, full=True),
)
