"""How well a model in training sees: drawn scenes with held-out compositions, and with known ones, asked the usual questions."""

import numpy as np
import torch
from drawing import draw_scene
from prompt import head, tail
from recall import unit
from scene_tasks import asked
from scenes import SIDE, Scenes
from vision import MERGE, PATCH

SCENES = 300


def dev_pictures(model, tokenizer) -> dict[str, float]:
    """Share of right first words, by the question; and of pictures whose own caption is the nearest of all."""
    result = {}
    token = tokenizer.token_to_id
    marks = [token("<|vision_start|>"), *[token("<|image_pad|>")] * (SIDE // PATCH // MERGE) ** 2, token("<|vision_end|>")]
    prefix = torch.tensor(tokenizer.encode(head(True)).ids)

    def states(texts: list[str], pictures, suffix: bool) -> torch.Tensor:
        encoded = [e.ids + tokenizer.encode(tail(suffix, pictures is not None)).ids for e in tokenizer.encode_batch(texts)]
        if pictures is not None:
            encoded = [marks + ids for ids in encoded]
        ids = torch.zeros(len(texts), max(map(len, encoded)), dtype=torch.long)
        for row, own in zip(ids, encoded):
            row[: len(own)] = torch.tensor(own)
        with torch.no_grad():
            return model(ids, torch.tensor([len(e) - 1 for e in encoded]), prefix, None if pictures is None else model.vision(pictures))

    for split in ("training", "held-out"):
        random = np.random.default_rng(5)
        lots = Scenes(random, split)
        scenes = [lots.any() for _ in range(SCENES)]
        pictures = torch.from_numpy(np.stack([draw_scene(s, random) for s in scenes]))
        questions = [(qs := asked(s))[random.integers(len(qs))] for s in scenes]
        hidden = states([f"\n{q.text}" for q in questions], pictures, True)
        said = (hidden @ model.embed.weight.T).argmax(-1)
        right = np.array([int(s) == token(q.words[0]) for s, q in zip(said, questions)])
        subsets = {q.subset for q in questions}
        result[split] = {s: round(float(right[[q.subset == s for q in questions]].mean()), 2) for s in sorted(subsets)}
        result[split]["all"] = round(float(right.mean()), 3)
        seen = unit(states([""] * len(scenes), pictures, False).numpy())
        captions = unit(states([s.caption for s in scenes], None, False).numpy())
        nearest = (seen @ captions.T).argmax(1)
        result[split]["caption"] = round(float(np.mean([scenes[n].caption == s.caption for n, s in zip(nearest, scenes)])), 3)
    return result
