"""Makes the goldens of the tiny models anew and holds them against the committed ones.

    python infra/model/tiny/check_goldens.py [--fixtures test/fixtures/models] [--only NAME]

Needs torch and transformers only, no exporter. Prints one line of JSON: for each model which files of tokenizer and settings say
something else, how many rows have the same rendered prompt and ids, and the largest cosine distance and difference of states.
"""

import argparse
import json
import tempfile
from pathlib import Path

import goldens
import torch
from families import FAMILIES, build

FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.json", "preprocessor_config.json")


def compare(name: str, fixtures: Path) -> dict:
    committed = fixtures / name
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch)
        model, family, template = build(name, out)
        goldens.write(model, family, out, template)
        now = json.loads((out / "golden.json").read_text())
        files = [file for file in FILES if (out / file).exists() or (committed / file).exists()]
        changed = [file for file in files if read(out / file) != read(committed / file)]
    then = json.loads((committed / "golden.json").read_text())
    pairs = list(zip(then["rows"], now["rows"], strict=True))
    states = torch.tensor([[row["state"] for row in pair] for pair in pairs], dtype=torch.float64)
    cosine = torch.nn.functional.cosine_similarity(states[:, 0], states[:, 1])
    inputs = ("text", "image", "side", "seed", "rendered", "ids")
    return {
        "changedFiles": changed,
        "rows": len(pairs),
        "sameRows": sum(all(a[key] == b[key] for key in inputs) for a, b in pairs),
        "cosineDistance": float((1 - cosine).max()),
        "difference": float((states[:, 0] - states[:, 1]).abs().max()),
    }


def read(path: Path):
    """JSON by its values: how it is laid out belongs to the library that wrote it."""
    return json.loads(path.read_text()) if path.exists() else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixtures", type=Path, default=Path(__file__).parents[3] / "test/fixtures/models")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(json.dumps({name: compare(name, options.fixtures) for name in FAMILIES if options.only in name}))


if __name__ == "__main__":
    main()
