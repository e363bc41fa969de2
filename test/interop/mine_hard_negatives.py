"""`mine_hard_negatives` on given vectors: CASES.json (a list of cases, see margin-cases.ts) and DIRECTORY, where the result of
each case goes as `N.json`: the columns of the data set that comes out."""

import contextlib
import json
import os
import string
import sys

import numpy as np
import torch
from datasets import Dataset
from sentence_transformers import util
from sentence_transformers.util import mine_hard_negatives


class GivenVectors:
    """What the function asks of a model, out of a table."""

    device = torch.device("cpu")
    similarity = staticmethod(util.cos_sim)
    similarity_pairwise = staticmethod(util.pairwise_cos_sim)

    def __init__(self, case):
        self.queries, self.documents = unit(case["queries"]), unit(case["documents"])

    def encode_query(self, texts, **_):
        return self.queries[[int(text.split()[1]) for text in texts]]

    def encode_document(self, texts, **_):
        return self.documents[[int(text.split()[1]) for text in texts]]


class GivenScores:
    """A cross-encoder out of a table."""

    def __init__(self, scores):
        self.scores = torch.tensor(scores, dtype=torch.float32)

    def predict(self, pairs, **_):
        numbers = [[int(text.split()[1]) for text in pair] for pair in pairs]
        return torch.stack([self.scores[query, document] for query, document in numbers])


def text(side, number):
    """As the job has it: the number, and its base-26 digits as letters."""
    digits = []
    rest = number
    while rest or not digits:
        digits.append(string.ascii_lowercase[rest % 26])
        rest //= 26
    return f"{side} {number} {' '.join(reversed(digits))}"


def unit(rows):
    vectors = torch.tensor(rows, dtype=torch.float32)
    return np.asarray(torch.nn.functional.normalize(vectors, dim=1))


cases, directory = sys.argv[1:]
with open(cases) as file:
    cases = json.load(file)
for number, case in enumerate(cases):
    pairs = Dataset.from_dict(
        {
            "anchor": [text("query", query) for query, _ in case["positives"]],
            "positive": [text("document", document) for _, document in case["positives"]],
        }
    )
    corpus = [text("document", document) for document in range(len(case["documents"]))]
    given = {**case["arguments"], **case["parameters"]}
    if "crossEncoder" in case:
        given["cross_encoder"] = GivenScores(case["crossEncoder"])
    try:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            mined = mine_hard_negatives(pairs, GivenVectors(case), corpus=corpus, verbose=False, **given).to_dict()
    except ZeroDivisionError:
        # 6.0.1 divides by the candidates that are left, to log a share, where a threshold has dropped every one.
        mined = None
    with open(os.path.join(directory, f"{number}.json"), "w") as file:
        json.dump(mined, file)
print(json.dumps(len(cases)))
