"""Writes the demo's data set (BEIR layout: held-out definitions against words) and the hashes of all training texts."""

import argparse
import hashlib
import json
from pathlib import Path

from examples import training_texts
from split import Split, make_split, normalise
from wordnet import read_synsets, read_tag_counts

HASH_BYTES = 5
HERE = Path(__file__).parent


def write_demo(split: Split, out: Path) -> None:
    (out / "qrels").mkdir(parents=True, exist_ok=True)
    line = lambda id, text: json.dumps({"_id": id, "text": text}, ensure_ascii=False) + "\n"
    words = sorted(split.candidates)
    known = set(words) - set(split.held_out_words)
    (out / "corpus.jsonl").write_text("".join(line(w, w) for w in words), encoding="utf-8")
    (out / "queries.jsonl").write_text("".join(line(s.id, s.definition) for s in split.test), encoding="utf-8")
    judged = [f"{s.id}\t{l}\t1\n" for s in split.test for l in s.lemmas if l in known]
    (out / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(judged))


def write_hashes(split: Split, out: Path) -> None:
    """Sorted prefixes of the sha256 of every normalised training text, end to end."""
    texts = training_texts(split)
    hashes = sorted(hashlib.sha256(t.encode()).digest()[:HASH_BYTES] for t in texts)
    held_out = {hashlib.sha256(normalise(s.definition).encode()).digest()[:HASH_BYTES] for s in split.test + split.dev}
    assert not held_out & set(hashes)
    out.write_bytes(b"".join(hashes))


def main() -> None:
    flags = argparse.ArgumentParser()
    flags.add_argument("--wordnet", type=Path, required=True)
    flags.add_argument("--demo", type=Path, default=HERE.parent / "demo" / "data")
    flags.add_argument("--hashes", type=Path, default=HERE / "training-texts.sha256")
    options = flags.parse_args()
    split = make_split(read_synsets(options.wordnet), read_tag_counts(options.wordnet))
    write_demo(split, options.demo)
    write_hashes(split, options.hashes)


if __name__ == "__main__":
    main()
