"""Writes the table of figures.json into the model card, between its two markers. `python card.py DIR`."""

import json
import re
import sys
from pathlib import Path

from manifest import write_manifest

COLUMNS = ["recall@1", "recall@10", "recall@100", "hit@1", "hit@10", "median rank"]
SCENES_BEGIN, SCENES_END = "<!-- scenes: infra/model/card.py -->", "<!-- end of scenes -->"
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


def scenes(result: dict) -> str:
    """hit@1 / recall@10 by subset, one column a prompt."""
    methods = list(result["scenes"])
    lines = ["| meta-task | subset | queries | documents | " + " | ".join(methods) + " | chance |"]
    lines.append("|---" * (len(methods) + 5) + "|")
    for subset, first in result["scenes"][methods[0]].items():
        cells = [f"{m[subset]['hit@1']:.3f} / {m[subset]['recall@10']:.3f}" for m in result["scenes"].values()]
        numbers = f"{first['queries']:,} | {first['documents']:,}"
        lines.append(f"| {first['meta-task']} | {subset} | {numbers} | " + " | ".join(cells) + f" | {first['chance hit@1']:.3f} |")
    for name in ["all subsets", *dict.fromkeys(r["meta-task"] for r in result["scenes"][methods[0]].values())]:
        cells = []
        for rows in result["scenes"].values():
            chosen = [r for r in rows.values() if name in ("all subsets", r["meta-task"])]
            cells.append(" / ".join(f"{sum(r[f] for r in chosen) / len(chosen):.3f}" for f in ("hit@1", "recall@10")))
        lines.append(f"| **{name}**, mean | | | | " + " | ".join(cells) + " | |")
    return "\n".join(lines)


def main() -> None:
    directory, here = Path(sys.argv[1]), Path(__file__).parent
    result = json.loads((here / "figures.json").read_text())
    card = directory / "README.md"
    text = card.read_text(encoding="utf-8")
    for begin, end, part in ((BEGIN, END, table(result)), (SCENES_BEGIN, SCENES_END, scenes(result) + "\n")):
        fresh = f"{begin}\n\n{part}\n{end}"
        text = re.sub(f"{begin}.*?{end}", lambda _: fresh, text, flags=re.DOTALL)
    card.write_text(text, encoding="utf-8")
    write_manifest(directory)


if __name__ == "__main__":
    main()
