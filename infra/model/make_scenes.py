"""Writes drawn scenes as MMEB-shaped subsets: queries and documents with pictures, all of held-out compositions (or none).

One JSON Lines file a subset, in MMEB's columns, with paths of the pictures relative to the folder.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from drawing import draw_crop, draw_scene
from PIL import Image
from scene_tasks import Question, asked, changed, described, grounded
from scenes import Scene, Scenes
from split import make_split, order
from wordnet import read_synsets, read_tag_counts

HERE = Path(__file__).parent
SEED = 7
# of each form; of known compositions any multiple of them
SCENES = {"single": 150, "count": 120, "pair": 200, "group": 130}
CHANGES = 250
DEFINITIONS = 600
IMAGE = "<|image_1|>"
META_TASK = {
    "composition": "classification",
    "attribute": "vqa",
    "count": "vqa",
    "relation": "vqa",
    "text-to-image": "retrieval",
    "image-to-text": "retrieval",
    "change": "retrieval",
    "definition": "retrieval",
    "part": "grounding",
}


class Pictures:
    def __init__(self, out: Path, random: np.random.Generator):
        self.out, self.random, self.count = out, random, 0
        (out / "images").mkdir(parents=True, exist_ok=True)

    def save(self, picture: np.ndarray) -> str:
        """A path relative to the folder. A palette holds all colours of nearly every scene; it keeps the files small."""
        name = f"images/{self.count:04}.png"
        self.count += 1
        Image.fromarray(picture).quantize(64, dither=Image.Dither.NONE).save(self.out / name, optimize=True)
        return name


def row(query: str, query_image: str, text: str, image: str) -> dict[str, str]:
    return {"qry": query, "qry_image_path": query_image, "pos_text": text, "pos_image_path": image}


def scene_rows(scene: Scene, pictures: Pictures) -> dict[str, list[dict[str, str]]]:
    """What one scene is good for, by subset."""
    random, path = pictures.random, pictures.save(draw_scene(scene, pictures.random))
    seen = lambda question, answer: row(f"{IMAGE}\n{question.text}", path, answer, "")
    rows = {
        "text-to-image": [row(f"Find an image of {scene.caption}.", "", IMAGE, path)],
        "image-to-text": [seen(described(scene)[0], scene.caption)],
    }
    for question in described(scene)[1:]:
        rows["composition"] = [seen(question, str(question.target))]
    subset = {"single": "attribute", "count": "count"}.get(scene.form, "relation")
    questions = asked(scene)
    if subset == "count":
        questions = questions[:1]
    rows[subset] = [seen(q, str(q.target)) for q in pick(questions, random, 2)]
    parts = [q for q in grounded(scene) if q.target == scene.first]
    for question in pick(parts, random, 1):
        rows["part"] = [row(f"{IMAGE}\n{question.text}", path, IMAGE, pictures.save(draw_crop(scene.first, random)))]
    return rows


def pick(questions: list[Question], random: np.random.Generator, most: int) -> list[Question]:
    return [questions[i] for i in random.permutation(len(questions))[:most]]


def change_rows(lots: Scenes, pictures: Pictures, split: str, number: int) -> list[dict[str, str]]:
    """From a known composition to one of the split; every target is the only one of its kind."""
    rows, wanted = [], set()
    while len(rows) < number:
        scene = lots.single() if lots.random.random() < 0.5 else lots.count()
        for question in pick(changed(scene, lots.random, split), lots.random, 1):
            if question.target.caption in wanted:
                continue
            wanted.add(question.target.caption)
            before, after = (pictures.save(draw_scene(s, pictures.random)) for s in (scene, question.target))
            rows.append(row(f"{IMAGE}\n{question.text}", before, IMAGE, after))
    return rows


def definition_rows(dictionary: Path, of: str, number: int) -> list[dict[str, str]]:
    split = make_split(read_synsets(dictionary), read_tag_counts(dictionary))
    known = set(split.candidates) - set(split.held_out_words)
    offered = split.test if of == "held-out" else [s for s in split.training if known.intersection(s.lemmas)]
    chosen = sorted(offered, key=lambda s: order(f"scenes {s.id}"))[:number]
    return [row(s.definition, "", l, "") for s in chosen for l in s.lemmas if l in known]


def main() -> None:
    flags = argparse.ArgumentParser()
    flags.add_argument("--wordnet", type=Path, required=True)
    flags.add_argument("--out", type=Path, default=HERE.parent / "demo" / "scenes")
    flags.add_argument("--split", choices=["held-out", "training"], default="held-out", help="training: known compositions and definitions only")
    flags.add_argument("--times", type=int, default=1, help="how many times as many rows")
    options = flags.parse_args()
    random = np.random.default_rng(SEED)
    pictures, lots = Pictures(options.out, random), Scenes(random, options.split)
    subsets: dict[str, list[dict[str, str]]] = {name: [] for name in META_TASK}
    captions: set[str] = set()
    for form, once in SCENES.items():
        number = once * options.times
        while number > 0:
            scene = getattr(lots, form)()
            if scene.caption in captions:  # two pictures of one caption would each be a wrong answer to the other's
                continue
            captions.add(scene.caption)
            number -= 1
            for subset, rows in scene_rows(scene, pictures).items():
                subsets[subset] += rows
    subsets["change"] = change_rows(Scenes(random, "training"), pictures, options.split, CHANGES * options.times)
    subsets["definition"] = definition_rows(options.wordnet, options.split, DEFINITIONS * options.times)
    for subset, rows in subsets.items():
        lines = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)
        (options.out / f"{subset}.jsonl").write_text(lines, encoding="utf-8")
        print(f"{META_TASK[subset]:15} {subset:15} {len(rows)} rows")


if __name__ == "__main__":
    main()
