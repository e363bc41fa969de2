"""Trains the exported model contrastively on what it mined itself, exports the result, and prints its figures as JSON.

Loss: InfoNCE over the batch, temperature 0.02, clusters flattened into pairs (SaHa, arXiv 2508.00955, section 3.3).
A batch is of one subset, and of `--batch` encoded contents, so that every method sees as much per step: half of them
queries, or a third where every query brings a mined negative. What is known to be a positive of a query is no negative
of it, whatever the method.
"""

import argparse
import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.dataset
import torch
from embedder import PLACEHOLDER, Embedder
from evaluate import scenes_table, tasks_of, words_table
from export import write_model
from manifest import write_manifest
from model import Decoder
from PIL import Image
from prompt import head, tail
from recall import figures, ranks
from split import make_split
from tokenizers import Tokenizer
from vision import MERGE, PATCH
from weights import load_exported
from wordnet import read_synsets, read_tag_counts

TEMPERATURE = 0.02
Content = tuple[str, str]  # text without the placeholder, path of the picture or ""
Row = tuple[Content, Content, Content | None]  # query, positive, mined negative


class Mined:
    """A run over MMEB-shaped subsets: its tables hold ids, `<subset>:<row>`, and the input the contents."""

    def __init__(self, scenes: Path, run: Path, seed: int):
        self.run, self.random = run, random.Random(seed)
        self.queries, self.documents = {}, {}
        self.pairs: dict[str, list[tuple[Content, Content]]] = {}
        self.positives: dict[Content, set[Content]] = defaultdict(set)
        for file in sorted(scenes.glob("*.jsonl")):
            pairs = self.pairs[file.stem] = []
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines()):
                row, id = json.loads(line), f"{file.stem}:{number}"
                content = lambda text, image: (row[text].replace(PLACEHOLDER, "").strip(), row[image])
                query = self.queries[id] = content("qry", "qry_image_path")
                document = self.documents[id] = content("pos_text", "pos_image_path")
                pairs.append((query, document))
                self.positives[query].add(document)

    def table(self, name: str, columns: list[str]) -> Iterator[dict]:
        found = pyarrow.dataset.dataset(self.run / "data" / name, format="parquet").to_table(columns=columns)
        yield from found.to_pylist()

    def negatives(self) -> dict[Content, list[Content]]:
        kept: dict[Content, list[Content]] = defaultdict(list)
        for row in self.table("candidates", ["query_id", "document_id", "verdict"]):
            if row["verdict"] == "kept":
                kept[self.queries[row["query_id"]]].append(self.documents[row["document_id"]])
        return kept

    def rows(self, method: str) -> dict[str, list[Row]]:
        """One epoch of every subset, in another order each time."""
        if method == "clusters":
            clusters: dict[str, dict[int, list[Row]]] = defaultdict(lambda: defaultdict(list))
            for row in self.table("clusters", ["cluster", "query_id", "positive_id"]):
                subset = row["query_id"].rpartition(":")[0]
                pair = (self.queries[row["query_id"]], self.documents[row["positive_id"]], None)
                clusters[subset][row["cluster"]].append(pair)
            epochs = {}
            for subset, found in clusters.items():
                order = list(found.values())
                self.random.shuffle(order)
                epochs[subset] = [row for cluster in order for row in cluster]
            return epochs
        mined = self.negatives() if method == "triplets" else {}
        epochs = {}
        for subset, pairs in self.pairs.items():
            rows = [
                (query, document, self.random.choice(mined[query]) if method == "triplets" else None)
                for query, document in pairs
                if method == "pairs" or mined.get(query)
            ]
            self.random.shuffle(rows)
            epochs[subset] = rows
        return epochs

    def batches(self, method: str, contents: int, steps: int) -> Iterator[list[Row]]:
        size, made = contents // (3 if method == "triplets" else 2), 0
        while made < steps:
            epoch = [
                rows[start : start + size]
                for rows in self.rows(method).values()
                for start in range(0, len(rows), size)
                if len(rows) - start >= 8
            ]
            self.random.shuffle(epoch)
            for batch in epoch[: steps - made]:
                made += 1
                yield batch


class Encoder:
    """Contents to unit vectors under the paper's prompt, with gradients."""

    def __init__(self, model: Decoder, tokenizer: Tokenizer, scenes: Path):
        self.model, self.tokenizer, self.scenes = model, tokenizer, scenes
        self.prefix = torch.tensor(tokenizer.encode(head()).ids)
        self.marks = tokenizer.encode("<|vision_start|><|vision_end|>").ids
        self.visual = tokenizer.token_to_id("<|image_pad|>")
        self.pictures: dict[str, np.ndarray] = {}

    def picture(self, path: str) -> np.ndarray:
        if path not in self.pictures:
            self.pictures[path] = np.asarray(Image.open(self.scenes / path).convert("RGB"))
        return self.pictures[path]

    def __call__(self, contents: list[Content], query: bool) -> torch.Tensor:
        alike: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for place, (_, path) in enumerate(contents):
            alike[self.picture(path).shape if path else ()].append(place)
        states = [self.states([contents[i] for i in places], query) for places in alike.values()]
        order = torch.tensor([i for places in alike.values() for i in places]).argsort()
        return torch.nn.functional.normalize(torch.cat(states)[order], dim=1)

    def states(self, contents: list[Content], query: bool) -> torch.Tensor:
        """Of contents whose pictures, if any, have one size."""
        seen, start = None, []
        if contents[0][1]:
            pictures = np.stack([self.picture(path) for _, path in contents])
            seen = self.model.vision(torch.from_numpy(pictures))
            down, across = (side // PATCH // MERGE for side in pictures.shape[1:3])
            start = [self.marks[0], *[self.visual] * (down * across), self.marks[1]]
        end = self.tokenizer.encode(tail(query, seen is not None)).ids
        encoded = [start + e.ids + end for e in self.tokenizer.encode_batch([text for text, _ in contents])]
        ids = torch.zeros(len(encoded), max(map(len, encoded)), dtype=torch.long)
        for row, own in zip(ids, encoded):
            row[: len(own)] = torch.tensor(own)
        return self.model(ids, torch.tensor([len(e) - 1 for e in encoded]), self.prefix, seen)


def loss_of(encode: Encoder, batch: list[Row], positives: dict[Content, set[Content]]) -> torch.Tensor:
    queries = [query for query, _, _ in batch]
    documents = [positive for _, positive, _ in batch] + [negative for _, _, negative in batch if negative]
    scores = encode(queries, True) @ encode(documents, False).T / TEMPERATURE
    known = torch.tensor([[d in positives[q] for d in documents] for q in queries])
    known[torch.arange(len(batch)), torch.arange(len(batch))] = False
    return torch.nn.functional.cross_entropy(scores.masked_fill(known, -1e9), torch.arange(len(batch)))


def train(model: Decoder, tokenizer: Tokenizer, options: argparse.Namespace) -> float:
    mined = Mined(options.scenes, options.run, options.seed)
    encode = Encoder(model, tokenizer, options.scenes)
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.rate, weight_decay=0.01)
    warm_up, losses = max(1, options.steps // 10), []
    model.train()
    for step, batch in enumerate(mined.batches(options.method, options.batch, options.steps)):
        for group in optimizer.param_groups:
            group["lr"] = options.rate * min((step + 1) / warm_up, (options.steps - step) / max(1, options.steps - warm_up))
        loss = loss_of(encode, batch, mined.positives)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    return float(np.mean(losses[-20:]))


def evaluate(model: Path, held_out: Path, wordnet: Path) -> dict[str, dict]:
    """Held-out compositions by subset, and held-out words."""
    embedder = Embedder(model)
    found = scenes_table(embedder, held_out)
    synsets, tags = read_synsets(wordnet), read_tag_counts(wordnet)
    split, name = make_split(synsets, tags), "b: held-out words"
    task = tasks_of(split, synsets, tags)[name]
    row = figures(ranks(words_table(embedder, split, {name: task})[name], task.positives))
    return found | {"words": {"meta-task": "held-out words", **{k: row[k] for k in ("queries", "hit@1", "recall@10")}}}


def main() -> None:
    flags = argparse.ArgumentParser()
    flags.add_argument("--model", type=Path, required=True, help="the exported model to start from")
    flags.add_argument("--scenes", type=Path, required=True, help="make_scenes.py --split training: what was mined")
    flags.add_argument("--held-out", type=Path, required=True, help="make_scenes.py: what is measured")
    flags.add_argument("--wordnet", type=Path, required=True)
    flags.add_argument("--run", type=Path, help="a run of Quarry over --scenes; none: the model as it is")
    flags.add_argument("--method", choices=["pairs", "triplets", "clusters"])
    flags.add_argument("--out", type=Path, help="the trained model's directory")
    flags.add_argument("--steps", type=int, default=150)
    flags.add_argument("--batch", type=int, default=128, help="encoded contents of a batch")
    flags.add_argument("--rate", type=float, default=2e-4)
    flags.add_argument("--seed", type=int, default=0)
    options = flags.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    started, loss, directory = time.process_time(), None, options.model
    if options.run:
        model, tokenizer = load_exported(options.model), Tokenizer.from_file(str(options.model / "tokenizer.json"))
        loss, directory = train(model, tokenizer, options), options.out
        write_model(model, tokenizer, directory)
        write_manifest(directory)
    trained = time.process_time()
    found = evaluate(directory, options.held_out, options.wordnet)
    seconds = {"training": trained - started, "evaluation": time.process_time() - trained}
    print(json.dumps({"figures": found, "loss": loss, "cpuSeconds": seconds}))


if __name__ == "__main__":
    main()
