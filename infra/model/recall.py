"""Recall of a ranking of candidate words, given vectors of the queries and of the words."""

import numpy as np


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def ranks(scores: np.ndarray, positives: list[list[int]]) -> list[list[int]]:
    """0-based rank of every positive; equal scores rank the earlier word first."""
    found = []
    for row, wanted in zip(scores, positives):
        found.append([int((row > row[p]).sum() + (row[:p] == row[p]).sum()) for p in wanted])
    return found


def figures(found: list[list[int]]) -> dict[str, float]:
    recall = lambda k: float(np.mean([np.mean([r < k for r in row]) for row in found]))
    return {
        "recall@1": round(recall(1), 4),
        "recall@10": round(recall(10), 4),
        "recall@100": round(recall(100), 4),
        "hit@1": round(float(np.mean([min(row) < 1 for row in found])), 4),
        "hit@10": round(float(np.mean([min(row) < 10 for row in found])), 4),
        "median rank": int(np.median([min(row) + 1 for row in found])),
        "queries": len(found),
    }
