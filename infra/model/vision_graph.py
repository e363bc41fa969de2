"""The vision tower as a graph, named and shaped as transformers.js expects: patches of any number of images at once."""

import numpy as np
import onnx
from graph import Graph, floats, integers
from onnx import TensorProto
from vision import FRAMES, MERGE, PATCH, VisionConfig


class VisionGraph(Graph):
    def __init__(self, config: VisionConfig, weights: dict[str, np.ndarray]):
        super().__init__({n.removeprefix("vision."): w for n, w in weights.items() if n.startswith("vision.")})
        self.config = config

    def norm(self, x: str, name: str) -> str:
        parts = [self.constant(f"{name}.{part}", self.weights[f"{name}.{part}"]) for part in ("weight", "bias")]
        return self.op("LayerNormalization", x, *parts, axis=-1, epsilon=1e-6)

    def patches(self) -> str:
        """The kernel was trained on one frame; an image's two frames are equal and get half of it each."""
        one = self.weights["patch_embed.weight"].reshape(-1, 3, 1, PATCH * PATCH)
        both = np.repeat(one / FRAMES, FRAMES, axis=2).reshape(len(one), -1)
        return self.op("MatMul", "pixel_values", self.matrix("patch_embed.weight", both.T))

    def places(self) -> None:
        """Row and column of every patch in its image, and which patches see each other: those of one frame."""
        n, two = self.scalar(self.sizes("pixel_values", 0)), self.int(MERGE)
        part = lambda axis: self.op("Gather", "grid_thw", self.int(axis), axis=1)
        frames, down, across = part(0), part(1), part(2)
        area = self.op("Mul", down, across)
        ends = self.op("CumSum", self.op("Mul", frames, area), self.int(0))
        all_patches = self.op("Range", self.int(0), n, self.int(1))
        beyond = self.op("GreaterOrEqual", self.op("Unsqueeze", all_patches, self.ints(1)), ends)
        image = self.op("ReduceSum", self.op("Cast", beyond, to=TensorProto.INT64), self.ints(1), keepdims=0)
        starts = self.op("Sub", ends, self.op("Mul", frames, area))
        inside = self.op("Sub", all_patches, self.op("Gather", starts, image))
        own_area = self.op("Gather", area, image)
        frame, within = self.op("Div", inside, own_area), self.op("Mod", inside, own_area)
        token, corner = self.op("Div", within, self.int(MERGE * MERGE)), self.op("Mod", within, self.int(MERGE * MERGE))
        tokens_across = self.op("Div", self.op("Gather", across, image), two)
        place = lambda of, size: self.op(of, token, size)
        row = self.op("Add", self.op("Mul", place("Div", tokens_across), two), self.op("Div", corner, two))
        column = self.op("Add", self.op("Mul", place("Mod", tokens_across), two), self.op("Mod", corner, two))

        quarter = self.config.head_dim // 2
        frequencies = (10000.0 ** -(np.arange(0, quarter, 2, dtype=np.float32) / quarter)).astype(np.float32)
        angle = lambda where: self.op(
            "Mul",
            self.op("Unsqueeze", self.op("Cast", where, to=TensorProto.FLOAT), self.ints(1)),
            self.constant("rotary.frequencies", frequencies),
        )
        self.cos, self.sin = self.turns(self.op("Concat", angle(row), angle(column), axis=-1), self.ints(0, 1))

        same = lambda x: self.op("Equal", self.op("Unsqueeze", x, self.ints(1)), self.op("Unsqueeze", x, self.ints(0)))
        seen = self.op("And", same(image), same(frame))
        self.bias = self.op("Where", seen, self.float(0), self.float(-1e9))

    def heads(self, x: str) -> str:
        shape = self.ints(1, -1, self.config.num_heads, self.config.head_dim)
        return self.op("Transpose", self.op("Reshape", x, shape), perm=[0, 2, 1, 3])

    def block(self, x: str, i: int) -> str:
        c, name = self.config, f"blocks.{i}"
        joined = self.linear(self.norm(x, f"{name}.norm1"), f"{name}.qkv")
        parts = [f"{name}.{part}" for part in ("queries", "keys", "values")]
        self.nodes.append(onnx.helper.make_node("Split", [joined], parts, axis=-1, num_outputs=3, name=f"{name}.split"))
        queries, keys = (self.rotate(self.heads(part), self.cos, self.sin) for part in parts[:2])
        seen = self.attend(queries, keys, self.heads(parts[2]), self.bias, c.head_dim)
        joined = self.op("Reshape", self.op("Transpose", seen, perm=[0, 2, 1, 3]), self.ints(-1, c.embed_dim))
        x = self.op("Add", x, self.linear(joined, f"{name}.proj"))
        inner = self.linear(self.norm(x, f"{name}.norm2"), f"{name}.fc1")
        inner = self.op("Mul", inner, self.op("Sigmoid", self.op("Mul", inner, self.float(1.702))))
        return self.op("Add", x, self.linear(inner, f"{name}.fc2"))

    def merge(self, x: str) -> str:
        four = self.op("Reshape", self.norm(x, "merge_norm"), self.ints(-1, MERGE * MERGE * self.config.embed_dim))
        inner = self.linear(four, "merge1")
        bell = self.op("Add", self.op("Erf", self.op("Mul", inner, self.float(0.5**0.5))), self.float(1))
        inner = self.op("Mul", self.op("Mul", inner, bell), self.float(0.5))
        y = self.op("MatMul", inner, self.matrix("merge2.weight", self.weights["merge2.weight"].T))
        return self.op("Add", y, self.constant("merge2.bias", self.weights["merge2.bias"]), name="image_features")


def build_vision(config: VisionConfig, weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    graph = VisionGraph(config, weights)
    graph.places()
    x = graph.patches()
    for i in range(config.depth):
        x = graph.block(x, i)
    graph.merge(x)
    pixels = 3 * FRAMES * PATCH * PATCH
    inputs = [floats("pixel_values", "num_patches", pixels), integers("grid_thw", "num_images", 3)]
    return graph.model("vision_encoder", inputs, [floats("image_features", "num_tokens", config.hidden_size)])
