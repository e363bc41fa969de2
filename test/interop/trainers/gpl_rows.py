"""GPL's own data sets: DIRECTORY; prints counts and the first examples. Its package imports Elasticsearch; this module alone does not."""

import importlib.util
import json
import os
import sys
from importlib.metadata import files

from beir.datasets.data_loader import GenericDataLoader

path = next(str(file.locate()) for file in files("gpl") if str(file).endswith("toolkit/dataset.py"))
spec = importlib.util.spec_from_file_location("gpl_dataset", path)
gpl = importlib.util.module_from_spec(spec)
spec.loader.exec_module(gpl)

directory = sys.argv[1]
corpus, queries, _ = GenericDataLoader(directory, prefix="qgen").load(split="train")
hard = gpl.HardNegativeDataset(os.path.join(directory, "hard-negatives.jsonl"), queries, corpus)
pseudo = gpl.GenerativePseudoLabelingDataset(os.path.join(directory, "gpl-training-data.tsv"), queries, corpus)
tuples = [pseudo[row] for row in range(len(pseudo))]
print(
    json.dumps(
        {
            "queries": len(hard),
            "guids": [hard[row].guid for row in range(len(hard))],
            "tuples": len(tuples),
            "first": {"texts": tuples[0].texts, "label": tuples[0].label},
            "labels": [example.label for example in tuples],
        }
    )
)
