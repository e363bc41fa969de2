"""How good an encoder is on queries that it was not trained on."""

import json
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer


def ndcg_at_10(ranked: list[int], relevant: set[int]) -> float:
    """Binary gains, logarithmic discount, divided by the best that is possible (Järvelin and Kekäläinen 2002)."""
    gain = sum(1 / np.log2(place + 2) for place, document in enumerate(ranked[:10]) if document in relevant)
    return gain / sum(1 / np.log2(place + 2) for place in range(min(10, len(relevant))))


def evaluate(model: SentenceTransformer, path: Path) -> float:
    """Mean over the held-out queries of `path`: {metric, documents: [text], queries: [{text, relevant, self}]}."""
    held_out = json.loads(path.read_text())
    encode = {"batch_size": 64, "convert_to_numpy": True, "normalize_embeddings": True, "show_progress_bar": False}
    documents = model.encode(held_out["documents"], **encode)
    queries = model.encode([query["text"] for query in held_out["queries"]], **encode)
    scores = queries @ documents.T
    total = 0.0
    for query, row in zip(held_out["queries"], scores, strict=True):
        if query["self"] is not None:
            row[query["self"]] = -np.inf
        ranked = np.argsort(-row, kind="stable")[:10].tolist()
        relevant = set(query["relevant"])
        total += float(ranked[0] in relevant) if held_out["metric"] == "accuracy" else ndcg_at_10(ranked, relevant)
    return total / len(held_out["queries"])
