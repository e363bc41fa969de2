"""What the generator is trained on: (text, answers). Answers are single tokens, each with its share."""

import re
from dataclasses import dataclass

from split import Split, normalise, parts
from tokenizers import Tokenizer
from vocabulary import BLANK
from wordnet import Synset

LEVELS = 3
KIN_SHARE = {"hypernym": 0.12, "similar": 0.12, "derived": 0.12}


@dataclass
class Example:
    kind: str  # definition | example | word
    text: str
    answers: dict[int, float]  # token id -> share; shares sum to 1


class Answers:
    """The words that answer a synset: its lemmas; failing those its heads ("yorkshire terrier": terrier); failing those its hypernyms."""

    def __init__(self, split: Split, tokenizer: Tokenizer, kin: bool):
        self.vocabulary = {t: i for t, i in tokenizer.get_vocab().items() if re.fullmatch("[a-z]{2,}", t)}
        for word in split.held_out_words:
            self.vocabulary.pop(word, None)
        # Relations may name a held-out definition's words; its text is never shown.
        self.by_id = {s.id: s for s in [*split.training, *split.test, *split.dev]}
        self.kin = kin

    def lemmas(self, synset: Synset) -> list[int]:
        return [self.vocabulary[l] for l in synset.lemmas if l in self.vocabulary]

    def above(self, synset: Synset) -> list[int]:
        """The nearest hypernyms that a word of the vocabulary names."""
        level = [synset]
        for _ in range(LEVELS):
            level = [self.by_id[i] for s in level for i in s.kin.get("hypernym", []) if i in self.by_id]
            found = [t for s in level for t in self.lemmas(s)]
            if found:
                return found
        return []

    def of(self, synset: Synset) -> dict[int, float]:
        own = self.lemmas(synset)
        if not own and synset.id[0] == "n":
            own = [self.vocabulary[h] for l in synset.lemmas if (h := l.split(" ")[-1]) != l and h in self.vocabulary]
        related: dict[int, float] = {}
        for relation, share in KIN_SHARE.items():
            ids = [t for i in synset.kin.get(relation, []) if i in self.by_id for t in self.lemmas(self.by_id[i])]
            ids = [t for t in dict.fromkeys(ids) if t not in own][:6]
            for token in ids:
                related[token] = related.get(token, 0) + share / len(ids)
        if not own:
            own, related = self.above(synset), {}
        if not own:
            return {}
        own = list(dict.fromkeys(own))
        rest = 1 - (sum(related.values()) if self.kin else 0)
        answers = {token: rest / len(own) for token in own}
        return answers | related if self.kin else answers


def blank(example: str, lemma: str) -> str | None:
    """The example with the word's forms left out, if one is found."""
    stem = lemma[: max(3, len(lemma) - 1)] if len(lemma) > 3 else lemma
    text, count = re.subn(rf"\b{re.escape(stem)}\w{{0,4}}\b", BLANK, example, flags=re.IGNORECASE)
    return text if count else None


def make_examples(split: Split, tokenizer: Tokenizer, kin: bool) -> list[Example]:
    answers, made = Answers(split, tokenizer, kin), []
    synonyms: dict[str, list[dict[int, float]]] = {}
    for synset in split.training:
        shares = answers.of(synset)
        if not shares:
            continue
        made.append(Example("definition", synset.definition, shares))
        for lemma in synset.lemmas:
            if lemma in answers.vocabulary:
                synonyms.setdefault(lemma, []).append(shares)
        for example in synset.examples:
            for lemma in synset.lemmas:
                text = blank(example, lemma) if lemma in answers.vocabulary else None
                if text:
                    made.append(Example("example", text, {answers.vocabulary[lemma]: 1.0}))
                    break
    for word, senses in synonyms.items():
        own = answers.vocabulary[word]
        shares: dict[int, float] = {own: 0.6}
        for sense in senses:
            for token, share in sense.items():
                shares[token] = shares.get(token, 0) + 0.4 * share / len(senses)
        made.append(Example("word", word, shares))
    return made


def training_texts(split: Split) -> set[str]:
    """Every text that training may show (before words are left out of it), normalised."""
    texts = {normalise(e) for s in split.training for e in s.examples}
    return texts.union(*(parts(s.definition) for s in split.training))
