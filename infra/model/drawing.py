"""Draws scenes: antialiased shapes from signed distances, textures, tinted grounds. uint8 RGB, [side, side, 3]."""

from dataclasses import replace

import numpy as np
from scenes import COLOURS, CROP_SIDE, NUMBERS, SIDE, Scene, Thing

# Strokes of the digits in a box from -1 to 1, y downwards; each a polyline.
STROKES = {
    "zero": [[(-0.5, -0.5), (-0.2, -0.85), (0.2, -0.85), (0.5, -0.5), (0.5, 0.5), (0.2, 0.85), (-0.2, 0.85), (-0.5, 0.5), (-0.5, -0.5)]],
    "one": [[(-0.35, -0.5), (0.05, -0.85), (0.05, 0.85)], [(-0.35, 0.85), (0.45, 0.85)]],
    "two": [[(-0.5, -0.5), (-0.2, -0.85), (0.25, -0.85), (0.5, -0.5), (0.4, -0.1), (-0.5, 0.85), (0.55, 0.85)]],
    "three": [[(-0.5, -0.85), (0.45, -0.85), (0.0, -0.15), (0.35, -0.05), (0.5, 0.4), (0.2, 0.85), (-0.25, 0.85), (-0.5, 0.6)]],
    "four": [[(0.3, 0.85), (0.3, -0.85), (-0.55, 0.35), (0.6, 0.35)]],
    "five": [[(0.45, -0.85), (-0.4, -0.85), (-0.45, -0.1), (0.1, -0.2), (0.5, 0.2), (0.4, 0.65), (0.05, 0.85), (-0.5, 0.7)]],
    "six": [[(0.4, -0.8), (-0.1, -0.7), (-0.5, 0.1), (-0.45, 0.6), (-0.1, 0.87), (0.3, 0.8), (0.5, 0.4), (0.3, 0.02), (-0.1, 0.0), (-0.45, 0.3)]],
    "seven": [[(-0.5, -0.85), (0.5, -0.85), (-0.15, 0.85)]],
    "eight": [[(0.0, -0.08), (-0.4, -0.4), (-0.25, -0.85), (0.25, -0.85), (0.4, -0.4), (0.0, -0.08), (-0.5, 0.35), (-0.3, 0.85), (0.3, 0.85), (0.5, 0.35), (0.0, -0.08)]],
    "nine": [[(0.45, -0.3), (0.1, 0.0), (-0.3, -0.02), (-0.5, -0.4), (-0.3, -0.8), (0.1, -0.87), (0.45, -0.6), (0.5, -0.1), (0.1, 0.7), (-0.4, 0.8)]],
}
STROKE = 0.17  # half the width


def star() -> list[tuple[float, float]]:
    angles = np.pi * np.arange(10) / 5 - np.pi / 2
    return [(r * np.cos(a), r * np.sin(a)) for a, r in zip(angles, [1.0, 0.42] * 5)]


POLYGONS = {
    "square": [(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)],
    "triangle": [(0.0, -0.95), (0.95, 0.75), (-0.95, 0.75)],
    "star": star(),
    "cross": [(-0.3, -0.95), (0.3, -0.95), (0.3, -0.3), (0.95, -0.3), (0.95, 0.3), (0.3, 0.3), (0.3, 0.95), (-0.3, 0.95), (-0.3, 0.3), (-0.95, 0.3), (-0.95, -0.3), (-0.3, -0.3)],
    "diamond": [(0.0, -1.0), (0.62, 0.0), (0.0, 1.0), (-0.62, 0.0)],
    "arrow": [(-0.95, -0.27), (0.1, -0.27), (0.1, -0.75), (0.98, 0.0), (0.1, 0.75), (0.1, 0.27), (-0.95, 0.27)],
    "heart": [(0.0, 0.95), (-0.75, 0.2), (-0.95, -0.25), (-0.8, -0.65), (-0.45, -0.8), (-0.15, -0.68), (0.0, -0.4), (0.15, -0.68), (0.45, -0.8), (0.8, -0.65), (0.95, -0.25), (0.75, 0.2)],
}


def to_segments(x: np.ndarray, y: np.ndarray, points: list[tuple[float, float]]) -> np.ndarray:
    """Distance to a polyline."""
    p = np.array(points)
    a, d = p[:-1], np.diff(p, axis=0)
    px, py = x[..., None] - a[:, 0], y[..., None] - a[:, 1]
    along = np.clip((px * d[:, 0] + py * d[:, 1]) / (d * d).sum(1), 0, 1)
    return np.sqrt(((px - along * d[:, 0]) ** 2 + (py - along * d[:, 1]) ** 2).min(-1))


def inside(x: np.ndarray, y: np.ndarray, points: list[tuple[float, float]]) -> np.ndarray:
    p = np.array(points)
    q = np.roll(p, -1, axis=0)
    crosses = (p[:, 1] > y[..., None]) != (q[:, 1] > y[..., None])
    slope = (q[:, 0] - p[:, 0]) / np.where(q[:, 1] == p[:, 1], 1e-9, q[:, 1] - p[:, 1])
    return (crosses & (x[..., None] < slope * (y[..., None] - p[:, 1]) + p[:, 0])).sum(-1) % 2 == 1


def distance(kind: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Signed distance to the outline in units of the radius; negative inside."""
    if kind == "circle":
        return np.hypot(x, y) - 0.92
    if kind == "ring":
        return np.abs(np.hypot(x, y) - 0.7) - 0.24
    if kind == "crescent":
        return np.maximum(np.hypot(x, y) - 0.95, 0.75 - np.hypot(x - 0.48, y))
    if kind in NUMBERS:
        return np.min([to_segments(x, y, s) for s in STROKES[kind]], axis=0) - STROKE
    points = POLYGONS[kind]
    far = to_segments(x, y, [*points, points[0]])
    return np.where(inside(x, y, points), -far, far)


def pattern(texture: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Where the texture is light, 0 to 1; x and y in pixels from the centre."""
    if texture == "striped":
        return (np.floor((x + y) / 3.6) % 2 == 0).astype(float)
    if texture == "dotted":
        return np.clip(2.2 - np.hypot((x + 3) % 6 - 3, (y + 3) % 6 - 3), 0, 1)
    if texture == "checked":
        return ((np.floor(x / 4) + np.floor(y / 4)) % 2 == 0).astype(float)
    return np.zeros_like(x)


def draw_thing(image: np.ndarray, thing: Thing, colour: np.ndarray) -> None:
    reach = thing.radius * 1.1 + 1
    left, top = max(0, int(thing.x - reach)), max(0, int(thing.y - reach))
    right, bottom = min(image.shape[1], int(thing.x + reach) + 2), min(image.shape[0], int(thing.y + reach) + 2)
    y, x = np.mgrid[top:bottom, left:right] + 0.5
    x, y = x - thing.x, y - thing.y
    cos, sin = np.cos(thing.turn), np.sin(thing.turn)
    x, y = x * cos + y * sin, y * cos - x * sin
    cover = np.clip(0.5 - distance(thing.kind, x / thing.radius, y / thing.radius) * thing.radius, 0, 1)[..., None]
    light = 0.72 * pattern(thing.texture, x, y)[..., None]
    paint = colour + (255 - colour) * light
    image[top:bottom, left:right] += cover * (paint - image[top:bottom, left:right])


def draw(things: tuple[Thing, ...], random: np.random.Generator, side: int = SIDE) -> np.ndarray:
    ground = 255 - random.uniform(0, 45) - random.uniform(0, 12, 3)
    image = np.empty((side, side, 3))
    image[:] = ground
    tints = {c: np.clip(np.array(COLOURS[c]) + random.uniform(-18, 18, 3), 0, 255) for c in dict.fromkeys(t.colour for t in things)}
    for thing in things:
        draw_thing(image, thing, tints[thing.colour])
    return np.round(image).astype(np.uint8)


def draw_scene(scene: Scene, random: np.random.Generator) -> np.ndarray:
    return draw(scene.things, random)


def draw_crop(thing: Thing, random: np.random.Generator) -> np.ndarray:
    """The part of a picture that one thing fills, enlarged."""
    middle = CROP_SIDE / 2 + random.uniform(-3, 3, 2)
    near = replace(thing, x=middle[0], y=middle[1], radius=random.uniform(17, 22))
    return draw((near,), random, CROP_SIDE)
