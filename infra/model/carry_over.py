"""Weights to start a training from: those of quarry-mini 0.1.0 (text only, WordPiece), by the names of parameters and tokens.

0.1.0 is in the history: `git archive 176eb72 activities/models/quarry-mini`.
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
import torch
from corpus import build_corpus
from onnx import numpy_helper
from tokenizers import Tokenizer


def main() -> None:
    flags = argparse.ArgumentParser()
    flags.add_argument("--wordnet", type=Path, required=True)
    flags.add_argument("--model", type=Path, required=True, help="the directory of quarry-mini 0.1.0")
    flags.add_argument("--out", type=Path, required=True, help="a .pt file for train.py --start")
    options = flags.parse_args()
    graph = onnx.load(options.model / "onnx" / "model.onnx").graph
    stored = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    weights = {}
    for name, values in stored.items():
        if name.split(".")[-1] not in ("weight", "bias"):
            continue
        full = values.astype(np.float32) * stored.get(f"{name}.scale", np.float32(1))
        weights[name] = full.T.copy() if name.startswith("blocks.") and full.ndim == 2 else full
    old = Tokenizer.from_file(str(options.model / "tokenizer.json")).get_vocab()
    tokenizer, before = build_corpus(options.wordnet).tokenizer, weights["embed.weight"]
    rename = {"<|endoftext|>": "<|pad|>"}
    rng = np.random.default_rng(0)
    rows = rng.normal(0, 0.03, (tokenizer.get_vocab_size(), before.shape[1])).astype(np.float32)
    found = 0
    for token, id in tokenizer.get_vocab().items():
        for name in (rename.get(token, token), f"##{token}"):
            if name in old:
                rows[id], found = before[old[name]], found + 1
                break
    weights["embed.weight"] = rows
    print(f"{found:,} of {len(rows):,} tokens carried over")
    torch.save({n: torch.from_numpy(w) for n, w in weights.items()}, options.out)


if __name__ == "__main__":
    main()
