"""ms-swift's own loader and template inputs: FILE; prints the rows as its templates get them."""

import json
import sys

from swift.dataset import load_dataset
from swift.template.template_inputs import TemplateInputs

data, _ = load_dataset([sys.argv[1]], split_dataset_ratio=0.0, strict=True, remove_unused_columns=True)
rows = [data[row] for row in range(len(data))]
for row in rows:
    inputs = TemplateInputs.from_dict({key: value for key, value in row.items() if value is not None})
    assert len(inputs.positive) == 1 and len(inputs.negative) == len(row["negative_messages"])
print(
    json.dumps(
        {
            "rows": len(rows),
            "columns": data.column_names,
            "positives": sorted({len(row["positive_messages"]) for row in rows}),
            "negatives": [len(row["negative_messages"]) for row in rows],
            "first": {key: rows[0][key] for key in ("messages", "positive_messages", "negative_messages")},
        },
        default=str,
    )
)
