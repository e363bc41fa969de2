"""Writes the table of figures.json into the model card, between its two markers. `python card.py DIR`."""

import json
import re
import sys
from pathlib import Path

from manifest import write_manifest

COLUMNS = ["recall@1", "recall@10", "recall@100", "hit@1", "hit@10", "median rank"]
BEGIN, END = "<!-- figures: infra/model/card.py -->", "<!-- end of figures -->"


def table(result: dict) -> str:
    lines = []
    for part, methods in result["figures"].items():
        queries = next(iter(methods.values()))["queries"]
        lines += [f"**{part}** ({queries:,} queries, {result['candidates']:,} words)", ""]
        lines += ["| | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
        for method, row in methods.items():
            cells = [f"{row[c]:,}" if c == "median rank" else f"{row[c]:.3f}" for c in COLUMNS]
            lines.append(f"| {method} | " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    directory, here = Path(sys.argv[1]), Path(__file__).parent
    result = json.loads((here / "figures.json").read_text())
    card = directory / "README.md"
    text = card.read_text(encoding="utf-8")
    fresh = f"{BEGIN}\n\n{table(result)}\n{END}"
    card.write_text(re.sub(f"{BEGIN}.*?{END}", lambda _: fresh, text, flags=re.DOTALL), encoding="utf-8")
    write_manifest(directory)


if __name__ == "__main__":
    main()
