"""Texts as rows of token ids, padded on the right, grouped by length; each batch shares one beginning (system prompt or none).

Told what to do (at the system level, by the user, or both), the model answers with one word; not told, it replies
with a sentence, as generators do: so that leaving a prompt out means something.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from examples import Example
from prompt import head, tail
from tokenizers import Tokenizer
from vocabulary import BLANK

SYSTEM_SHARE = 0.85  # of the batches have the system prompt; the others have the user's suffix in every row
MOST_TOKENS = 40  # of a training text; longer ones are cut, never the prompt around them
WORD_DROPOUT = 0.12
PART_SHARE = 0.2  # of the definitions with semicolons are shown as one of their parts
CLOZE_SHARE = 0.2  # of the texts have one of their own words left out, which is then the answer
COMMON = 3000  # a token met more often is a function word: no cloze asks for it


@dataclass
class Batch:
    """One word is asked (`last`, `answers`, `shares`), or a reply (`following`)."""

    prefix: torch.Tensor
    ids: torch.Tensor
    last: torch.Tensor | None = None
    answers: torch.Tensor | None = None  # [batch, most answers], filled up with 0 of share 0
    shares: torch.Tensor | None = None
    following: torch.Tensor | None = None  # [batch, sequence]: the token to come, -1 where none is asked
    pictures: torch.Tensor | None = None  # uint8 [batch, height, width, 3]; the rows begin with their tokens
    drawn: tuple[int, np.ndarray] | None = None  # which pictures they are: their side, and their numbers


def rows(texts: list[list[int]], tails: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    lengths = [len(t) + len(e) for t, e in zip(texts, tails)]
    ids = np.zeros((len(texts), max(lengths)), dtype=np.int64)
    for row, text, end, length in zip(ids, texts, tails, lengths):
        row[:length] = text + end
    return torch.from_numpy(ids), torch.tensor(lengths) - 1


def one_word(prefix: torch.Tensor, texts: list[list[int]], tails: list[list[int]], wanted: list[dict[int, float]], **more) -> Batch:
    ids, last = rows(texts, tails)
    most = max(len(w) for w in wanted)
    answers, shares = np.zeros((len(wanted), most), dtype=np.int64), np.zeros((len(wanted), most), dtype=np.float32)
    for i, row in enumerate(wanted):
        answers[i, : len(row)] = list(row)
        shares[i, : len(row)] = list(row.values())
    return Batch(prefix, ids, last, torch.from_numpy(answers), torch.from_numpy(shares), **more)


def replies(prefix: torch.Tensor, texts: list[list[int]], end: list[int], wanted: list[list[int]], **more) -> Batch:
    """Rows that end in a reply; every token of it is to be told from those before."""
    ids, _ = rows(texts, [end + reply[:-1] for reply in wanted])
    following = torch.full_like(ids, -1)
    for row, text, reply in zip(following, texts, wanted):
        at = len(text) + len(end) - 1
        row[at : at + len(reply)] = torch.tensor(reply)
    return Batch(prefix, ids, following=following, **more)


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
        self.opening, self.end, self.epochs = tokenizer.encode("the word is").ids, tokenizer.token_to_id("<|im_end|>"), 0

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
        system = bool(self.random.random() < SYSTEM_SHARE)
        tails = [self.tails[not system or bool(self.random.random() < suffix_share)] for _ in shown]
        return one_word(self.heads[system], [tokens for tokens, _ in shown], tails, [answers for _, answers in shown])

    def definitions(self) -> Iterator[list[tuple[list[int], Example]]]:
        """Every text once, in groups of about one length; then again."""
        while True:
            order, window = self.random.permutation(len(self.texts)), self.size * 32
            for start in range(0, len(order), window):
                near = sorted((self.texts[i] for i in order[start : start + window]), key=lambda t: len(t[0]))
                groups = [near[i : i + self.size] for i in range(0, len(near), self.size)]
                for i in self.random.permutation(len(groups)):
                    yield groups[i]
            self.epochs += 1

    def some_words(self) -> Batch:
        picked = self.random.choice(len(self.words), 512, replace=False)
        return self.batch([self.words[i] for i in picked], suffix_share=0.3)

    def reply(self, chosen: list[tuple[list[int], Example]]) -> Batch:
        """Nobody asked for one word: "the word is ..."."""
        wanted = []
        for _, example in chosen:
            answers = list(example.answers)
            wanted.append([*self.opening, answers[self.random.choice(len(answers), p=normal(example.answers))], self.end])
        return replies(self.heads[False], [tokens for tokens, _ in chosen], self.tails[False], wanted)


def normal(shares: dict[int, float]) -> np.ndarray:
    values = np.array(list(shares.values()))
    return values / values.sum()
