"""Training batches out of a run's Parquet, and nothing else."""

import random
from collections.abc import Iterator
from pathlib import Path

import pyarrow.dataset


def rows_of(run: Path, table: str) -> dict[str, list]:
    return pyarrow.dataset.dataset(run / "data" / table, format="parquet").to_table().to_pydict()


def pairs_of(run: Path) -> list[tuple[str, ...]]:
    """Every (anchor, positive) once, in the order of the table."""
    rows = rows_of(run, "triplet")
    return list(dict.fromkeys(zip(rows["anchor"], rows["positive"], strict=True)))


def triplets_of(run: Path, rng: random.Random) -> list[tuple[str, ...]]:
    """Every (anchor, positive) once, with one of its negatives."""
    rows = rows_of(run, "triplet")
    negatives: dict[tuple[str, str], list[str]] = {}
    for anchor, positive, negative in zip(rows["anchor"], rows["positive"], rows["negative"], strict=True):
        negatives.setdefault((anchor, positive), []).append(negative)
    return [(*pair, rng.choice(found)) for pair, found in negatives.items()]


def clusters_of(run: Path) -> list[list[tuple[str, ...]]]:
    rows = rows_of(run, "clusters")
    clusters: dict[int, list[tuple[str, ...]]] = {}
    for cluster, query, positive in zip(rows["cluster"], rows["query"], rows["positive"], strict=True):
        clusters.setdefault(cluster, []).append((query, positive))
    return list(clusters.values())


def batches(run: Path, method: str, size: int, steps: int, seed: int) -> Iterator[list[tuple[str, ...]]]:
    """`steps` batches of `size` rows, epochs one after the other, each in another order. `pairs`: in-batch negatives only;
    `triplets`: one mined negative per row besides; `clusters`: whole clusters, filled up with the next one's first pairs."""
    rng = random.Random(seed)
    made = 0
    while made < steps:
        if method == "clusters":
            groups = clusters_of(run)
            rng.shuffle(groups)
            rows = [row for group in groups for row in group]
        else:
            rows = pairs_of(run) if method == "pairs" else triplets_of(run, rng)
            rng.shuffle(rows)
        if len(rows) < size:
            raise SystemExit(f"{run}: {len(rows)} rows do not fill one batch of {size}")
        for start in range(0, len(rows) - size + 1, size):
            if made == steps:
                return
            made += 1
            yield rows[start : start + size]
