"""Fine-tunes MiniLM on one run's Parquet and evaluates it on held-out queries; prints one line of JSON.

Loss: InfoNCE over the batch (sentence-transformers' MultipleNegativesRankingLoss, temperature 0.05), AdamW, linear
warm-up over a tenth of the steps, then linear decay. One thread, fixed seeds: the same figures on the same machine.
"""

import argparse
import json
import random
import time
from pathlib import Path

import numpy as np
import torch
from batches import batches
from held_out import evaluate
from minilm import save_minilm
from sentence_transformers import SentenceTransformer
from sentence_transformers.losses import MultipleNegativesRankingLoss


def train(model: SentenceTransformer, options: argparse.Namespace) -> float:
    loss = MultipleNegativesRankingLoss(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.rate, weight_decay=0.01)
    warm_up = max(1, options.steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min((step + 1) / warm_up, (options.steps - step) / max(1, options.steps - warm_up)),
    )
    model.train()
    last = float("nan")
    for batch in batches(options.run, options.method, options.batch, options.steps, options.seed):
        columns = [model.preprocess(list(column)) for column in zip(*batch, strict=True)]
        value = loss(columns, None)
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        last = value.item()
    return last


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minilm", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="where the converted model is kept")
    parser.add_argument("--run", type=Path, help="run directory; none: the model as it is")
    parser.add_argument("--method", choices=["pairs", "triplets", "clusters"])
    parser.add_argument("--held-out", type=Path, required=True)
    parser.add_argument("--max-length", type=int, required=True)
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=5e-5)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(options.seed)
    np.random.seed(options.seed)
    torch.manual_seed(options.seed)
    converted = options.work / f"minilm-{options.max_length}"
    if not (converted / "model" / "modules.json").exists():
        save_minilm(options.minilm, converted, options.max_length)
    model = SentenceTransformer(str(converted / "model"), device="cpu")
    started = time.process_time()
    loss = train(model, options) if options.run else None
    trained = time.process_time()
    model.eval()
    score = evaluate(model, options.held_out)
    seconds = {"training": trained - started, "evaluation": time.process_time() - trained}
    print(json.dumps({"score": score, "loss": loss, "cpuSeconds": seconds}))


if __name__ == "__main__":
    main()
