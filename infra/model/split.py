"""Which words are candidates, and what is held out of training. Deterministic: every choice is ordered by a hash."""

import hashlib
import re
from collections import defaultdict
from dataclasses import dataclass, replace

from wordnet import Synset

SEED = "quarry-mini/1"
CANDIDATES = 6000
HELD_OUT_WORDS = 400
TEST_DEFINITIONS = 4000
DEV_DEFINITIONS = 400


def order(text: str) -> str:
    return hashlib.sha256(f"{SEED}\n{text}".encode()).hexdigest()


def normalise(text: str) -> str:
    """The form in which two glosses count as the same text: lower case, runs of other than a-z 0-9 are one space."""
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


def parts(definition: str) -> set[str]:
    """A definition and its `;` parts of three words or more, normalised."""
    pieces = [normalise(p) for p in definition.split(";")]
    return {normalise(definition)} | {p for p in pieces if len(p.split()) >= 3}


@dataclass
class Split:
    candidates: list[str]  # most frequent first
    held_out_words: list[str]
    test: list[Synset]  # (a): held-out definitions of known words
    dev: list[Synset]  # drawn like `test`; for choosing settings, never reported as the result
    training: list[Synset]


def make_split(synsets: list[Synset], tags: dict[tuple[str, str], int]) -> Split:
    of_word, frequency = defaultdict(list), defaultdict(int)
    for synset in synsets:
        for lemma in synset.lemmas:
            if re.fullmatch("[a-z]{2,}", lemma):
                of_word[lemma].append(synset)
                frequency[lemma] += tags.get((lemma, synset.id), 0)
    candidates = sorted(of_word, key=lambda w: (-frequency[w], order(w)))[:CANDIDATES]
    known = set(candidates)

    held_out_words = sorted(candidates[200:], key=order)[:HELD_OUT_WORDS]
    known -= set(held_out_words)
    barred = {s.id for w in held_out_words for s in of_word[w]}

    left = {w: sum(s.id not in barred for s in of_word[w]) for w in known}
    attested = [s for s in synsets if any(l in known and tags.get((l, s.id), 0) > 0 for l in s.lemmas)]
    chosen = []
    for synset in sorted(attested, key=lambda s: order(normalise(s.definition))):
        answers = [l for l in synset.lemmas if l in known]
        if len(chosen) == TEST_DEFINITIONS + DEV_DEFINITIONS:
            break
        if synset.id in barred or len(normalise(synset.definition).split()) < 3 or min(left[l] for l in answers) < 2:
            continue
        chosen.append(synset)
        for lemma in answers:
            left[lemma] -= 1

    texts = set().union(*(parts(s.definition) for s in chosen)) if chosen else set()
    gone = barred | {s.id for s in chosen}
    training = [
        replace(s, examples=[e for e in s.examples if normalise(e) not in texts])
        for s in synsets
        if s.id not in gone and not (parts(s.definition) & texts)
    ]

    # What fell out of training with a held-out text may have taken a word's last definition along.
    trained = {l for s in training for l in s.lemmas}
    seen: set[str] = set()
    held = []
    for synset in chosen:
        text = normalise(synset.definition)
        if text not in seen and all(l in trained for l in synset.lemmas if l in known):
            held.append(synset)
        seen.add(text)
    dev = held[:: len(held) // DEV_DEFINITIONS][:DEV_DEFINITIONS]
    dev_ids = {s.id for s in dev}
    return Split(candidates, held_out_words, [s for s in held if s.id not in dev_ids], dev, training)
