"""Zero-shot recall of the exported model among all candidate words, beside the untrained model and TF-IDF."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from prompt import render
from recall import figures, ranks, unit
from split import Split, make_split, normalise
from tfidf import TfIdf
from tokenizers import Tokenizer
from wordnet import Synset, read_synsets, read_tag_counts

PROMPTS = {  # name -> (system prompt for every input, suffix for queries)
    "hierarchical": (True, True),
    "system": (True, False),
    "user": (False, True),
    "none": (False, False),
}


@dataclass
class Task:
    queries: list[Synset]
    positives: list[list[int]]  # places among the candidates


def tasks_of(split: Split, synsets: list[Synset], tags: dict[tuple[str, str], int]) -> dict[str, Task]:
    """(a) held-out definitions of known words; (b) every attested definition of words held out altogether."""
    place, held_out = {w: i for i, w in enumerate(split.candidates)}, set(split.held_out_words)
    known = place.keys() - held_out
    unseen = [s for s in synsets if any(l in held_out and tags.get((l, s.id), 0) > 0 for l in s.lemmas)]
    answers = lambda queries, words: [[place[l] for l in s.lemmas if l in words] for s in queries]
    return {
        "a: held-out definitions": Task(split.test, answers(split.test, known)),
        "b: held-out words": Task(unseen, answers(unseen, held_out)),
    }


def names_answer(query: Synset, positives: list[int], candidates: list[str]) -> bool:
    words = set(normalise(query.definition).split())
    return any(candidates[place] in words for place in positives)


class Embedder:
    def __init__(self, directory: Path, prompt: str):
        self.tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self.session = onnxruntime.InferenceSession(
            str(directory / "onnx" / "model.onnx"), providers=["CPUExecutionProvider"]
        )
        self.system, self.suffix = PROMPTS[prompt]

    def embed(self, texts: list[str], query: bool) -> np.ndarray:
        prompts = [render(t, query=query and self.suffix, system=self.system) for t in texts]
        encoded = [e.ids for e in self.tokenizer.encode_batch(prompts)]
        order, vectors = sorted(range(len(texts)), key=lambda i: len(encoded[i])), [None] * len(texts)
        for start in range(0, len(order), 64):
            chosen = order[start : start + 64]
            ids, mask = np.zeros((2, len(chosen), len(encoded[chosen[-1]])), dtype=np.int64)
            for row, i in enumerate(chosen):
                ids[row, : len(encoded[i])], mask[row, : len(encoded[i])] = encoded[i], 1
            hidden = self.session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
            for row, i in enumerate(chosen):
                vectors[i] = hidden[row, len(encoded[i]) - 1]
        return unit(np.stack(vectors))


def main() -> None:
    flags = argparse.ArgumentParser()
    flags.add_argument("--wordnet", type=Path, required=True)
    flags.add_argument("--model", type=Path, required=True)
    flags.add_argument("--untrained", type=Path, required=True, help="written by export.py --untrained")
    flags.add_argument("--prompt", choices=PROMPTS, default="hierarchical")
    flags.add_argument("--out", type=Path, help="a JSON file")
    options = flags.parse_args()

    synsets, tags = read_synsets(options.wordnet), read_tag_counts(options.wordnet)
    split = make_split(synsets, tags)
    tasks = tasks_of(split, synsets, tags)
    result = {"prompt": options.prompt, "candidates": len(split.candidates), "figures": {}}

    def report(method: str, name: str, scores: np.ndarray) -> None:
        task, found = tasks[name], ranks(scores, tasks[name].positives)
        hidden = [r for r, s, p in zip(found, task.queries, task.positives) if not names_answer(s, p, split.candidates)]
        for rows, part in ((found, name), (hidden, f"{name}, answer not in the text")):
            result["figures"].setdefault(part, {})[method] = figures(rows)
            print(part, "|", method, "|", figures(rows), flush=True)

    for method, directory in (("quarry-mini", options.model), ("untrained", options.untrained)):
        embedder = Embedder(directory, options.prompt)
        words = embedder.embed(split.candidates, query=False)
        for name, task in tasks.items():
            report(method, name, embedder.embed([s.definition for s in task.queries], query=True) @ words.T)
    for method, stemmed in (("tf-idf", False), ("tf-idf, stemmed", True)):
        baseline = TfIdf(synsets, split.candidates, stemmed)
        for name, task in tasks.items():
            report(method, name, np.stack([baseline.scores(s) for s in task.queries]))
    if options.out:
        options.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
