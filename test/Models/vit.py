# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Vision Transformer (Dosovitskiy et al., 2020), pre-norm, with a classifier on the class token.

What the files show: patches by a strided Conv, Flatten and Transpose of the grid, the class token expanded to the
batch and concatenated, a stored position table of fixed length.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from harness import Export


@dataclass(frozen=True)
class Config:
    image: int = 24
    patch: int = 8
    width: int = 32
    heads: int = 4
    layers: int = 2
    hidden: int = 64
    classes: int = 10


class Embeddings(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        patches = (config.image // config.patch) ** 2
        self.projection = nn.Conv2d(3, config.width, kernel_size=config.patch, stride=config.patch)
        self.cls_token = nn.Parameter(torch.empty(1, 1, config.width))
        self.position_embeddings = nn.Parameter(torch.empty(1, patches + 1, config.width))

    def forward(self, pixel_values: Tensor) -> Tensor:
        batch = pixel_values.shape[0]
        patches = self.projection(pixel_values).flatten(2).transpose(1, 2)
        return torch.cat((self.cls_token.expand(batch, -1, -1), patches), dim=1) + self.position_embeddings


class Attention(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.heads, self.head_dim = config.heads, config.width // config.heads
        self.query, self.key, self.value, self.dense = (nn.Linear(config.width, config.width) for _ in range(4))

    def split(self, x: Tensor) -> Tensor:
        return x.view(x.size()[:-1] + (self.heads, self.head_dim)).permute(0, 2, 1, 3)

    def forward(self, x: Tensor) -> Tensor:
        key, value, query = self.split(self.key(x)), self.split(self.value(x)), self.split(self.query(x))
        scores = torch.matmul(query, key.transpose(-1, -2)) / math.sqrt(self.head_dim)
        context = torch.matmul(nn.functional.softmax(scores, dim=-1), value).permute(0, 2, 1, 3).contiguous()
        return self.dense(context.view(context.size()[:-2] + (self.heads * self.head_dim,)))


class Layer(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.attention = Attention(config)
        self.intermediate = nn.Linear(config.width, config.hidden)
        self.output = nn.Linear(config.hidden, config.width)
        self.layernorm_before = nn.LayerNorm(config.width, eps=1e-12)
        self.layernorm_after = nn.LayerNorm(config.width, eps=1e-12)

    def forward(self, x: Tensor) -> Tensor:
        x = self.attention(self.layernorm_before(x)) + x
        return self.output(nn.functional.gelu(self.intermediate(self.layernorm_after(x)))) + x


class Vit(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.embeddings = Embeddings(config)
        self.layer = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.layernorm = nn.LayerNorm(config.width, eps=1e-12)
        self.classifier = nn.Linear(config.width, config.classes)

    def forward(self, pixel_values: Tensor) -> Tensor:
        x = self.embeddings(pixel_values)
        for layer in self.layer:
            x = layer(x)
        return self.classifier(self.layernorm(x)[:, 0, :])


def vit(name: str, opset: int, config: Config, sizes: tuple[int, ...] = (2, 1, 5), full: bool = False) -> Export:
    return Export(
        name,
        opset,
        build=lambda: Vit(config),
        inputs={"pixel_values": {0: "batch"}},
        outputs={"logits": {0: "batch"}},
        draw=lambda batch: (torch.randn(batch, 3, config.image, config.image),),
        sizes=tuple({"batch": batch} for batch in sizes),
        full=full,
    )


BASE = Config(image=224, patch=16, width=768, heads=12, layers=12, hidden=3072, classes=1000)
EXPORTS = (
    vit("vit-opset13", 13, Config()),
    vit("vit-opset17", 17, Config()),
    vit("vit-base", 17, BASE, sizes=(2, 1), full=True),
)
