# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The encoder of Whisper (Radford et al., 2022): two one-dimensional convolutions over a spectrogram, then pre-norm layers.

What the files show: Conv of rank 3 with stride and padding, GELU by Erf behind it, a stored position table of the length of
the audio, keys without a bias.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from harness import Export


@dataclass(frozen=True)
class Config:
    bins: int = 10  # of the spectrogram
    positions: int = 12  # half the frames
    width: int = 32
    heads: int = 4
    layers: int = 2
    hidden: int = 64


class Attention(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.heads, self.head_dim = config.heads, config.width // config.heads
        self.q_proj, self.v_proj, self.out_proj = (nn.Linear(config.width, config.width) for _ in range(3))
        self.k_proj = nn.Linear(config.width, config.width, bias=False)

    def split(self, x: Tensor) -> Tensor:
        return x.view(x.shape[0], -1, self.heads, self.head_dim).transpose(1, 2)

    def forward(self, x: Tensor) -> Tensor:
        query = self.split(self.q_proj(x) * self.head_dim**-0.5)
        key, value = self.split(self.k_proj(x)), self.split(self.v_proj(x))
        weights = torch.softmax(query @ key.transpose(2, 3), dim=-1)
        return self.out_proj((weights @ value).transpose(1, 2).reshape(x.shape))


class Layer(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.self_attn = Attention(config)
        self.self_attn_layer_norm = nn.LayerNorm(config.width)
        self.fc1, self.fc2 = nn.Linear(config.width, config.hidden), nn.Linear(config.hidden, config.width)
        self.final_layer_norm = nn.LayerNorm(config.width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.self_attn(self.self_attn_layer_norm(x))
        return x + self.fc2(nn.functional.gelu(self.fc1(self.final_layer_norm(x))))


class Encoder(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.conv1 = nn.Conv1d(config.bins, config.width, kernel_size=3, padding=1)
        self.conv2 = nn.Conv1d(config.width, config.width, kernel_size=3, stride=2, padding=1)
        self.embed_positions = nn.Parameter(torch.empty(config.positions, config.width))
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.layer_norm = nn.LayerNorm(config.width)

    def forward(self, input_features: Tensor) -> Tensor:
        x = nn.functional.gelu(self.conv1(input_features))
        x = nn.functional.gelu(self.conv2(x)).permute(0, 2, 1) + self.embed_positions
        for layer in self.layers:
            x = layer(x)
        return self.layer_norm(x)


def whisper(name: str, opset: int, config: Config, batches: tuple[int, ...], full: bool = False) -> Export:
    return Export(
        name,
        opset,
        build=lambda: Encoder(config),
        inputs={"input_features": {0: "batch"}},
        outputs={"last_hidden_state": {0: "batch"}},
        draw=lambda batch: (torch.randn(batch, config.bins, 2 * config.positions),),
        sizes=tuple({"batch": batch} for batch in batches),
        full=full,
    )


TINY = Config(bins=80, positions=1500, width=384, heads=6, layers=4, hidden=1536)
EXPORTS = (
    whisper("whisper-encoder-opset17", 17, Config(), (2, 1, 3)),
    whisper("whisper-tiny-encoder", 17, TINY, (2, 1), full=True),
)
