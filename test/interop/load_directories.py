"""Loads what is given with `datasets`: DIRECTORY=CONFIG=SPLIT or FILE.jsonl ...; prints rows, types and the first row.

Strings that hold a list are evaluated, as mmE5 does.
"""

import ast
import json
import sys

from datasets import load_dataset


def kind(feature):
    inner = getattr(feature, "feature", None)
    return f"list<{kind(inner)}>" if inner is not None else feature.dtype


def evaluated(column, value):
    is_list = column.startswith("neg_") and isinstance(value, str) and value.startswith("[")
    return ast.literal_eval(value) if is_list else value


found = []
for argument in sys.argv[1:]:
    directory, *rest = argument.split("=")
    if rest:
        data = load_dataset(directory, rest[0], split=rest[1])
    else:
        data = load_dataset("json", data_files=directory, split="train")
    found.append(
        {
            "rows": len(data),
            "columns": {name: kind(feature) for name, feature in data.features.items()},
            "first": {name: evaluated(name, value) for name, value in data[0].items()},
        }
    )
print(json.dumps(found))
