"""What can be drawn: objects, scenes of them, and the words that describe both. Everything random comes from the caller."""

import hashlib
from dataclasses import dataclass, replace

import numpy as np

COLOURS = {
    "red": (214, 40, 40),
    "green": (42, 157, 70),
    "blue": (38, 84, 200),
    "yellow": (242, 200, 30),
    "purple": (130, 50, 160),
    "orange": (245, 130, 20),
    "gray": (105, 108, 112),
    "pink": (245, 130, 180),
}
SHAPES = ["circle", "square", "triangle", "star", "cross", "ring", "diamond", "heart", "crescent", "arrow"]
NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
KINDS = SHAPES + NUMBERS  # a digit is an object like any other
TEXTURES = ["plain", "striped", "dotted", "checked"]
SIZES = ["small", "large"]
RELATIONS = {"above": "below", "below": "above", "left": "right", "right": "left"}
PLURALS = {k: {"cross": "crosses", "six": "sixes"}.get(k, f"{k}s") for k in KINDS}
SIDE = 84  # pixels of a scene's side: 6 x 6 patches, 3 x 3 visual tokens
CROP_SIDE = 56
HELD_OUT_SHARE = 0.15


def held_out(colour: str, kind: str) -> bool:
    """Whether this composition is never drawn or named in training."""
    return hashlib.sha256(f"quarry-mini/scenes/1\n{colour} {kind}".encode()).digest()[0] < 256 * HELD_OUT_SHARE


PAIRS = {
    "training": [(c, k) for c in COLOURS for k in KINDS if not held_out(c, k)],
    "held-out": [(c, k) for c in COLOURS for k in KINDS if held_out(c, k)],
}


@dataclass(frozen=True)
class Thing:
    kind: str
    colour: str
    texture: str = "plain"
    x: float = 0.0  # centre, pixels
    y: float = 0.0
    radius: float = 12.0
    turn: float = 0.0  # radians, small: a square stays a square

    @property
    def phrase(self) -> str:
        texture = "" if self.texture == "plain" else f"{self.texture} "
        return f"{texture}{self.colour} {self.kind}"

    @property
    def words(self) -> list[str]:
        return [self.colour, self.kind] + ([] if self.texture == "plain" else [self.texture])


@dataclass(frozen=True)
class Scene:
    form: str  # single | count | pair | group
    things: tuple[Thing, ...]
    relation: str = ""  # of the first thing of a pair to the second

    @property
    def first(self) -> Thing:
        return self.things[0]

    @property
    def size(self) -> str:
        return SIZES[self.first.radius > 16]

    @property
    def caption(self) -> str:
        article = lambda phrase: f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"
        if self.form == "single":
            return article(f"{self.size} {self.first.phrase}")
        if self.form == "count":
            phrase = self.first.phrase.removesuffix(self.first.kind) + PLURALS[self.first.kind]
            return f"{NUMBERS[len(self.things)]} {phrase}"
        named = [article(t.phrase) for t in self.things]
        if self.form == "pair":
            link = {"left": "left of", "right": "right of"}.get(self.relation, self.relation)
            return f"{named[0]} {link} {named[1]}"
        return f"{named[0]}, {named[1]} and {named[2]}"

    @property
    def words(self) -> list[str]:
        """The words that describe it, any of which answers "in one word"."""
        if self.form == "single":
            return [*self.first.words, self.size]
        if self.form == "count":
            return [NUMBERS[len(self.things)], *self.first.words]
        return [w for t in self.things for w in t.words] + ([self.relation] if self.relation else [])

    def is_held_out(self) -> bool:
        return any(held_out(t.colour, t.kind) for t in self.things)


class Scenes:
    """Draws lots. `split`: "training" has no held-out composition, in "held-out" the first thing is one."""

    def __init__(self, random: np.random.Generator, split: str):
        self.random, self.split = random, split

    def one_of(self, items):
        return items[self.random.integers(len(items))]

    def thing(self, split: str, radius: tuple[float, float], plain: float = 0.5) -> Thing:
        colour, kind = self.one_of(PAIRS[split])
        texture = "plain" if self.random.random() < plain or kind in NUMBERS else self.one_of(TEXTURES[1:])
        turn = self.random.uniform(-0.15, 0.15)
        return Thing(kind, colour, texture, radius=self.random.uniform(*radius), turn=turn)

    def apart(self, things: list[Thing], gap: float = 1.5) -> list[Thing]:
        """The things at random places where no two of them touch."""
        while True:
            placed: list[Thing] = []
            for thing in things:
                for _ in range(20):
                    x, y = self.random.uniform(thing.radius + 1, SIDE - thing.radius - 1, 2)
                    if all((x - o.x) ** 2 + (y - o.y) ** 2 > (thing.radius + o.radius + gap) ** 2 for o in placed):
                        placed.append(replace(thing, x=x, y=y))
                        break
            if len(placed) == len(things):
                return placed

    def single(self) -> Scene:
        radius = (10, 13) if self.random.random() < 0.5 else (21, 27)
        return Scene("single", tuple(self.apart([self.thing(self.split, radius)])))

    def count(self, number: int | None = None) -> Scene:
        thing = self.thing(self.split, (8, 10.5))
        while thing.kind in NUMBERS:  # "three threes" would be a riddle
            thing = self.thing(self.split, (8, 10.5))
        things = [
            replace(thing, radius=thing.radius * self.random.uniform(0.9, 1.1), turn=self.random.uniform(-0.15, 0.15))
            for _ in range(number or self.random.integers(2, 7))
        ]
        return Scene("count", tuple(self.apart(things)))

    def different(self, number: int, radius: tuple[float, float]) -> list[Thing]:
        """Things that differ in colour and in kind."""
        things: list[Thing] = []
        while len(things) < number:
            thing = self.thing(self.split if not things else "training", radius)
            if all(thing.colour != t.colour and thing.kind != t.kind for t in things):
                things.append(thing)
        return things

    def pair(self) -> Scene:
        relation = self.one_of(list(RELATIONS))
        near, far = self.random.uniform(15, 26), SIDE - self.random.uniform(15, 26)
        across = np.clip(self.random.uniform(18, SIDE - 18) + self.random.uniform(-9, 9, 2), 15, SIDE - 15)
        first, second = self.different(2, (10, 14))
        before, after = (near, far) if relation in ("above", "left") else (far, near)
        if relation in ("above", "below"):
            things = replace(first, x=across[0], y=before), replace(second, x=across[1], y=after)
        else:
            things = replace(first, x=before, y=across[0]), replace(second, x=after, y=across[1])
        return Scene("pair", things, relation)

    def group(self) -> Scene:
        return Scene("group", tuple(self.apart(self.different(3, (9.5, 13)))))

    def any(self) -> Scene:
        return [self.single, self.count, self.pair, self.group][self.random.choice(4, p=[0.3, 0.25, 0.3, 0.15])]()
