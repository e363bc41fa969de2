"""First phase: the vision tower alone learns to name what each visual token shows, in the decoder's word vectors.

Then `train.py --start` goes on with the whole model. Cross entropy, like the rest; nothing is contrasted.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from corpus import build_corpus
from model import Config, Decoder
from naming import Naming
from picture_batches import PictureBatches
from scenes import CROP_SIDE, SIDE


def main() -> None:
    flags = argparse.ArgumentParser()
    flags.add_argument("--wordnet", type=Path, required=True)
    flags.add_argument("--drawn", type=Path, required=True, help="the pictures, written by draw_training.py")
    flags.add_argument("--start", type=Path, required=True, help="weights of the decoder")
    flags.add_argument("--out", type=Path, required=True, help="a .pt file: those and the vision tower's")
    flags.add_argument("--steps", type=int, default=1500)
    flags.add_argument("--pictures", type=int, default=64)
    flags.add_argument("--rate", type=float, default=2e-3)
    flags.add_argument("--seed", type=int, default=1)
    flags.add_argument("--bf16", action="store_true")
    options = flags.parse_args()
    torch.manual_seed(options.seed)
    tokenizer = build_corpus(options.wordnet).tokenizer
    model = Decoder(Config(tokenizer.get_vocab_size()))
    model.load_state_dict(torch.load(options.start, weights_only=True), strict=False)
    pictures = PictureBatches(tokenizer, options.drawn, options.pictures, options.seed)
    naming = Naming(tokenizer, {SIDE: pictures.scenes, CROP_SIDE: pictures.things})
    words = model.embed.weight.detach()
    optimizer = torch.optim.AdamW(model.vision.parameters(), betas=(0.9, 0.98), weight_decay=0.02, fused=True)
    losses, began = [], time.monotonic()
    for step in range(options.steps):
        for group in optimizer.param_groups:
            group["lr"] = options.rate * min(1, (step + 1) / 100) * max(0.05, 1 - step / options.steps)
        side, picked, _ = pictures.some(options.pictures)
        with torch.autocast("cpu", torch.bfloat16, enabled=options.bf16):
            seen = model.vision(torch.from_numpy(pictures.pictures[side][picked]))
        loss = naming.loss(seen, words, side, picked)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.vision.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        if step % 50 == 49:
            print(f"step {step + 1} {time.monotonic() - began:.0f}s loss {np.mean(losses):.3f}", flush=True)
            losses.clear()
        if step % 250 == 249 or step == options.steps - 1:
            torch.save(model.state_dict(), options.out.with_suffix(".tmp"))
            options.out.with_suffix(".tmp").rename(options.out)


if __name__ == "__main__":
    main()
