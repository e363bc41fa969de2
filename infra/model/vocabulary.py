"""A byte-level BPE tokenizer, uncased, whose whole tokens are the words that may answer.

White space is dropped where words are cut apart, so that a word has one token wherever it stands. A word of the vocabulary
is taken whole (`ignore_merges`); only other words go through the merges.
"""

import json
import re
from collections import Counter

from prompt import IMAGE_SUFFIX, SYSTEM, TEXT_SUFFIX
from scenes import COLOURS, KINDS, PLURALS, RELATIONS, SIZES, TEXTURES
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

SPECIAL = [  # Qwen2-VL's
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
]
BLANK = "~"  # stands for the word left out of an example
SIZE = 12288
PIECES = 1000
QUESTION_WORDS = (
    "find the part that shows one left right of above below a an and same in with caption for image name colour shape "
    "what is it are they how many there pattern digit small or large where"
)


def word_counts(texts: list[str]) -> Counter:
    return Counter(word for text in texts for word in re.findall("[a-z]+|[0-9]+", text.lower()))


def build_tokenizer(candidates: list[str], texts: list[str]) -> Tokenizer:
    counts = word_counts(texts)
    words = dict.fromkeys(re.findall("[a-z]+", f"{SYSTEM}{TEXT_SUFFIX}{IMAGE_SUFFIX} user assistant system".lower()))
    words |= dict.fromkeys([*COLOURS, *KINDS, *PLURALS.values(), *TEXTURES, *SIZES, *RELATIONS, *QUESTION_WORDS.split()])
    words |= dict.fromkeys(candidates)
    most = SIZE - PIECES - 256 - len(SPECIAL)
    frequent = sorted(counts, key=lambda w: (-counts[w], w))
    for word in frequent:
        if len(words) >= most:
            break
        words[word] = None
    bytes_ = sorted(pre_tokenizers.ByteLevel.alphabet())
    learner = Tokenizer(models.BPE())
    trainer = trainers.BpeTrainer(vocab_size=256 + PIECES, initial_alphabet=bytes_, show_progress=False)
    learner.train_from_iterator((w for w in frequent if w not in words for _ in range(counts[w])), trainer)
    learned = learner.get_vocab()
    pieces = sorted(learned, key=learned.get)
    vocabulary = dict.fromkeys([*SPECIAL, *bytes_, *pieces, *words])
    for word in frequent:
        if len(vocabulary) >= SIZE:
            break
        vocabulary.setdefault(word)
    ids = {t: i for i, t in enumerate(vocabulary)}
    merges = [tuple(m) for m in json.loads(learner.to_str())["model"]["merges"]]

    tokenizer = Tokenizer(models.BPE(ids, merges, ignore_merges=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex("\\s+"), "removed"),
            pre_tokenizers.Split(Regex("[\\p{L}\\p{N}]+|[^\\p{L}\\p{N}]"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    return tokenizer
