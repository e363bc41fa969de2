"""Rows of token ids, padded on the right, grouped by length; each batch shares one beginning (system prompt or none)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from examples import Example
from prompt import head, tail
from tokenizers import Tokenizer
from vocabulary import BLANK

MOST_TOKENS = 40  # of a training text; longer ones are cut, never the prompt around them
WORD_DROPOUT = 0.12
PART_SHARE = 0.2  # of the definitions with semicolons are shown as one of their parts
CLOZE_SHARE = 0.2  # of the texts have one of their own words left out, which is then the answer
COMMON = 3000  # a token met more often is a function word: no cloze asks for it


@dataclass
class Batch:
    prefix: torch.Tensor
    ids: torch.Tensor
    last: torch.Tensor
    answers: torch.Tensor  # [batch, most answers], filled up with 0 of share 0
    shares: torch.Tensor


def rows(texts: list[list[int]], tails: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    lengths = [len(t) + len(e) for t, e in zip(texts, tails)]
    ids = np.zeros((len(texts), max(lengths)), dtype=np.int64)
    for row, text, end, length in zip(ids, texts, tails, lengths):
        row[:length] = text + end
    return torch.from_numpy(ids), torch.tensor(lengths) - 1


class Batches:
    def __init__(self, tokenizer: Tokenizer, examples: list[Example], size: int, seed: int):
        self.random = np.random.default_rng(seed)
        self.size = size
        self.heads = {s: torch.tensor(tokenizer.encode(head(s)).ids) for s in (True, False)}
        self.tails = {s: tokenizer.encode(tail(s)).ids for s in (True, False)}
        encoded = [e.ids[:MOST_TOKENS] for e in tokenizer.encode_batch([e.text for e in examples])]
        counts = np.bincount(np.concatenate([np.array(e, dtype=np.int64) for e in encoded]))
        answers = {a for e in examples for a in e.answers}
        self.askable = {a for a in answers if a < len(counts) and counts[a] < COMMON}
        self.blank, self.semicolon = tokenizer.token_to_id(BLANK), tokenizer.token_to_id(";")
        of_kind = lambda *kinds: [(t, e) for t, e in zip(encoded, examples) if e.kind in kinds]
        self.texts, self.words = of_kind("definition", "example"), of_kind("word")

    def part(self, tokens: list[int]) -> list[int]:
        """One of the parts between semicolons, if long enough to stand alone."""
        ends = [i for i, t in enumerate(tokens) if t == self.semicolon] + [len(tokens)]
        start = 0 if (pick := self.random.integers(len(ends))) == 0 else ends[pick - 1] + 1
        return tokens[start : ends[pick]] if ends[pick] - start >= 3 else tokens

    def varied(self, tokens: list[int], example: Example) -> tuple[list[int], dict[int, float]]:
        """The text as it is shown this time, and what answers it."""
        answers, chance = example.answers, self.random.random()
        if example.kind == "definition" and self.semicolon in tokens and self.random.random() < PART_SHARE:
            tokens = self.part(tokens)
        if chance < CLOZE_SHARE and self.blank not in tokens:
            places = [i for i, t in enumerate(tokens) if t in self.askable]
            if len(tokens) > 4 and places:
                place = places[self.random.integers(len(places))]
                answers = {tokens[place]: 1.0}
                tokens = [*tokens[:place], self.blank, *tokens[place + 1 :]]
        if len(tokens) > 4:
            kept = self.random.random(len(tokens)) >= WORD_DROPOUT * self.random.random() * 2
            tokens = [t for t, k in zip(tokens, kept) if k or t == self.blank] or tokens
        return tokens, answers

    def batch(self, chosen: list[tuple[list[int], Example]], suffix_share: float) -> Batch:
        shown = [self.varied(tokens, example) for tokens, example in chosen]
        tails = [self.tails[bool(self.random.random() < suffix_share)] for _ in shown]
        ids, last = rows([tokens for tokens, _ in shown], tails)
        most = max(len(a) for _, a in shown)
        answers, shares = np.zeros((len(shown), most), dtype=np.int64), np.zeros((len(shown), most), dtype=np.float32)
        for i, (_, wanted) in enumerate(shown):
            answers[i, : len(wanted)] = list(wanted)
            shares[i, : len(wanted)] = list(wanted.values())
        prefix = self.heads[bool(self.random.random() < 0.8)]
        return Batch(prefix, ids, last, torch.from_numpy(answers), torch.from_numpy(shares))

    def epoch(self) -> Iterator[Batch]:
        order = self.random.permutation(len(self.texts))
        window = self.size * 32
        for start in range(0, len(order), window):
            near = sorted((self.texts[i] for i in order[start : start + window]), key=lambda t: len(t[0]))
            groups = [near[i : i + self.size] for i in range(0, len(near), self.size)]
            for i in self.random.permutation(len(groups)):
                yield self.batch(groups[i], suffix_share=0.75)
                if self.random.random() < 0.35:
                    picked = self.random.choice(len(self.words), 512, replace=False)
                    yield self.batch([self.words[j] for j in picked], suffix_share=0.3)
