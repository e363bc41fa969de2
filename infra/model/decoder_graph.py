"""The decoder in two graphs, named and shaped as transformers.js expects: token vectors, and everything up to the logits."""

import numpy as np
import onnx
from graph import Graph, floats, integers, quantize
from model import Config
from onnx import TensorProto


def build_embed_tokens(weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    graph = Graph(weights)
    values, scale = quantize(weights["embed.weight"], axis=1)
    rows = graph.op("Cast", graph.op("Gather", graph.constant("embed.weight", values), "input_ids"), to=TensorProto.FLOAT)
    graph.op("Mul", rows, graph.op("Gather", graph.constant("embed.weight.scale", scale), "input_ids"), name="inputs_embeds")
    shape = ["batch_size", "sequence_length"]
    hidden = weights["embed.weight"].shape[1]
    return graph.model("embed_tokens", [integers("input_ids", *shape)], [floats("inputs_embeds", *shape, hidden)])


class DecoderGraph(Graph):
    """Plain `MatMul` and `Softmax`, so that keys and values of a beginning may be made constant."""

    def __init__(self, config: Config, weights: dict[str, np.ndarray]):
        super().__init__(weights)
        self.config = config

    def norm(self, x: str, name: str) -> str:
        mean = self.op("ReduceMean", self.op("Pow", x, self.float(2)), self.ints(-1), keepdims=1)
        root = self.op("Sqrt", self.op("Add", mean, self.float(self.config.rms_norm_eps)))
        return self.op("Mul", self.op("Div", x, root), self.constant(f"{name}.weight", self.weights[f"{name}.weight"]))

    def positions(self) -> None:
        """cos and sin [batch, 1, sequence, head_dim] of the angles by time, row and column."""
        c = self.config
        frequencies = c.rope_theta ** -(np.arange(0, c.head_dim, 2, dtype=np.float32) / c.head_dim)
        axis = np.repeat(np.arange(3), c.mrope_section)
        chosen = self.op("Gather", "position_ids", self.constant("rotary.axis", axis), axis=0)
        places = self.op("Cast", self.op("Transpose", chosen, perm=[1, 2, 0]), to=TensorProto.FLOAT)
        angles = self.op("Mul", places, self.constant("rotary.frequencies", frequencies.astype(np.float32)))
        self.cos, self.sin = self.turns(angles, self.ints(1))

    def mask(self) -> None:
        """0 where a query may look, -1e9 where not: earlier tokens only, and no padding. [batch, 1, sequence, total]"""
        total = self.scalar(self.sizes("attention_mask", 1))
        before = self.scalar(self.sizes("past_key_values.0.key", 2))
        queries = self.op("Unsqueeze", self.op("Range", before, total, self.int(1)), self.ints(1))
        causal = self.op("LessOrEqual", self.op("Range", self.int(0), total, self.int(1)), queries)
        real = self.op("Unsqueeze", self.op("Cast", "attention_mask", to=TensorProto.BOOL), self.ints(1, 2))
        self.bias = self.op("Where", self.op("And", causal, real), self.float(0), self.float(-1e9))

    def heads(self, x: str, count: int) -> str:
        return self.op("Transpose", self.op("Reshape", x, self.ints(0, 0, count, self.config.head_dim)), perm=[0, 2, 1, 3])

    def repeat(self, x: str) -> str:
        """Every key/value head serves several query heads."""
        kv = self.config.num_key_value_heads
        order = np.repeat(np.arange(kv), self.config.num_attention_heads // kv)
        return self.op("Gather", x, self.constant("heads_order", order), axis=1)

    def block(self, x: str, i: int) -> str:
        c, name = self.config, f"blocks.{i}"
        normed = self.norm(x, f"{name}.input_norm")
        queries = self.rotate(self.heads(self.linear(normed, f"{name}.q"), c.num_attention_heads), self.cos, self.sin)
        keys = self.rotate(self.heads(self.linear(normed, f"{name}.k"), c.num_key_value_heads), self.cos, self.sin)
        values = self.heads(self.linear(normed, f"{name}.v"), c.num_key_value_heads)
        keys = self.op("Concat", f"past_key_values.{i}.key", keys, axis=2, name=f"present.{i}.key")
        values = self.op("Concat", f"past_key_values.{i}.value", values, axis=2, name=f"present.{i}.value")
        seen = self.attend(queries, self.repeat(keys), self.repeat(values), self.bias, c.head_dim)
        joined = self.op("Reshape", self.op("Transpose", seen, perm=[0, 2, 1, 3]), self.ints(0, 0, c.hidden_size))
        x = self.op("Add", x, self.linear(joined, f"{name}.o"))
        normed = self.norm(x, f"{name}.post_norm")
        gate = self.linear(normed, f"{name}.gate")
        inner = self.op("Mul", self.op("Mul", gate, self.op("Sigmoid", gate)), self.linear(normed, f"{name}.up"))
        return self.op("Add", x, self.linear(inner, f"{name}.down"))


def build_decoder(config: Config, weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    graph = DecoderGraph(config, weights)
    graph.positions()
    graph.mask()
    x = "inputs_embeds"
    for i in range(config.num_hidden_layers):
        x = graph.block(x, i)
    graph.op("MatMul", graph.norm(x, "norm"), graph.matrix("lm_head.weight", weights["embed.weight"].T), name="logits")
    batch, sequence, total = "batch_size", "sequence_length", "total_sequence_length"
    kv = lambda kind, length: [
        floats(f"{kind}.{i}.{part}", batch, config.num_key_value_heads, length, config.head_dim)
        for i in range(config.num_hidden_layers)
        for part in ("key", "value")
    ]
    inputs = [
        floats("inputs_embeds", batch, sequence, config.hidden_size),
        integers("attention_mask", batch, total),
        integers("position_ids", 3, batch, sequence),
        *kv("past_key_values", "past_sequence_length"),
    ]
    outputs = [floats("logits", batch, sequence, config.vocab_size), *kv("present", total)]
    return graph.model("decoder_model_merged", inputs, outputs)
