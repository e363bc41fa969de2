"""NeMo Automodel's own data set: CORPUS_JSON INLINE_JSONL; prints every row as its collator gets it."""

import json
import sys

from nemo_automodel.components.datasets.llm.retrieval_dataset import make_retrieval_dataset

found = {}
for name, path in zip(("corpus", "inline"), sys.argv[1:]):
    data = make_retrieval_dataset(data_dir_list=[path], n_passages=4)
    rows = [data[row] for row in range(len(data))]
    found[name] = {
        "rows": len(rows),
        "passages": sorted({len(row["doc_text"]) for row in rows}),
        "empty": sum(text == "" for row in rows for text in row["doc_text"]),
        "question": rows[0]["question"],
        "documents": rows[0]["doc_text"],
    }
print(json.dumps(found))
