# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Decoders beside Llama and GPT-2: what each family does differently around the attention, one layer each.

Qwen 3 and Mistral: norms of queries and keys by heads, a sliding window. Gemma 2: soft caps of scores and logits, norms with 1 + weight
before and after each block. BLOOM: linear biases in place of positions. PaLM and GPT-J: attention and feed-forward side by side, one key
head, interleaved rotation. Mixtral and Switch: experts chosen by token. DeepSeek: keys and values from a latent vector. Whisper: a decoder
with caches of its own and of the encoder's keys. Verification: several drafted tokens with a tree mask. Pages: keys gathered by a table."""

import math

import torch
from torch import Tensor, nn

from harness import Export, draw_ids
from llama import Config, RmsNorm, RotaryEmbedding, repeat_heads, rotate

VOCABULARY, WIDTH, HEADS, HEAD = 40, 32, 4, 8
LEAST = torch.finfo(torch.float32).min


def split(x: Tensor, heads: int) -> Tensor:
    return x.view(x.shape[0], x.shape[1], heads, x.shape[2] // heads).transpose(1, 2)


def merge(x: Tensor) -> Tensor:
    return x.transpose(1, 2).reshape(x.shape[0], x.shape[2], -1)


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, cap: float = 0.0, scale: float | None = None) -> Tensor:
    scores = query @ key.transpose(-1, -2) * (scale or 1 / math.sqrt(query.shape[-1]))
    if cap:
        scores = torch.tanh(scores / cap) * cap
    if mask is not None:
        scores = scores + mask
    return merge(torch.softmax(scores.float(), -1) @ value)


def causal(rows: int, columns: int, window: int = 0) -> Tensor:
    """[rows, columns]: 0 where the last rows of a square see a column, else LEAST."""
    i, j = torch.arange(columns - rows, columns)[:, None], torch.arange(columns)[None, :]
    hidden = j > i
    if window:
        hidden = hidden | (j <= i - window)
    return torch.zeros(rows, columns).masked_fill(hidden, LEAST)


class Linears(nn.Module):
    """Projections q, k, v and o."""

    def __init__(self, heads: int = HEADS, bias: bool = False):
        super().__init__()
        self.q, self.o = (nn.Linear(WIDTH, WIDTH, bias) for _ in range(2))
        self.k, self.v = (nn.Linear(WIDTH, heads * HEAD, bias) for _ in range(2))


class Decoder(nn.Module):
    """Embedding, `forward_layer` and head; subclasses say what a layer is."""

    def __init__(self):
        super().__init__()
        self.embed, self.norm, self.head = nn.Embedding(VOCABULARY, WIDTH), RmsNorm(WIDTH), nn.Linear(WIDTH, VOCABULARY, bias=False)

    def forward(self, ids: Tensor, past_key: Tensor, past_value: Tensor):
        x, key, value = self.layer(self.embed(ids), past_key, past_value)
        return self.head(self.norm(x)), key, value


class Qwen(Decoder):
    window = 4

    def __init__(self):
        super().__init__()
        self.p, self.q_norm, self.k_norm, self.rope = Linears(2), RmsNorm(HEAD), RmsNorm(HEAD), RotaryEmbedding(HEAD)
        self.before, self.after, self.gate, self.up, self.down = RmsNorm(WIDTH), RmsNorm(WIDTH), *(
            nn.Linear(a, b, bias=False) for a, b in ((WIDTH, 48), (WIDTH, 48), (48, WIDTH)))  # fmt: skip

    def layer(self, x: Tensor, past_key: Tensor, past_value: Tensor):
        y, past = self.before(x), past_key.shape[2]
        cos, sin = self.rope((torch.arange(x.shape[1]) + past)[None])
        query, key = rotate(self.q_norm(split(self.p.q(y), HEADS)), cos, sin), rotate(self.k_norm(split(self.p.k(y), 2)), cos, sin)
        key, value = torch.cat((past_key, key), 2), torch.cat((past_value, split(self.p.v(y), 2)), 2)
        x = x + self.p.o(attend(query, repeat_heads(key, 2), repeat_heads(value, 2), causal(x.shape[1], key.shape[2], self.window)))
        y = self.after(x)
        return x + self.down(nn.functional.silu(self.gate(y)) * self.up(y)), key, value


class GemmaNorm(RmsNorm):
    def forward(self, x: Tensor) -> Tensor:
        y = x.float()
        return (y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + 1e-6) * (1.0 + self.weight.float())).type_as(x)


class Gemma(Decoder):
    def __init__(self):
        super().__init__()
        self.norm, self.p, self.rope = GemmaNorm(WIDTH), Linears(2), RotaryEmbedding(HEAD)
        self.norms = nn.ModuleList(GemmaNorm(WIDTH) for _ in range(4))
        self.gate, self.up, self.down = (nn.Linear(a, b, bias=False) for a, b in ((WIDTH, 48), (WIDTH, 48), (48, WIDTH)))

    def layer(self, x: Tensor, past_key: Tensor, past_value: Tensor):
        x = x * torch.tensor(WIDTH**0.5)
        y, past = self.norms[0](x), past_key.shape[2]
        cos, sin = self.rope((torch.arange(x.shape[1]) + past)[None])
        key, value = rotate(split(self.p.k(y), 2), cos, sin), split(self.p.v(y), 2)
        key, value = torch.cat((past_key, key), 2), torch.cat((past_value, value), 2)
        query = rotate(split(self.p.q(y), HEADS), cos, sin)
        attended = attend(query, repeat_heads(key, 2), repeat_heads(value, 2), causal(x.shape[1], key.shape[2]), cap=5.0)
        x = x + self.norms[1](self.p.o(attended))
        y = self.norms[2](x)
        return x + self.norms[3](self.down(nn.functional.gelu(self.gate(y), approximate="tanh") * self.up(y))), key, value

    def forward(self, ids: Tensor, past_key: Tensor, past_value: Tensor):
        logits, key, value = super().forward(ids, past_key, past_value)
        return torch.tanh(logits / 3.0) * 3.0, key, value


class Bloom(Decoder):
    def __init__(self):
        super().__init__()
        self.p, self.before, self.after = Linears(bias=True), nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 64), nn.Linear(64, WIDTH)

    def layer(self, x: Tensor, past_key: Tensor, past_value: Tensor):
        y = self.before(x)
        key, value = torch.cat((past_key, split(self.p.k(y), HEADS)), 2), torch.cat((past_value, split(self.p.v(y), HEADS)), 2)
        slopes = torch.pow(torch.tensor(2.0), -torch.arange(1, HEADS + 1).float() * 8 / HEADS)
        bias = slopes[:, None, None] * torch.arange(key.shape[2]).float()[None, None]
        scores = torch.baddbmm(bias.expand(x.shape[0], -1, -1, -1).reshape(-1, 1, key.shape[2]),
                               split(self.p.q(y), HEADS).reshape(-1, x.shape[1], HEAD),
                               key.reshape(-1, key.shape[2], HEAD).transpose(1, 2), beta=1.0, alpha=1 / math.sqrt(HEAD))  # fmt: skip
        scores = scores.view(x.shape[0], HEADS, x.shape[1], key.shape[2]) + causal(x.shape[1], key.shape[2])
        x = x + self.p.o(merge(torch.softmax(scores, -1) @ value))
        y = self.up(self.after(x))
        return x + self.down(y * 0.5 * (1.0 + torch.tanh(0.79788456 * y * (1 + 0.044715 * y * y)))), key, value


def rotate_pairs(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    turned = torch.stack((-x[..., 1::2], x[..., ::2]), -1).flatten(-2)
    return x * cos.repeat_interleave(2, 1) + turned * sin.repeat_interleave(2, 1)


class Palm(Decoder):
    def __init__(self):
        super().__init__()
        self.p, self.before, self.rope = Linears(1), nn.LayerNorm(WIDTH), RotaryEmbedding(HEAD)
        self.up, self.down = nn.Linear(WIDTH, 64, bias=False), nn.Linear(64, WIDTH, bias=False)

    def layer(self, x: Tensor, past_key: Tensor, past_value: Tensor):
        y, past = self.before(x), past_key.shape[2]
        angles = (torch.arange(x.shape[1]) + past).float()[:, None] * self.rope.inv_freq[None]
        query = rotate_pairs(split(self.p.q(y), HEADS), angles.cos(), angles.sin())
        key = torch.cat((past_key, rotate_pairs(split(self.p.k(y), 1), angles.cos(), angles.sin())), 2)
        value = torch.cat((past_value, split(self.p.v(y), 1)), 2)
        attended = attend(query, key, value, causal(x.shape[1], key.shape[2]))
        return x + self.p.o(attended) + self.down(nn.functional.gelu(self.up(y))), key, value


class Mixtral(Qwen):
    """Experts: the best two of four by token, weighted; computed for all tokens and masked, as exporters need it."""

    window, experts, chosen = 0, 4, 2

    def __init__(self):
        super().__init__()
        del self.gate, self.up, self.down
        self.router = nn.Linear(WIDTH, self.experts, bias=False)
        self.w1, self.w3, self.w2 = (nn.Parameter(torch.empty(self.experts, a, b)) for a, b in ((WIDTH, 24), (WIDTH, 24), (24, WIDTH)))

    def layer(self, x: Tensor, past_key: Tensor, past_value: Tensor):
        self.gate = self.up = self.down = lambda y: torch.zeros(())
        attended, key, value = super().layer(x, past_key, past_value)
        y = self.after(attended)
        probabilities = torch.softmax(self.router(y), -1)
        best, which = torch.topk(probabilities, self.chosen, -1)
        best = best / best.sum(-1, keepdim=True)
        weights = torch.zeros_like(probabilities).scatter(-1, which, best)
        hidden = nn.functional.silu(torch.einsum("bsd,edh->bseh", y, self.w1)) * torch.einsum("bsd,edh->bseh", y, self.w3)
        return attended + torch.einsum("bseh,ehd,bse->bsd", hidden, self.w2, weights), key, value


class Switch(Mixtral):
    chosen = 1


class DeepSeek(Decoder):
    """Keys and values from a cached latent vector; the value heads are narrower than the key heads, which end in a shared rotated part."""

    latent, turned, wide = 12, 4, 6

    def __init__(self):
        super().__init__()
        self.before, self.norm_latent, self.rope = RmsNorm(WIDTH), RmsNorm(self.latent), RotaryEmbedding(self.turned)
        self.q = nn.Linear(WIDTH, HEADS * (HEAD + self.turned), bias=False)
        self.down = nn.Linear(WIDTH, self.latent + self.turned, bias=False)
        self.up = nn.Linear(self.latent, HEADS * (HEAD + self.wide), bias=False)
        self.o = nn.Linear(HEADS * self.wide, WIDTH, bias=False)

    def forward(self, ids: Tensor, past_latent: Tensor, past_turned: Tensor):
        x = self.embed(ids)
        y, past = self.before(x), past_latent.shape[1]
        cos, sin = self.rope((torch.arange(x.shape[1]) + past)[None])
        plain, turned = torch.split(split(self.q(y), HEADS), [HEAD, self.turned], -1)
        latent, shared = torch.split(self.down(y), [self.latent, self.turned], -1)
        latent = torch.cat((past_latent, self.norm_latent(latent)), 1)
        shared = torch.cat((past_turned, rotate(shared[:, None], cos, sin)[:, 0]), 1)
        keys, value = torch.split(split(self.up(latent), HEADS), [HEAD, self.wide], -1)
        key = torch.cat((keys, shared[:, None].expand(-1, HEADS, -1, -1)), -1)
        query = torch.cat((plain, rotate(turned, cos, sin)), -1)
        x = x + self.o(attend(query, key, value, causal(x.shape[1], latent.shape[1])))
        return self.head(self.norm(x)), latent, shared


class Whisper(nn.Module):
    """One step with a cache of its own keys and values, and of those of the encoder, which no step changes."""

    def __init__(self):
        super().__init__()
        self.embed, self.positions = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(32, WIDTH)
        self.own, self.cross = Linears(bias=True), Linears(bias=True)
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(4))
        self.up, self.down = nn.Linear(WIDTH, 64), nn.Linear(64, WIDTH)

    def forward(self, ids: Tensor, past_key: Tensor, past_value: Tensor, cross_key: Tensor, cross_value: Tensor):
        past = past_key.shape[2]
        x = self.embed(ids) + self.positions.weight[past : past + ids.shape[1]]
        y = self.norms[0](x)
        key, value = torch.cat((past_key, split(self.own.k(y), HEADS)), 2), torch.cat((past_value, split(self.own.v(y), HEADS)), 2)
        query = split(self.own.q(y) * HEAD**-0.5, HEADS)
        x = x + self.own.o(attend(query, key, value, causal(x.shape[1], key.shape[2]), scale=1.0))
        query = split(self.cross.q(self.norms[1](x)) * HEAD**-0.5, HEADS)
        x = x + self.cross.o(attend(query, cross_key, cross_value, None, scale=1.0))
        x = x + self.down(nn.functional.gelu(self.up(self.norms[2](x))))
        return self.norms[3](x) @ self.embed.weight.t(), key, value


class Tree(nn.Module):
    """Drafted tokens against a cache: position ids and the mask say which branch of the tree a token is on."""

    def __init__(self):
        super().__init__()
        self.embed, self.p, self.rope = nn.Embedding(VOCABULARY, WIDTH), Linears(2), RotaryEmbedding(HEAD)

    def forward(self, ids: Tensor, positions: Tensor, tree: Tensor, past_key: Tensor, past_value: Tensor):
        x = self.embed(ids)
        cos, sin = self.rope(positions)
        key = torch.cat((past_key, rotate(split(self.p.k(x), 2), cos, sin)), 2)
        value = torch.cat((past_value, split(self.p.v(x), 2)), 2)
        sees = torch.cat((torch.ones(ids.shape[1], past_key.shape[2], dtype=torch.bool), tree), 1)
        mask = torch.zeros(sees.shape).masked_fill(~sees, LEAST)
        return x + self.p.o(attend(rotate(split(self.p.q(x), HEADS), cos, sin), repeat_heads(key, 2), repeat_heads(value, 2), mask)), key, value


class Paged(nn.Module):
    """Keys and values stand in pages [pages, heads, 4, head]; a table [batch, n] says which are whose, and lengths how many count."""

    def __init__(self):
        super().__init__()
        self.embed, self.p = nn.Embedding(VOCABULARY, WIDTH), Linears()

    def forward(self, ids: Tensor, keys: Tensor, values: Tensor, table: Tensor, lengths: Tensor):
        x = self.embed(ids)
        gathered = [p[table].permute(0, 2, 1, 3, 4).reshape(table.shape[0], HEADS, -1, HEAD) for p in (keys, values)]
        visible = torch.arange(gathered[0].shape[2])[None] < lengths[:, None]
        mask = torch.where(visible, 0.0, LEAST)[:, None, None]
        return x + self.p.o(attend(split(self.p.q(x), HEADS), *gathered, mask))


ROWS = {0: "batch", 1: "seq"}
STEPS = tuple({"batch": b, "seq": s, "past": p} for b, s, p in ((2, 7, 5), (1, 1, 12), (3, 5, 0)))


def decoder(name: str, build, key_heads: int, raised: str) -> Export:
    def draw(batch: int, seq: int, past: int):
        return draw_ids(VOCABULARY, batch, seq), *(torch.randn(batch, key_heads, past, HEAD) for _ in range(2))

    caches = lambda length: {0: "batch", 2: length}
    return Export(name, 17, build, {"ids": ROWS, "past_key": caches("past"), "past_value": caches("past")},
                  {"logits": ROWS, "key": caches("past + seq"), "value": caches("past + seq")}, draw, STEPS, raised=f"1 attention, {raised}")  # fmt: skip


def deepseek() -> Export:
    def draw(batch: int, seq: int, past: int):
        return draw_ids(VOCABULARY, batch, seq), torch.randn(batch, past, DeepSeek.latent), torch.randn(batch, past, DeepSeek.turned)

    return Export("deepseek", 17, DeepSeek, {"ids": ROWS, "past_latent": {0: "batch", 1: "past"}, "past_turned": {0: "batch", 1: "past"}},
                  {"logits": ROWS, "latent": {0: "batch", 1: "total"}, "turned": {0: "batch", 1: "total"}}, draw, STEPS, raised="1 attention, 0 softmax, 3 rms_norm, 2 rope")  # fmt: skip


def whisper_decoder() -> Export:
    def draw(batch: int, seq: int, past: int):
        caches = (torch.randn(batch, HEADS, n, HEAD) for n in (past, past, past + 2, past + 2))
        return draw_ids(VOCABULARY, batch, seq), *caches

    past, cross, total = ({0: "batch", 2: name} for name in ("past", "frames", "past + seq"))
    return Export("whisper-decoder", 17, Whisper, {"ids": ROWS, "past_key": past, "past_value": past, "cross_key": cross, "cross_value": cross},
                  {"logits": ROWS, "key": total, "value": total}, draw, STEPS, raised="2 attention, 0 softmax, 4 layer_norm, 1 gelu_erf")  # fmt: skip


def tree() -> Export:
    def draw(batch: int, seq: int, past: int):
        parents = torch.tensor([max(i - 1 - i % 2, 0) for i in range(seq)])
        sees = torch.eye(seq, dtype=torch.bool)
        for i in range(1, seq):
            sees[i] |= sees[parents[i]]
        positions = (sees.sum(1) - 1 + past)[None].expand(batch, -1)
        return draw_ids(VOCABULARY, batch, seq), positions.contiguous(), sees, *(torch.randn(batch, 2, past, HEAD) for _ in range(2))

    past, total = ({0: "batch", 2: name} for name in ("past", "past + seq"))
    return Export("verify-tree", 17, Tree, {"ids": ROWS, "positions": ROWS, "tree": {0: "seq", 1: "seq"}, "past_key": past, "past_value": past},
                  {"y": ROWS, "key": total, "value": total}, draw, STEPS, raised="1 attention, 0 softmax, 2 rope")  # fmt: skip


def paged() -> Export:
    def draw(batch: int, seq: int, pages: int):
        return (draw_ids(VOCABULARY, batch, seq), torch.randn(9, HEADS, 4, HEAD), torch.randn(9, HEADS, 4, HEAD),
                torch.randint(9, (batch, pages)), torch.randint(1, 4 * pages + 1, (batch,)))  # fmt: skip

    sizes = tuple({"batch": b, "seq": s, "pages": p} for b, s, p in ((2, 3, 4), (1, 1, 2)))
    return Export("paged-cache", 17, Paged, {"ids": ROWS, "keys": {0: "all"}, "values": {0: "all"}, "table": {0: "batch", 1: "pages"},
                  "lengths": {0: "batch"}}, {"y": ROWS}, draw, sizes, raised="1 attention, 0 softmax")  # fmt: skip


EXPORTS = (
    decoder("qwen", Qwen, 2, "0 softmax, 5 rms_norm, 2 rope, 1 silu"),
    decoder("gemma", Gemma, 2, "0 softmax, 5 rms_norm, 2 rope, 1 gelu_tanh"),
    decoder("bloom", Bloom, HEADS, "0 softmax, 2 layer_norm, 1 gelu_tanh"),
    decoder("palm", Palm, 1, "0 softmax, 1 layer_norm, 1 gelu_erf"),
    decoder("mixtral", Mixtral, 2, "1 softmax, 5 rms_norm, 2 rope, 1 silu"),
    decoder("switch", Switch, 2, "1 softmax, 5 rms_norm, 2 rope, 1 silu"),
    deepseek(),
    whisper_decoder(),
    tree(),
    paged(),
)
