"""A miniature Qwen2-VL: RMSNorm, three-axis rotary positions, grouped-query attention, SwiGLU, tied embeddings, vision."""

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from vision import Vision, VisionConfig, rotate


@dataclass
class Config:
    vocab_size: int
    hidden_size: int = 256
    num_hidden_layers: int = 2
    num_attention_heads: int = 4
    num_key_value_heads: int = 2
    intermediate_size: int = 768
    rms_norm_eps: float = 1e-6
    rope_theta: float = 10000.0
    max_position_embeddings: int = 512
    mrope_section: tuple[int, ...] = (8, 12, 12)  # of the head's half: turned by time, row, column
    vision: VisionConfig = field(default_factory=VisionConfig)

    @classmethod
    def of(cls, fields: dict) -> "Config":
        """From what `asdict` made of one."""
        return cls(**{**fields, "vision": VisionConfig(**fields["vision"])})

    @property
    def head_dim(self) -> int:
        return self.hidden_size // self.num_attention_heads


def rotary(config: Config, positions: Tensor) -> tuple[Tensor, Tensor]:
    """cos and sin [sequence, head_dim] for positions [3, sequence] (time, row, column); equal rows are ordinary ones."""
    frequencies = config.rope_theta ** -(torch.arange(0, config.head_dim, 2) / config.head_dim)
    axis = torch.repeat_interleave(torch.arange(3), torch.tensor(config.mrope_section))
    angles = positions[axis].T.float() * frequencies
    return torch.cat([angles, angles], -1).cos(), torch.cat([angles, angles], -1).sin()


def text_positions(start: int, length: int) -> Tensor:
    return torch.arange(start, start + length).expand(3, -1)


def image_first_positions(start: int, down: int, across: int, length: int) -> Tensor:
    """Rows of vision_start, an image of `down` x `across` tokens, vision_end and text: [3, length]."""
    image = torch.stack(
        [
            torch.zeros(down * across, dtype=torch.long),
            torch.arange(down).repeat_interleave(across),
            torch.arange(across).repeat(down),
        ]
    )
    rest = text_positions(start + 1 + max(down, across), length - 1 - down * across)
    return torch.cat([text_positions(start, 1), image + start + 1, rest], 1)


class Norm(nn.Module):
    def __init__(self, size: int, eps: float):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(size)), eps

    def forward(self, x: Tensor) -> Tensor:
        x = x.float()
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps) * self.weight


class Block(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        size, kv = config.hidden_size, config.num_key_value_heads * config.head_dim
        self.config = config
        self.input_norm, self.post_norm = Norm(size, config.rms_norm_eps), Norm(size, config.rms_norm_eps)
        self.q, self.k, self.v = nn.Linear(size, size), nn.Linear(size, kv), nn.Linear(size, kv)
        self.o = nn.Linear(size, size, bias=False)
        self.gate = nn.Linear(size, config.intermediate_size, bias=False)
        self.up = nn.Linear(size, config.intermediate_size, bias=False)
        self.down = nn.Linear(config.intermediate_size, size, bias=False)

    def heads(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (-1, self.config.head_dim)).transpose(1, 2)

    def forward(self, x, turn, mask, past=None, last=None):
        """`past`: keys and values of a shared beginning. `last`: positions whose result alone is wanted."""
        normed = self.input_norm(x)
        keys, values = rotate(self.heads(self.k(normed)), turn), self.heads(self.v(normed))
        own = (keys, values)
        if past is not None:
            keys, values = (
                torch.cat([p.expand(len(x), -1, -1, -1).to(t.dtype), t], 2) for p, t in zip(past, own)
            )
        if last is not None:
            rows = torch.arange(len(x))
            x, normed, mask = x[rows, last][:, None], normed[rows, last][:, None], mask[last][:, None, None]
            turn = tuple(t[last][:, None, None] for t in turn)
        repeat = self.config.num_attention_heads // self.config.num_key_value_heads
        keys, values = keys.repeat_interleave(repeat, 1), values.repeat_interleave(repeat, 1)
        queries = rotate(self.heads(self.q(normed)), turn)
        # Written out: on a CPU in bfloat16 this is faster, forth and back, than scaled_dot_product_attention.
        scores = (queries @ keys.transpose(2, 3)).float() * self.config.head_dim**-0.5
        attended = scores.masked_fill(~mask, -1e9).softmax(-1) @ values
        x = x + self.o(attended.transpose(1, 2).flatten(2))
        normed = self.post_norm(x)
        return x + self.down(F.silu(self.gate(normed)) * self.up(normed)), own


class Decoder(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config.vocab_size, config.hidden_size)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.num_hidden_layers))
        self.norm = Norm(config.hidden_size, config.rms_norm_eps)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.05 if parameter is self.embed.weight else 0.04)
        for block in self.blocks:
            for linear in (block.q, block.k, block.v):
                nn.init.zeros_(linear.bias)
            for linear in (block.o, block.down):
                nn.init.normal_(linear.weight, std=0.04 / (2 * config.num_hidden_layers) ** 0.5)
        self.vision = Vision(config.vision)

    def forward(self, ids: Tensor, last: Tensor | None = None, prefix: Tensor | None = None, seen: Tensor | None = None, drop: float = 0.0):
        """Hidden states after the final norm: all of them, or at `last` alone. Padding is on the right.

        `prefix` is a beginning that all rows share; it is computed once and attended by every row. With `seen`
        ([batch, down, across, hidden], of the vision tower) every row begins with vision_start and its image's tokens.
        """
        start, pasts = 0, [None] * len(self.blocks)
        if prefix is not None:
            start = len(prefix)
            pasts = self.keys_and_values(prefix)
        length = ids.shape[1]
        x, positions = self.embed(ids), text_positions(start, length)
        x = F.dropout(x, drop, self.training)
        if seen is not None:
            down, across = seen.shape[1:3]
            x = torch.cat([x[:, :1], seen.flatten(1, 2).to(x.dtype), x[:, 1 + down * across :]], 1)
            positions = image_first_positions(start, down, across, length)
        turn = rotary(self.config, positions)
        mask = torch.ones(length, start + length, dtype=torch.bool).tril(start)
        for i, block in enumerate(self.blocks):
            final = i == len(self.blocks) - 1
            x, _ = block(x, turn, mask, pasts[i], last if final else None)
        x = self.norm(x)
        return x if last is None else x[:, 0]

    def keys_and_values(self, ids: Tensor):
        turn = rotary(self.config, text_positions(0, len(ids)))
        mask = torch.ones(len(ids), len(ids), dtype=torch.bool).tril()
        x, pasts = self.embed(ids[None]), []
        for block in self.blocks:
            x, own = block(x, turn, mask)
            pasts.append(own)
        return pasts
