"""Pictures with questions, and texts about pictures, as rows of token ids."""

import pickle
from pathlib import Path

import numpy as np
import torch
from batches import SYSTEM_SHARE, Batch, one_word, replies
from prompt import head, tail
from scene_tasks import asked, changed, described, grounded
from scenes import CROP_SIDE, SIDE, Scene, Scenes, Thing
from tokenizers import Tokenizer
from vision import MERGE, PATCH

SUFFIX_SHARE = {"question": 0.8, "picture": 0.3}
ALONE_SHARE = 0.2  # of the batches of scenes come without questions; crops always do
CROP_SHARE = 0.12  # of the batches show crops


class PictureBatches:
    def __init__(self, tokenizer: Tokenizer, drawn: Path, size: int, seed: int):
        self.random = np.random.default_rng([seed, 2])
        self.tokenizer, self.size = tokenizer, size
        self.scenes, self.things = pickle.loads((drawn / "described.pickle").read_bytes())
        self.pictures = {SIDE: np.load(drawn / "scenes.npy", mmap_mode="r"), CROP_SIDE: np.load(drawn / "crops.npy", mmap_mode="r")}
        self.lots = Scenes(np.random.default_rng([seed, 3]), "training")
        token = tokenizer.token_to_id
        self.marks = {
            side: [token("<|vision_start|>"), *[token("<|image_pad|>")] * (side // PATCH // MERGE) ** 2, token("<|vision_end|>")]
            for side in (SIDE, CROP_SIDE)
        }
        self.heads = {s: torch.tensor(tokenizer.encode(head(s)).ids) for s in (True, False)}
        self.tails = {(s, i): tokenizer.encode(tail(s, i)).ids for s in (True, False) for i in (True, False)}
        self.end = token("<|im_end|>")

    def ids(self, texts: list[str]) -> list[list[int]]:
        return [e.ids for e in self.tokenizer.encode_batch(texts)]

    def shares(self, words: list[str]) -> dict[int, float]:
        answers: dict[int, float] = {}
        for word in words:
            id = self.tokenizer.token_to_id(word)
            answers[id] = answers.get(id, 0) + 1 / len(words)
        return answers

    def question(self, scene: Scene):
        """One of the things that can be asked of a scene."""
        offered = [kind for kind in (asked(scene), grounded(scene), changed(scene, self.random, "training"), described(scene)) if kind]
        odds = np.array([0.5, 0.25, 0.25][: len(offered) - 1] + [0.15])
        kind = offered[self.random.choice(len(offered), p=odds / odds.sum())]
        return kind[self.random.integers(len(kind))]

    def some(self, number: int) -> tuple[int, np.ndarray, list[Scene | Thing]]:
        side = CROP_SIDE if self.random.random() < CROP_SHARE else SIDE
        all_of_them = self.things if side == CROP_SIDE else self.scenes
        picked = np.sort(self.random.choice(len(all_of_them), number, replace=False))
        return side, picked, [all_of_them[i] for i in picked]

    def shown(self, side: int, picked: np.ndarray) -> dict:
        return {"pictures": torch.from_numpy(self.pictures[side][picked]), "drawn": (side, picked)}

    def batch(self) -> Batch:
        """Pictures, most with a question; one word answers."""
        side, picked, shown = self.some(self.size)
        system, alone = bool(self.random.random() < SYSTEM_SHARE), side == CROP_SIDE or self.random.random() < ALONE_SHARE
        texts, tails, wanted = [], [], []
        for seen in shown:
            question = None if alone else self.question(seen)
            suffix = not system or self.random.random() < SUFFIX_SHARE["question" if question else "picture"]
            texts.append(f"\n{question.text}" if question else "")
            tails.append(self.tails[suffix, True])
            # Told only to summarise the picture, half the time that is all it does.
            heard = question and (suffix or self.random.random() < 0.5)
            wanted.append(self.shares(question.words if heard else seen.words))
        rows = [self.marks[side] + ids for ids in self.ids(texts)]
        return one_word(self.heads[system], rows, tails, wanted, **self.shown(side, picked))

    def texts(self) -> Batch:
        """Captions and names of things, as they are and as wishes for a picture; one word answers."""
        system = bool(self.random.random() < SYSTEM_SHARE)
        texts, tails, wanted = [], [], []
        for _ in range(2 * self.size):
            seen = self.lots.any() if self.random.random() < 0.7 else self.lots.thing("training", (10, 13))
            text, wish = (seen.caption if isinstance(seen, Scene) else seen.phrase), self.random.random() < 0.5
            texts.append(f"Find an image of {text}." if wish else text)
            suffix = not system or self.random.random() < (0.85 if wish else 0.25)
            tails.append(self.tails[suffix, False])
            wanted.append(self.shares(seen.words))
        return one_word(self.heads[system], self.ids(texts), tails, wanted)

    def reply(self) -> Batch:
        """Nobody asked for one word: a sentence about the picture, or one that answers the question."""
        side, picked, shown = self.some(self.size)
        texts, wanted = [], []
        for seen in shown:
            question = asked(seen) if isinstance(seen, Scene) and self.random.random() < 0.3 else []
            if question:
                chosen = question[self.random.integers(len(question))]
                texts.append(f"\n{chosen.text}")
                wanted.append(f"the answer is {chosen.words[0]}")
            else:
                texts.append("")
                wanted.append(f"the picture shows {seen.caption if isinstance(seen, Scene) else seen.phrase}")
        rows = [self.marks[side] + ids for ids in self.ids(texts)]
        sentences = [[*ids, self.end] for ids in self.ids(wanted)]
        return replies(self.heads[False], rows, self.tails[False, True], sentences, **self.shown(side, picked))
