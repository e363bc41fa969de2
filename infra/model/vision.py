"""A miniature of Qwen2-VL's vision tower: patches, 2-D rotary positions, pre-norm blocks, and a merger of 2 x 2 patches."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

PATCH, MERGE, FRAMES = 14, 2, 2
MEAN, DEVIATION = np.array([0.48145466, 0.4578275, 0.40821073]), np.array([0.26862954, 0.26130258, 0.27577711])


@dataclass
class VisionConfig:
    embed_dim: int = 128
    depth: int = 3
    num_heads: int = 4
    mlp_ratio: int = 4
    hidden_size: int = 256  # the decoder's

    @property
    def head_dim(self) -> int:
        return self.embed_dim // self.num_heads


def patches_of(pictures: Tensor) -> Tensor:
    """uint8 [n, height, width, 3] to normalised patches [n, patches, 3 x 14 x 14], the four of a merged token together."""
    pixels = (pictures.float() / 255 - torch.tensor(MEAN).float()) / torch.tensor(DEVIATION).float()
    n, height, width, _ = pixels.shape
    down, across = height // (PATCH * MERGE), width // (PATCH * MERGE)
    cut = pixels.reshape(n, down, MERGE, PATCH, across, MERGE, PATCH, 3)
    return cut.permute(0, 1, 4, 2, 5, 7, 3, 6).reshape(n, down * MERGE * across * MERGE, 3 * PATCH * PATCH)


def places(down: int, across: int) -> Tensor:
    """Row and column of every patch in that order, [patches, 2]; `down` and `across` count patches."""
    rows = torch.arange(down).view(down // MERGE, 1, MERGE, 1).expand(-1, across // MERGE, -1, MERGE)
    columns = torch.arange(across).view(1, across // MERGE, 1, MERGE).expand(down // MERGE, -1, MERGE, -1)
    return torch.stack([rows.reshape(-1), columns.reshape(-1)], -1)


def turns(config: VisionConfig, where: Tensor) -> tuple[Tensor, Tensor]:
    """cos and sin, [patches, head_dim]: a quarter of the dimensions turn with the row, a quarter with the column, twice."""
    frequencies = 10000.0 ** -(torch.arange(0, config.head_dim // 2, 2) / (config.head_dim // 2))
    angles = (where[:, :, None].float() * frequencies).flatten(1)
    angles = torch.cat([angles, angles], -1)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    first, second = x.chunk(2, -1)
    return x * turn[0] + torch.cat([-second, first], -1) * turn[1]


class VisionBlock(nn.Module):
    def __init__(self, config: VisionConfig):
        super().__init__()
        size = config.embed_dim
        self.config = config
        self.norm1, self.norm2 = nn.LayerNorm(size, eps=1e-6), nn.LayerNorm(size, eps=1e-6)
        self.qkv, self.proj = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.fc1, self.fc2 = nn.Linear(size, config.mlp_ratio * size), nn.Linear(config.mlp_ratio * size, size)

    def forward(self, x: Tensor, turn) -> Tensor:
        heads = self.qkv(self.norm1(x)).unflatten(-1, (3, self.config.num_heads, -1)).permute(2, 0, 3, 1, 4)
        queries, keys, values = rotate(heads[0], turn), rotate(heads[1], turn), heads[2]
        scores = (queries @ keys.transpose(2, 3)).float() * self.config.head_dim**-0.5
        attended = scores.softmax(-1).to(values.dtype) @ values
        x = x + self.proj(attended.transpose(1, 2).flatten(2))
        inner = self.fc1(self.norm2(x))
        return x + self.fc2(inner * torch.sigmoid(1.702 * inner))


class Vision(nn.Module):
    def __init__(self, config: VisionConfig):
        super().__init__()
        self.config = config
        merged = MERGE * MERGE * config.embed_dim
        self.patch_embed = nn.Linear(3 * PATCH * PATCH, config.embed_dim, bias=False)  # over one frame; both frames are equal
        self.blocks = nn.ModuleList(VisionBlock(config) for _ in range(config.depth))
        self.merge_norm = nn.LayerNorm(config.embed_dim, eps=1e-6)
        self.merge1, self.merge2 = nn.Linear(merged, merged), nn.Linear(merged, config.hidden_size)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)
        for block in self.blocks:
            nn.init.normal_(block.proj.weight, std=0.04 / (2 * config.depth) ** 0.5)
            nn.init.normal_(block.fc2.weight, std=0.04 / (2 * config.depth) ** 0.5)

    def forward(self, pictures: Tensor) -> Tensor:
        """uint8 [n, height, width, 3], all of one size, to visual tokens [n, down, across, hidden]."""
        down, across = pictures.shape[1] // PATCH, pictures.shape[2] // PATCH
        turn = turns(self.config, places(down, across))
        x = self.patch_embed(patches_of(pictures))
        for block in self.blocks:
            x = block(x, turn)
        x = self.merge_norm(x).unflatten(1, (-1, MERGE * MERGE)).flatten(2)
        return self.merge2(F.gelu(self.merge1(x))).unflatten(1, (down // MERGE, across // MERGE))
