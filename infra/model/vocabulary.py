"""An uncased WordPiece tokenizer whose whole tokens are the words a definition may be answered with."""

import re
from collections import Counter

from prompt import QUERY_SUFFIX, SYSTEM
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

SPECIAL = ["<|pad|>", "<|im_start|>", "<|im_end|>", "[UNK]"]
BLANK = "~"  # stands for the word left out of an example
SIZE = 12000
PIECES = 900


def word_counts(texts: list[str]) -> Counter:
    return Counter(word for text in texts for word in re.findall("[a-z]+|[0-9]+", text.lower()))


def build_tokenizer(candidates: list[str], texts: list[str]) -> Tokenizer:
    characters = list("abcdefghijklmnopqrstuvwxyz0123456789" + "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~")
    vocabulary = dict.fromkeys(SPECIAL + characters + [f"##{c}" for c in characters[:36]])
    vocabulary |= dict.fromkeys(re.findall("[a-z]+", f"{SYSTEM}{QUERY_SUFFIX} user assistant system".lower()))
    vocabulary |= dict.fromkeys(candidates)
    counts = word_counts(texts)
    frequent = sorted(counts, key=lambda w: (-counts[w], w))
    for word in frequent:
        if len(vocabulary) >= SIZE - PIECES:
            break
        vocabulary[word] = None
    # Pieces for the rest: the endings that remain when the longest known beginning is taken off.
    endings: Counter = Counter()
    for word in frequent:
        if word not in vocabulary:
            cut = next(i for i in range(len(word), 0, -1) if word[:i] in vocabulary)
            for end in range(cut + 2, min(len(word), cut + 6) + 1):
                endings[word[cut:end]] += counts[word] * (end - cut)
    for ending in sorted(endings, key=lambda e: (-endings[e], e))[: SIZE - len(vocabulary)]:
        vocabulary[f"##{ending}"] = None

    tokenizer = Tokenizer(models.WordPiece({t: i for i, t in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    return tokenizer
