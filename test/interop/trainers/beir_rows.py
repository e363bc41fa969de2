"""BEIR's own loader: DIRECTORY SPLIT; prints counts and the first query's judgements."""

import json
import sys

from beir.datasets.data_loader import GenericDataLoader

corpus, queries, qrels = GenericDataLoader(sys.argv[1]).load(split=sys.argv[2])
query = next(iter(qrels))
print(
    json.dumps(
        {
            "documents": len(corpus),
            "queries": len(queries),
            "judged": len(qrels),
            "first": {"query": queries[query], "positives": [[corpus[d], n] for d, n in qrels[query].items()]},
        }
    )
)
