"""What each visual token shows, as words: dense targets from which the vision tower learns to speak the decoder's words."""

import numpy as np
import torch
from scenes import COLOURS, KINDS, NUMBERS, TEXTURES, Scene, Thing
from tokenizers import Tokenizer
from torch import Tensor
from vision import MERGE, PATCH

NOTHING = "nothing"
WORDS = [*COLOURS, *KINDS, *TEXTURES, NOTHING]
CELL = PATCH * MERGE
SHARES = (0.4, 0.4, 0.2)  # colour, kind, texture
SHARPNESS = 10.0


def named_cells(scene: Scene | Thing, side: int) -> np.ndarray:
    """Shares of the words for every visual token of a picture, [tokens, words]; a crop shows its thing everywhere."""
    count = side // CELL
    wanted = np.zeros((count, count, len(WORDS)), dtype=np.float32)
    starts = np.arange(count) * CELL
    for thing in scene.things if isinstance(scene, Scene) else [scene]:
        if isinstance(scene, Scene):
            reach = [
                np.clip(np.minimum(starts + CELL, at + thing.radius) - np.maximum(starts, at - thing.radius), 0, None)
                for at in (thing.y, thing.x)
            ]
            cover = np.outer(*reach) / min(CELL**2, (2 * thing.radius) ** 2)
        else:
            cover = np.ones((count, count))
        words = [thing.colour, thing.kind, *([] if thing.kind in NUMBERS else [thing.texture])]
        for word, share in zip(words, SHARES):
            wanted[:, :, WORDS.index(word)] += share * np.where(cover > 0.12, cover, 0)
    seen = wanted.sum(-1, keepdims=True)
    wanted[:, :, -1] = seen[:, :, 0] == 0
    return (wanted / np.where(seen == 0, 1, seen)).reshape(count * count, -1)


class Naming:
    def __init__(self, tokenizer: Tokenizer, shown: dict[int, list[Scene | Thing]]):
        """`shown`: what the pictures of each side show."""
        self.ids = torch.tensor([tokenizer.token_to_id(word) for word in WORDS])
        self.wanted = {
            side: np.stack([named_cells(s, side) for s in scenes]).astype(np.float16) for side, scenes in shown.items()
        }

    def loss(self, seen: Tensor, embeddings: Tensor, side: int, picked: np.ndarray) -> Tensor:
        """`seen`: the vision tower's tokens [pictures, down, across, hidden]."""
        words = torch.nn.functional.normalize(embeddings[self.ids], dim=-1)
        logits = SHARPNESS * (seen.flatten(1, 2).float() @ words.float().T)
        wanted = torch.from_numpy(self.wanted[side][picked].astype(np.float32))
        weights = 1 - 0.7 * wanted[..., -1]
        return -((logits.log_softmax(-1) * wanted).sum(-1) * weights).sum() / weights.sum()
