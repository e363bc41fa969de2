"""Draws the pictures that training looks at into a folder, once: scenes, crops, and what is in them."""

import argparse
import pickle
from pathlib import Path

import numpy as np
from drawing import draw_crop, draw_scene
from scenes import CROP_SIDE, SIDE, Scenes

SEED = 11


def main() -> None:
    flags = argparse.ArgumentParser()
    flags.add_argument("--out", type=Path, required=True)
    flags.add_argument("--scenes", type=int, default=40_000)
    flags.add_argument("--crops", type=int, default=16_000)
    options = flags.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(SEED)
    lots = Scenes(random, "training")
    scenes = [lots.any() for _ in range(options.scenes)]
    things = [lots.thing("training", (10, 13)) for _ in range(options.crops)]
    pictures = np.lib.format.open_memmap(options.out / "scenes.npy", "w+", np.uint8, (len(scenes), SIDE, SIDE, 3))
    for i, scene in enumerate(scenes):
        pictures[i] = draw_scene(scene, random)
    parts = np.lib.format.open_memmap(options.out / "crops.npy", "w+", np.uint8, (len(things), CROP_SIDE, CROP_SIDE, 3))
    for i, thing in enumerate(things):
        parts[i] = draw_crop(thing, random)
    (options.out / "described.pickle").write_bytes(pickle.dumps((scenes, things)))


if __name__ == "__main__":
    main()
