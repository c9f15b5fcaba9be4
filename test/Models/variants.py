# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Encoders, vision, audio and recurrent models beside BERT, ViT and Whisper: what each family does differently, one or two layers each.

ALBERT: one layer run several times, a factorised embedding. DeBERTa: scores of contents and relative positions. Performer: attention without
scores. Perceiver: latents that read the input. Swin: shifted windows with a bias by distance. DETR: object queries and image features. CLIP:
two towers. DiT: norms modulated by a condition, patches from and to an image. Conformer: gated depthwise convolution between half steps.
wav2vec 2: convolutions over samples, grouped positions. Seq2seq: GRU with Bahdanau's attention, LSTM in both directions. Mamba: a selective scan,
unrolled by the tracer. RWKV: exponentially weighted values."""

import math

import torch
from torch import Tensor, nn

from decoders import HEADS, VOCABULARY, WIDTH, Linears, attend, merge, split
from harness import Export, draw_ids, draw_mask


class Layer(nn.Module):
    """Post-norm encoder layer; `cross` reads another sequence first."""

    def __init__(self, cross: bool = False):
        super().__init__()
        self.p, self.c = Linears(HEADS, bias=True), Linears(HEADS, bias=True) if cross else None
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(3))
        self.up, self.down = nn.Linear(WIDTH, 64), nn.Linear(64, WIDTH)

    def forward(self, x: Tensor, mask: Tensor | None = None, memory: Tensor | None = None, query_pos: Tensor | float = 0.0, memory_pos: Tensor | float = 0.0):
        y = x + query_pos
        x = self.norms[0](x + self.p.o(attend(split(self.p.q(y), HEADS), split(self.p.k(y), HEADS), split(self.p.v(x), HEADS), mask)))
        if memory is not None:
            query, key = split(self.c.q(x + query_pos), HEADS), split(self.c.k(memory + memory_pos), HEADS)
            x = self.norms[1](x + self.c.o(attend(query, key, split(self.c.v(memory), HEADS), None)))
        return self.norms[2](x + self.down(nn.functional.gelu(self.up(x))))


class Albert(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.position, self.project, self.layer = nn.Embedding(VOCABULARY, 12), nn.Embedding(32, 12), nn.Linear(12, WIDTH), Layer()

    def forward(self, ids: Tensor, mask: Tensor):
        x = self.project(self.embed(ids) + self.position(torch.arange(ids.shape[1])))
        extended = (1.0 - mask[:, None, None].float()) * torch.finfo(torch.float32).min
        for _ in range(3):
            x = self.layer(x, extended)
        return x


class Deberta(nn.Module):
    """Content to content, content to position and position to content, gathered by relative distance."""

    span = 6

    def __init__(self):
        super().__init__()
        self.embed, self.relative, self.p = nn.Embedding(VOCABULARY, WIDTH), nn.Parameter(torch.empty(2 * self.span, WIDTH)), Linears(HEADS, bias=True)

    def forward(self, ids: Tensor, mask: Tensor):
        x = self.embed(ids)
        query, key, value = (split(f(x), HEADS) for f in (self.p.q, self.p.k, self.p.v))
        scale = math.sqrt(3 * query.shape[-1])
        position = torch.arange(ids.shape[1])
        distance = torch.clamp(position[:, None] - position[None] + self.span, 0, 2 * self.span - 1)
        by_key = self.p.k(self.relative).view(-1, HEADS, 8).transpose(0, 1)
        by_query = self.p.q(self.relative).view(-1, HEADS, 8).transpose(0, 1)
        shape = (ids.shape[0], HEADS, ids.shape[1], ids.shape[1])
        scores = query @ key.transpose(-1, -2) / scale
        scores = scores + torch.gather(query @ by_key.transpose(-1, -2), -1, distance.expand(shape)) / scale
        scores = scores + torch.gather(key @ by_query.transpose(-1, -2), -1, distance.t().expand(shape)).transpose(-1, -2) / scale
        sees = mask[:, None, None].bool() & mask[:, None, :, None].bool()
        weights = torch.softmax(scores.masked_fill(~sees, torch.finfo(torch.float32).min), -1).masked_fill(~sees, 0.0)
        return self.p.o(merge(weights @ value))


class Performer(nn.Module):
    def __init__(self):
        super().__init__()
        self.p, self.norm = Linears(HEADS), nn.LayerNorm(WIDTH)

    def forward(self, x: Tensor):
        y = self.norm(x)
        query, key = (nn.functional.elu(split(f(y), HEADS)) + 1 for f in (self.p.q, self.p.k))
        value = split(self.p.v(y), HEADS)
        context = torch.einsum("bhnd,bhne->bhde", key, value)
        weight = 1 / torch.einsum("bhnd,bhd->bhn", query, key.sum(-2))
        return x + self.p.o(merge(torch.einsum("bhde,bhnd,bhn->bhne", context, query, weight)))


class Perceiver(nn.Module):
    def __init__(self):
        super().__init__()
        self.latents, self.cross, self.layer, self.norm = nn.Parameter(torch.empty(5, WIDTH)), Linears(HEADS), Layer(), nn.LayerNorm(WIDTH)

    def forward(self, x: Tensor):
        latents, y = self.latents.expand(x.shape[0], -1, -1), self.norm(x)
        read = attend(split(self.cross.q(latents), HEADS), split(self.cross.k(y), HEADS), split(self.cross.v(y), HEADS), None)
        return self.layer(latents + self.cross.o(read)).mean(1)


class Swin(nn.Module):
    """Windows of 4 x 4 on 8 x 8 patches, the second time shifted by 2; then patches merge."""

    window, side = 4, 8

    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, WIDTH, 2, 2)
        self.layers = nn.ModuleList(Linears(HEADS, bias=True) for _ in range(2))
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(2))
        self.table, self.merge_norm, self.reduce = nn.Parameter(torch.empty((2 * 4 - 1) ** 2, HEADS)), nn.LayerNorm(4 * WIDTH), nn.Linear(4 * WIDTH, 2 * WIDTH)
        grid = torch.stack(torch.meshgrid(torch.arange(4), torch.arange(4), indexing="ij")).flatten(1)
        offset = (grid[:, :, None] - grid[:, None]).permute(1, 2, 0) + 3
        self.register_buffer("index", offset[..., 0] * 7 + offset[..., 1])
        regions = torch.zeros(8, 8)
        for i, rows in enumerate((slice(0, 4), slice(4, 6), slice(6, 8))):
            for j, columns in enumerate((slice(0, 4), slice(4, 6), slice(6, 8))):
                regions[rows, columns] = 3 * i + j
        regions = regions.view(2, 4, 2, 4).permute(0, 2, 1, 3).reshape(4, 16)
        self.register_buffer("mask", torch.where(regions[:, None] == regions[:, :, None], 0.0, -100.0))

    def attend(self, x: Tensor, layer: Linears, masked: bool):
        n, w = x.shape[0], self.window
        x = x.view(n, 2, w, 2, w, WIDTH).permute(0, 1, 3, 2, 4, 5).contiguous().view(-1, w * w, WIDTH)
        query, key, value = (split(f(x), HEADS) for f in (layer.q, layer.k, layer.v))
        scores = (query * 8**-0.5) @ key.transpose(-2, -1)
        scores = scores + self.table[self.index.view(-1)].view(16, 16, -1).permute(2, 0, 1).unsqueeze(0)
        if masked:
            scores = (scores.view(n, 4, HEADS, 16, 16) + self.mask[None, :, None]).view(-1, HEADS, 16, 16)
        x = layer.o(merge(torch.softmax(scores, -1) @ value))
        return x.view(n, 2, 2, w, w, WIDTH).permute(0, 1, 3, 2, 4, 5).contiguous().view(n, 8, 8, WIDTH)

    def forward(self, image: Tensor):
        x = self.patch(image).permute(0, 2, 3, 1)
        x = x + self.attend(self.norms[0](x), self.layers[0], False)
        y = torch.roll(self.norms[1](x), (-2, -2), (1, 2))
        x = x + torch.roll(self.attend(y, self.layers[1], True), (2, 2), (1, 2))
        x = torch.cat((x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]), -1)
        return self.reduce(self.merge_norm(x.view(x.shape[0], -1, 4 * WIDTH)))


class Detr(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(3, 2, 1), nn.Conv2d(8, WIDTH, 1))
        self.queries, self.row, self.column = (nn.Parameter(torch.empty(n, w)) for n, w in ((6, WIDTH), (20, 16), (20, 16)))
        self.encoder, self.decoder = Layer(), Layer(cross=True)
        self.classes, self.boxes = nn.Linear(WIDTH, 5), nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 4))

    def forward(self, image: Tensor):
        x = self.backbone(image)
        h, w = x.shape[-2:]
        position = torch.cat((self.column[:w].unsqueeze(0).repeat(h, 1, 1), self.row[:h].unsqueeze(1).repeat(1, w, 1)), -1).flatten(0, 1)[None]
        memory = self.encoder(x.flatten(2).permute(0, 2, 1), query_pos=position)
        target = torch.zeros_like(self.queries).unsqueeze(0).repeat(x.shape[0], 1, 1)
        y = self.decoder(target, memory=memory, query_pos=self.queries[None], memory_pos=position)
        return self.classes(y), self.boxes(y).sigmoid()


class Clip(nn.Module):
    """Cosine similarities; the text's feature is that of the highest token."""

    def __init__(self):
        super().__init__()
        self.embed, self.positions, self.text = nn.Embedding(VOCABULARY, WIDTH), nn.Parameter(torch.empty(32, WIDTH)), Layer()
        self.patch, self.first, self.image = nn.Conv2d(3, WIDTH, 4, 4, bias=False), nn.Parameter(torch.empty(1, WIDTH)), Layer()
        self.text_out, self.image_out, self.temperature = nn.Linear(WIDTH, 12, bias=False), nn.Linear(WIDTH, 12, bias=False), nn.Parameter(torch.empty(1))

    def forward(self, ids: Tensor, pixels: Tensor):
        n = ids.shape[1]
        mask = torch.full((n, n), float("-inf")).triu(1)
        text = self.text(self.embed(ids) + self.positions[:n], mask)
        text = self.text_out(text[torch.arange(ids.shape[0]), ids.argmax(-1)])
        patches = self.patch(pixels).flatten(2).transpose(1, 2)
        image = self.image_out(self.image(torch.cat((self.first.expand(pixels.shape[0], -1, -1), patches), 1))[:, 0])
        text, image = text / text.norm(dim=-1, keepdim=True), image / image.norm(dim=-1, keepdim=True)
        return text @ image.t() * self.temperature.exp()


class Dit(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch, self.time, self.modulate = nn.Linear(4 * 4, WIDTH), nn.Sequential(nn.Linear(16, WIDTH), nn.SiLU(), nn.Linear(WIDTH, WIDTH)), nn.Linear(WIDTH, 6 * WIDTH)
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH, elementwise_affine=False, eps=1e-6) for _ in range(2))
        self.p, self.up, self.down, self.out = Linears(HEADS, bias=True), nn.Linear(WIDTH, 64), nn.Linear(64, WIDTH), nn.Linear(WIDTH, 16)

    def forward(self, latent: Tensor, step: Tensor):
        n, c, h, w = latent.shape
        x = self.patch(torch.einsum("nchpwq->nhwpqc", latent.reshape(n, c, h // 2, 2, w // 2, 2)).reshape(n, -1, 4 * c))
        angles = step[:, None].float() * torch.exp(-math.log(10000) * torch.arange(8).float() / 8)[None]
        condition = self.modulate(nn.functional.silu(self.time(torch.cat((angles.cos(), angles.sin()), -1))))
        shift1, scale1, gate1, shift2, scale2, gate2 = condition.chunk(6, 1)
        y = self.norms[0](x) * (1 + scale1.unsqueeze(1)) + shift1.unsqueeze(1)
        x = x + gate1.unsqueeze(1) * self.p.o(attend(split(self.p.q(y), HEADS), split(self.p.k(y), HEADS), split(self.p.v(y), HEADS), None))
        y = self.norms[1](x) * (1 + scale2.unsqueeze(1)) + shift2.unsqueeze(1)
        x = x + gate2.unsqueeze(1) * self.down(nn.functional.gelu(self.up(y), approximate="tanh"))
        return torch.einsum("nhwpqc->nchpwq", self.out(x).reshape(n, h // 2, w // 2, 2, 2, c)).reshape(n, c, h, w)


class Conformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.front = nn.Sequential(nn.Conv2d(1, 8, 3, 2), nn.ReLU(), nn.Conv2d(8, 8, 3, 2), nn.ReLU())
        self.project, self.p = nn.Linear(8 * 4, WIDTH), Linears(HEADS, bias=True)
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(4))
        self.feed = nn.ModuleList(nn.Sequential(nn.Linear(WIDTH, 64), nn.SiLU(), nn.Linear(64, WIDTH)) for _ in range(2))
        self.gate, self.depthwise, self.batch_norm, self.point = nn.Conv1d(WIDTH, 2 * WIDTH, 1), nn.Conv1d(WIDTH, WIDTH, 5, padding=2, groups=WIDTH), nn.BatchNorm1d(WIDTH), nn.Conv1d(WIDTH, WIDTH, 1)

    def forward(self, frames: Tensor):
        x = self.front(frames.unsqueeze(1))
        x = self.project(x.transpose(1, 2).flatten(2))
        x = x + 0.5 * self.feed[0](self.norms[0](x))
        y = self.norms[1](x)
        x = x + self.p.o(attend(split(self.p.q(y), HEADS), split(self.p.k(y), HEADS), split(self.p.v(y), HEADS), None))
        y = nn.functional.glu(self.gate(self.norms[2](x).transpose(1, 2)), 1)
        x = x + self.point(nn.functional.silu(self.batch_norm(self.depthwise(y)))).transpose(1, 2)
        return self.norms[3](x + 0.5 * self.feed[1](x))


class Wav2vec(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.group, self.second = nn.Conv1d(1, 8, 10, 5, bias=False), nn.GroupNorm(8, 8), nn.Conv1d(8, 8, 3, 2, bias=False)
        self.project, self.position, self.layer = nn.Linear(8, WIDTH), nn.Conv1d(WIDTH, WIDTH, 8, padding=4, groups=4), Layer()

    def forward(self, samples: Tensor):
        x = nn.functional.gelu(self.second(nn.functional.gelu(self.group(self.first(samples.unsqueeze(1))))))
        x = self.project(x.transpose(1, 2))
        return self.layer(x + nn.functional.gelu(self.position(x.transpose(1, 2))[:, :, :-1]).transpose(1, 2))


class Seq2seq(nn.Module):
    """One decoder step: LSTM encoder in both directions, additive attention, GRU cell."""

    def __init__(self):
        super().__init__()
        self.embed, self.encoder = nn.Embedding(VOCABULARY, WIDTH), nn.LSTM(WIDTH, 12, 2, batch_first=True, bidirectional=True)
        self.query, self.key, self.score, self.cell, self.out = nn.Linear(16, 10), nn.Linear(24, 10), nn.Linear(10, 1), nn.GRU(WIDTH + 24, 16), nn.Linear(16, VOCABULARY)

    def forward(self, ids: Tensor, mask: Tensor, token: Tensor, state: Tensor):
        memory, _ = self.encoder(self.embed(ids))
        scores = self.score(torch.tanh(self.query(state)[:, None] + self.key(memory)))[..., 0].masked_fill(mask == 0, -1e9)
        context = torch.softmax(scores, 1)[:, None] @ memory
        y, after = self.cell(torch.cat((self.embed(token)[:, None], context), -1).transpose(0, 1), state[None])
        return self.out(y[0]), after[0]


class Mamba(nn.Module):
    inner, state, steps = 16, 4, 7

    def __init__(self):
        super().__init__()
        self.into, self.conv, self.select = nn.Linear(WIDTH, 2 * self.inner, bias=False), nn.Conv1d(self.inner, self.inner, 4, padding=3, groups=self.inner), nn.Linear(self.inner, 2 + 2 * self.state, bias=False)
        self.delta, self.a, self.d, self.out = nn.Linear(2, self.inner), nn.Parameter(torch.empty(self.inner, self.state)), nn.Parameter(torch.empty(self.inner)), nn.Linear(self.inner, WIDTH, bias=False)

    def forward(self, x: Tensor):
        n, length, _ = x.shape
        y, gate = self.into(x).transpose(1, 2).chunk(2, 1)
        y = nn.functional.silu(self.conv(y)[..., :length])
        delta, b, c = torch.split(self.select(y.transpose(1, 2)), [2, self.state, self.state], -1)
        delta = nn.functional.softplus(self.delta(delta)).transpose(1, 2)
        keep = torch.exp(-torch.exp(self.a)[None, :, None] * delta[..., None])
        fresh = delta[..., None] * b[:, None].float() * y[..., None]
        h, outputs = torch.zeros(n, self.inner, self.state), []
        for i in range(self.steps):
            h = keep[:, :, i] * h + fresh[:, :, i]
            outputs.append(torch.matmul(h, c[:, i].unsqueeze(-1))[:, :, 0])
        y = (torch.stack(outputs, -1) + y * self.d[None, :, None]) * nn.functional.silu(gate)
        return self.out(y.transpose(1, 2))


class Rwkv(nn.Module):
    """Time mix with a state (numerator, denominator, maximum), one token."""

    def __init__(self):
        super().__init__()
        self.norm, self.p, self.mix = nn.LayerNorm(WIDTH), Linears(HEADS), nn.Parameter(torch.empty(3, WIDTH))
        self.decay, self.first = nn.Parameter(torch.empty(WIDTH)), nn.Parameter(torch.empty(WIDTH))

    def forward(self, x: Tensor, before: Tensor, top: Tensor, bottom: Tensor, most: Tensor):
        y = self.norm(x)
        k, v, r = (f(y * m + before * (1 - m)) for f, m in zip((self.p.k, self.p.v, self.p.q), self.mix))
        high = torch.maximum(most, self.first + k)
        e1, e2 = torch.exp(most - high), torch.exp(self.first + k - high)
        out = x + self.p.o(torch.sigmoid(r) * (e1 * top + e2 * v) / (e1 * bottom + e2))
        faded = most - torch.exp(self.decay)
        high = torch.maximum(faded, k)
        e1, e2 = torch.exp(faded - high), torch.exp(k - high)
        return out, y, e1 * top + e2 * v, e1 * bottom + e2, high


def sizes(names: str, *values: tuple[int, ...]):
    return tuple(dict(zip(names.split(), value)) for value in values)


ROWS, BATCH = {0: "batch", 1: "seq"}, {0: "batch"}
IMAGE = {0: "batch", 2: "height", 3: "width"}
SEQUENCES = sizes("batch seq", (2, 7), (1, 5), (3, 1))
tokens = lambda batch, seq: (draw_ids(VOCABULARY, batch, seq), draw_mask(batch, seq))
rows = lambda batch, seq: (torch.randn(batch, seq, WIDTH),)

EXPORTS = (
    Export("albert", 13, Albert, {"ids": ROWS, "mask": ROWS}, {"y": ROWS}, tokens, SEQUENCES, raised="1 attention, 1 for, 0 softmax, 2 layer_norm, 1 gelu_erf"),
    Export("deberta", 14, Deberta, {"ids": ROWS, "mask": ROWS}, {"y": ROWS}, tokens, SEQUENCES),
    Export("performer", 14, Performer, {"x": ROWS}, {"y": ROWS}, rows, SEQUENCES, raised="1 layer_norm, 0 softmax"),
    Export("perceiver", 14, Perceiver, {"x": ROWS}, {"y": BATCH}, rows, SEQUENCES, raised="2 attention, 0 softmax, 3 layer_norm, 1 gelu_erf"),
    Export("swin", 13, Swin, {"image": BATCH}, {"y": BATCH}, lambda batch: (torch.randn(batch, 3, 16, 16),), sizes("batch", (2,), (1,)), raised="3 layer_norm"),
    Export("detr", 13, Detr, {"image": IMAGE}, {"classes": BATCH, "boxes": BATCH}, lambda batch, height, width: (torch.randn(batch, 3, height, width),),
           sizes("batch height width", (2, 24, 32), (1, 17, 21)), raised="3 attention, 0 softmax, 5 layer_norm, 2 gelu_erf"),
    Export("clip", 14, Clip, {"ids": {0: "texts", 1: "seq"}, "pixels": {0: "images"}}, {"logits": {0: "texts", 1: "images"}},
           lambda texts, seq, images: (draw_ids(VOCABULARY, texts, seq), torch.randn(images, 3, 12, 12)), sizes("texts seq images", (3, 7, 2), (1, 5, 1)), raised="2 attention, 0 softmax, 4 layer_norm, 2 gelu_erf"),
    Export("dit", 14, Dit, {"latent": IMAGE, "step": BATCH}, {"y": IMAGE}, lambda batch, height, width: (torch.randn(batch, 4, height, width), torch.randint(999, (batch,))),
           sizes("batch height width", (2, 8, 12), (1, 4, 6)), raised="1 attention, 0 softmax, 2 layer_norm, 1 gelu_tanh, 2 silu"),
    Export("conformer", 14, Conformer, {"frames": ROWS}, {"y": ROWS}, lambda batch, seq: (torch.randn(batch, seq, 19),), sizes("batch seq", (2, 31), (1, 15)), raised="1 attention, 0 softmax, 4 layer_norm, 3 silu"),
    Export("wav2vec", 14, Wav2vec, {"samples": ROWS}, {"y": ROWS}, lambda batch, seq: (torch.randn(batch, seq),), sizes("batch seq", (2, 175), (1, 100)), raised="1 attention, 0 softmax, 3 layer_norm, 4 gelu_erf"),
    Export("seq2seq", 14, Seq2seq, {"ids": ROWS, "mask": ROWS, "token": BATCH, "state": BATCH}, {"logits": BATCH, "after": BATCH},
           lambda batch, seq: (*tokens(batch, seq), torch.randint(VOCABULARY, (batch,)), torch.randn(batch, 16)), SEQUENCES, raised="4 for"),
    Export("mamba", 14, Mamba, {"x": BATCH}, {"y": BATCH}, lambda batch: (torch.randn(batch, Mamba.steps, WIDTH),), sizes("batch", (2,), (1,)), raised="2 silu"),
    Export("rwkv", 14, Rwkv, dict.fromkeys(("x", "before", "top", "bottom", "most"), BATCH), dict.fromkeys(("y", "x1", "top1", "bottom1", "most1"), BATCH),
           lambda batch: (*torch.randn(3, batch, WIDTH), *torch.rand(2, batch, WIDTH)), sizes("batch", (2,), (1,))),
)  # fmt: skip
