"""Tevatron's own reading of its legacy format: DIRECTORY with train.jsonl; prints what came out of its preprocessor."""

import json
import sys
import tempfile

import tiny_bert
from tevatron.arguments import DataArguments
from tevatron.datasets.dataset import HFTrainDataset
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(tiny_bert.make(tempfile.mkdtemp()))
arguments = DataArguments(dataset_name=sys.argv[1], dataset_proc_num=1)
data = HFTrainDataset(tokenizer, arguments, tempfile.mkdtemp()).process()
print(
    json.dumps(
        {
            "rows": len(data),
            "columns": sorted(data.column_names),
            "query": tokenizer.decode(data[0]["query"]),
            "positives": [len(row["positives"]) for row in data],
            "negatives": [len(row["negatives"]) for row in data],
        }
    )
)
