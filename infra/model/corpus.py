"""Everything that is derived from the dictionary before training: split, tokenizer, examples. Same input, same result."""

from dataclasses import dataclass
from pathlib import Path

from examples import Example, make_examples
from split import Split, make_split
from tokenizers import Tokenizer
from vocabulary import build_tokenizer
from wordnet import read_synsets, read_tag_counts


@dataclass
class Corpus:
    split: Split
    tokenizer: Tokenizer
    examples: list[Example]


def build_corpus(dictionary: Path, kin: bool = True) -> Corpus:
    split = make_split(read_synsets(dictionary), read_tag_counts(dictionary))
    texts = [s.definition for s in split.training] + [e for s in split.training for e in s.examples]
    tokenizer = build_tokenizer(split.candidates, texts)
    return Corpus(split, tokenizer, make_examples(split, tokenizer, kin))
