"""Zero-shot figures of the exported model: definitions among all candidate words, and drawn scenes by meta-task, for each prompt."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from embedder import PROMPTS, Content, Embedder
from make_scenes import META_TASK
from PIL import Image
from recall import figures, ranks
from split import Split, make_split, normalise
from tfidf import TfIdf
from wordnet import Synset, read_synsets, read_tag_counts

HERE = Path(__file__).parent


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


def text(line: str) -> Content:
    return line, None


def words_table(embedder: Embedder, split: Split, tasks: dict[str, Task]) -> dict[str, np.ndarray]:
    """Scores of every query against every candidate word, by task."""
    words = embedder.embed([text(w) for w in split.candidates], query=False)
    found = {}
    for name, task in tasks.items():
        found[name] = embedder.embed([text(s.definition) for s in task.queries], query=True) @ words.T
    return found


def scenes_table(embedder: Embedder, scenes: Path) -> dict[str, dict[str, float]]:
    """hit@1 and recall@10 of every subset among the subset's own documents, as a run of the product would find them."""
    pictures: dict[str, np.ndarray] = {}

    def content(words: str, image: str) -> Content:
        if image and image not in pictures:
            pictures[image] = np.asarray(Image.open(scenes / image).convert("RGB"))
        return words, pictures[image] if image else None

    result = {}
    for subset, meta_task in META_TASK.items():
        rows = [json.loads(line) for line in (scenes / f"{subset}.jsonl").read_text(encoding="utf-8").splitlines()]
        queries = list(dict.fromkeys((r["qry"], r["qry_image_path"]) for r in rows))
        documents = {d: i for i, d in enumerate(dict.fromkeys((r["pos_text"], r["pos_image_path"]) for r in rows))}
        positives: dict[tuple[str, str], list[int]] = {q: [] for q in queries}
        for r in rows:
            positives[r["qry"], r["qry_image_path"]].append(documents[r["pos_text"], r["pos_image_path"]])
        asked = embedder.embed([content(*q) for q in queries], query=True)
        offered = embedder.embed([content(*d) for d in documents], query=False)
        row = figures(ranks(asked @ offered.T, list(positives.values())))
        result[subset] = {
            "meta-task": meta_task,
            "queries": len(queries),
            "documents": len(documents),
            "hit@1": row["hit@1"],
            "recall@10": row["recall@10"],
            "chance hit@1": round(float(np.mean([len(p) for p in positives.values()])) / len(documents), 4),
        }
    return result


def main() -> None:
    flags = argparse.ArgumentParser()
    flags.add_argument("--wordnet", type=Path, required=True)
    flags.add_argument("--model", type=Path, required=True)
    flags.add_argument("--untrained", type=Path, required=True, help="written by export.py --untrained")
    flags.add_argument("--scenes", type=Path, default=HERE.parent / "demo" / "scenes", help="written by make_scenes.py")
    flags.add_argument("--known", type=Path, help="the same with known compositions: make_scenes.py --split training")
    flags.add_argument("--prompts", nargs="*", choices=PROMPTS, default=list(PROMPTS))
    flags.add_argument("--out", type=Path, help="a JSON file")
    options = flags.parse_args()

    synsets, tags = read_synsets(options.wordnet), read_tag_counts(options.wordnet)
    split = make_split(synsets, tags)
    tasks = tasks_of(split, synsets, tags)
    result = {"candidates": len(split.candidates), "figures": {}}

    def report(method: str, name: str, scores: np.ndarray) -> None:
        task, found = tasks[name], ranks(scores, tasks[name].positives)
        hidden = [r for r, s, p in zip(found, task.queries, task.positives) if not names_answer(s, p, split.candidates)]
        for rows, part in ((found, name), (hidden, f"{name}, answer not in the text")):
            result["figures"].setdefault(part, {})[method] = figures(rows)
            print(part, "|", method, "|", figures(rows), flush=True)

    for prompt in options.prompts:
        embedder = Embedder(options.model, prompt)
        result.setdefault("scenes", {})[prompt] = scenes_table(embedder, options.scenes)
        print(prompt, result["scenes"][prompt], flush=True)
        if prompt == "hierarchical":  # of the others the subset `definition` tells
            for name, scores in words_table(embedder, split, tasks).items():
                report("quarry-mini", name, scores)
    if options.known:
        result["scenes"]["hierarchical, known compositions"] = scenes_table(Embedder(options.model), options.known)
    untrained = Embedder(options.untrained)
    result["scenes"]["untrained"] = scenes_table(untrained, options.scenes)
    for name, scores in words_table(untrained, split, tasks).items():
        report("untrained", name, scores)
    for method, stemmed in (("tf-idf", False), ("tf-idf, stemmed", True)):
        baseline = TfIdf(synsets, split.candidates, stemmed)
        for name, task in tasks.items():
            report(method, name, np.stack([baseline.scores(s) for s in task.queries]))
    if options.out:
        options.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
