"""What can be asked of a scene: questions with the words that answer them, any one of which is "the one word"."""

from dataclasses import dataclass, replace

import numpy as np
from scenes import COLOURS, NUMBERS, PAIRS, RELATIONS, SHAPES, Scene, Thing


@dataclass(frozen=True)
class Question:
    subset: str  # of the evaluation data that asks this
    text: str  # follows the image on a line of its own; without an image: the whole
    words: list[str]
    target: Scene | Thing | str  # what the evaluation retrieves


def of_one_thing(scene: Scene) -> list[Question]:
    thing = scene.first
    texture = [Question("texture", "What pattern is it?", [thing.texture], thing.texture)] if thing.kind in SHAPES else []
    return [
        Question("shape", "What shape or digit is it?", [thing.kind], thing.kind),
        Question("colour", "What colour is it?", [thing.colour], thing.colour),
        Question("size", "Is it small or large?", [scene.size], scene.size),
        *texture,
    ]


def of_a_count(scene: Scene) -> list[Question]:
    thing, number = scene.first, NUMBERS[len(scene.things)]
    return [
        Question("count", "How many are there?", [number], number),
        Question("shape", "What shape are they?", [thing.kind], thing.kind),
        Question("colour", "What colour are they?", [thing.colour], thing.colour),
    ]


def of_several(scene: Scene) -> list[Question]:
    questions = [Question("colour-of", f"What colour is the {t.kind}?", [t.colour], t.colour) for t in scene.things]
    questions += [Question("shape-of", f"What is {t.colour}?", [t.kind], t.kind) for t in scene.things]
    if scene.form == "pair":
        first, second = scene.things
        for a, b, relation in ((first, second, scene.relation), (second, first, RELATIONS[scene.relation])):
            link = {"left": "left of", "right": "right of"}.get(relation, relation)
            questions += [
                Question("where", f"Where is the {a.kind}?", [relation], relation),
                Question("which", f"What is {link} the {b.kind}?", [a.kind], a.kind),
            ]
    return questions


def asked(scene: Scene) -> list[Question]:
    """Visual questions: image and question, a word for an answer."""
    return {"single": of_one_thing, "count": of_a_count}.get(scene.form, of_several)(scene)


def grounded(scene: Scene) -> list[Question]:
    """Which part of the picture a phrase means; the part shows one thing."""
    if scene.form not in ("pair", "group"):
        return []
    phrases = [(t, f"the {name}") for t in scene.things for name in (t.kind, f"{t.colour} one", t.phrase)]
    if scene.form == "pair":
        first, second = scene.things
        for a, b, relation in ((first, second, scene.relation), (second, first, RELATIONS[scene.relation])):
            link = {"left": "left of", "right": "right of"}.get(relation, relation)
            phrases.append((a, f"the one {link} the {b.kind}"))
    return [Question("ground", f"Find the part that shows {phrase}.", t.words, t) for t, phrase in phrases]


def changed(scene: Scene, random: np.random.Generator, split: str) -> list[Question]:
    """The same picture but for one thing: image and text lead to another image."""
    if scene.form not in ("single", "count"):
        return []
    thing, questions = scene.first, []
    allowed = {(c, k) for c, k in PAIRS[split]}
    colours = [c for c in COLOURS if c != thing.colour and (c, thing.kind) in allowed]
    kinds = [k for k in SHAPES if k != thing.kind and (thing.colour, k) in allowed and thing.kind in SHAPES]
    variants = []
    if colours:
        colour = colours[random.integers(len(colours))]
        variants.append((f"Find the same in {colour}.", {"colour": colour}))
    if kinds:
        kind = kinds[random.integers(len(kinds))]
        variants.append((f"Find the same with a {kind}.", {"kind": kind}))
    for text, change in variants:
        target = replace(scene, things=tuple(replace(t, **change) for t in scene.things))
        questions.append(Question("change", text, target.words, target))
    return questions


CAPTION, CLASSIFY = "Find a caption for the image.", "Name the colour and the shape."


def described(scene: Scene) -> list[Question]:
    """Image to text: a caption; the label of a picture of one thing."""
    questions = [Question("caption", CAPTION, scene.words, scene.caption)]
    if scene.form in ("single", "count"):
        label = f"{scene.first.colour} {scene.first.kind}"
        questions.append(Question("classify", CLASSIFY, [scene.first.colour, scene.first.kind], label))
    return questions
