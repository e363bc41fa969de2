"""The baseline that needs no training: TF-IDF, cosine, over each word's other glosses and examples."""

import re
from collections import Counter, defaultdict

import numpy as np
from wordnet import Synset


def stem(word: str) -> str:
    for ending in ("ies", "ied"):
        if word.endswith(ending) and len(word) > 4:
            return word[:-3] + "y"
    for ending in ("ing", "ed", "es", "ly", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)].rstrip("e")
    return word.rstrip("e") if len(word) > 4 else word


class TfIdf:
    """A word's document is all its definitions and examples in WordNet but the query's own: sublinear term counts,
    inverse document frequency over synsets. Held-out texts other than the query's are included, so the baseline
    reads glosses that the model was not trained on."""

    def __init__(self, synsets: list[Synset], candidates: list[str], stemmed: bool = False):
        self.candidates, self.place = candidates, {w: i for i, w in enumerate(candidates)}
        self.stemmed = stemmed
        self.terms: dict[str, int] = {}
        self.counts: dict[str, Counter] = {}
        seen: Counter = Counter()
        for synset in synsets:
            self.counts[synset.id] = self.count(" ".join([synset.definition, *synset.examples]), grow=True)
            seen.update(self.counts[synset.id].keys())
        frequency = np.array([seen[t] for t in range(len(self.terms))])
        self.idf = np.log((1 + len(synsets)) / (1 + frequency)) + 1
        self.synsets_of = defaultdict(list)
        for synset in synsets:
            for lemma in synset.lemmas:
                if lemma in self.place:
                    self.synsets_of[lemma].append(synset.id)
        postings = defaultdict(lambda: ([], []))
        for place, word in enumerate(candidates):
            for term, weight in self.document(word).items():
                postings[term][0].append(place)
                postings[term][1].append(weight)
        self.postings = {t: (np.array(places), np.array(weights)) for t, (places, weights) in postings.items()}

    def count(self, text: str, grow: bool = False) -> Counter:
        words = re.findall("[a-z0-9]+", text.lower())
        if self.stemmed:
            words = [stem(w) for w in words]
        if grow:
            for word in words:
                self.terms.setdefault(word, len(self.terms))
        return Counter(self.terms[w] for w in words if w in self.terms)

    def weigh(self, counts: Counter) -> dict[int, float]:
        weights = {t: (1 + np.log(n)) * self.idf[t] for t, n in counts.items()}
        norm = sum(w * w for w in weights.values()) ** 0.5
        return {t: w / norm for t, w in weights.items()} if norm else {}

    def document(self, word: str, without: str | None = None) -> dict[int, float]:
        counts: Counter = Counter()
        for id in self.synsets_of[word]:
            if id != without:
                counts.update(self.counts[id])
        return self.weigh(counts)

    def scores(self, query: Synset) -> np.ndarray:
        weights = self.weigh(self.count(query.definition))
        scores = np.zeros(len(self.candidates))
        for term, weight in weights.items():
            if term in self.postings:
                places, others = self.postings[term]
                scores[places] += weight * others
        for lemma in query.lemmas:  # the query's own gloss must not be in its answers' documents
            if lemma in self.place:
                other = self.document(lemma, without=query.id)
                scores[self.place[lemma]] = sum(w * other.get(t, 0.0) for t, w in weights.items())
        return scores
