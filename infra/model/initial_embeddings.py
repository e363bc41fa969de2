"""Token vectors to start from: truncated SVD of the positive PMI of tokens that meet in one training text."""

import numpy as np
import torch
from examples import Example
from tokenizers import Tokenizer

NORM = 0.8


def initial_embeddings(tokenizer: Tokenizer, examples: list[Example], size: int, seed: int) -> torch.Tensor:
    vocabulary = tokenizer.get_vocab_size()
    pairs = []
    for example, encoding in zip(examples, tokenizer.encode_batch([e.text for e in examples])):
        tokens = np.unique(encoding.ids + list(example.answers))[:60]
        left, right = np.triu_indices(len(tokens), 1)
        pairs.append(tokens[left] * vocabulary + tokens[right])
    counts = np.bincount(np.concatenate(pairs), minlength=vocabulary**2).reshape(vocabulary, vocabulary)
    counts = counts.astype(np.float32)
    counts += counts.T
    total = counts.sum(1)
    context = total**0.75 / (total**0.75).sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        pmi = np.log(counts / (total[:, None] * context[None, :]))
    pmi = torch.from_numpy(np.where(counts > 0, np.maximum(pmi, 0), 0).astype(np.float32))
    torch.manual_seed(seed)
    left, singular, _ = torch.svd_lowrank(pmi, q=size + 16, niter=3)
    vectors = left[:, :size] * singular[:size].sqrt()
    norms = vectors.norm(dim=1, keepdim=True)
    noise = torch.randn_like(vectors)
    vectors = torch.where(norms > 1e-6, vectors / norms.clamp_min(1e-6), noise / noise.norm(dim=1, keepdim=True))
    return vectors * NORM
