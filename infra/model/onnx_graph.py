"""The decoder as an ONNX graph, built by hand: ids and mask in, hidden states after the final norm out.

Weights are int8 with one scale per output channel (per row for the embedding table); `Cast` and `Mul` bring them back
to float32, which onnxruntime folds once at load. Activations stay float32 throughout and nothing is scaled by what
else lies in the batch, so a row's result depends on that row alone. Padding must be on the right.
"""

import numpy as np
import onnx
from model import Config
from onnx import TensorProto, helper, numpy_helper


class Graph:
    def __init__(self):
        self.nodes, self.initializers, self.count = [], [], 0

    def constant(self, name: str, value) -> str:
        self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def op(self, kind: str, *inputs: str, name: str | None = None, **attributes) -> str:
        self.count += 1
        output = name or f"{kind.lower()}_{self.count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **attributes))
        return output


def quantize(matrix: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """int8 values and float32 scales; one scale for each index of the axis that is kept."""
    scale = np.maximum(np.abs(matrix).max(axis=axis, keepdims=True), 1e-8) / 127
    return np.round(matrix / scale).astype(np.int8), scale.astype(np.float32)


class DecoderGraph(Graph):
    def __init__(self, config: Config, weights: dict[str, np.ndarray]):
        super().__init__()
        self.config, self.weights = config, weights
        self.eps = self.constant("rms_norm_eps", np.float32(config.rms_norm_eps))
        self.two = self.constant("two", np.float32(2))
        self.zero, self.one = self.constant("axis_0", np.array([0])), self.constant("axis_1", np.array([1]))
        self.last_axis = self.constant("axis_last", np.array([-1]))

    def weight(self, name: str) -> str:
        """A linear layer's matrix, laid out [in, out]."""
        values, scale = quantize(self.weights[name].T, axis=0)
        as_float = self.op("Cast", self.constant(name, values), to=TensorProto.FLOAT)
        return self.op("Mul", as_float, self.constant(f"{name}.scale", scale))

    def linear(self, x: str, name: str) -> str:
        y = self.op("MatMul", x, self.weight(f"{name}.weight"))
        bias = f"{name}.bias"
        return self.op("Add", y, self.constant(bias, self.weights[bias])) if bias in self.weights else y

    def norm(self, x: str, name: str, output: str | None = None) -> str:
        mean = self.op("ReduceMean", self.op("Pow", x, self.two), self.last_axis, keepdims=1)
        root = self.op("Sqrt", self.op("Add", mean, self.eps))
        scaled = self.op("Div", x, root)
        return self.op("Mul", scaled, self.constant(f"{name}.weight", self.weights[f"{name}.weight"]), name=output)

    def embed(self, ids: str) -> str:
        values, scale = quantize(self.weights["embed.weight"], axis=1)
        rows = self.op("Cast", self.op("Gather", self.constant("embed.weight", values), ids), to=TensorProto.FLOAT)
        return self.op("Mul", rows, self.op("Gather", self.constant("embed.weight.scale", scale), ids))

    def turns(self, ids: str) -> None:
        """cos and sin of the rotary angles of positions 0..sequence, [sequence, head_dim]."""
        c = self.config
        frequencies = c.rope_theta ** -(np.arange(0, c.head_dim, 2, dtype=np.float32) / c.head_dim)
        angles = np.arange(c.max_position_embeddings, dtype=np.float32)[:, None] * frequencies
        angles = np.concatenate([angles, angles], 1).astype(np.float32)
        self.sequence = self.op("Slice", self.op("Shape", ids), self.one, self.constant("two_int", np.array([2])))
        slices = [self.constant(n, v) for n, v in (("rotary.cos", np.cos(angles)), ("rotary.sin", np.sin(angles)))]
        self.cos, self.sin = (self.op("Slice", s, self.zero, self.sequence, self.zero) for s in slices)

    def rotate(self, x: str) -> str:
        first, second = f"half_{self.count}_a", f"half_{self.count}_b"
        self.nodes.append(helper.make_node("Split", [x], [first, second], axis=-1, num_outputs=2, name=first))
        turned = self.op("Concat", self.op("Neg", second), first, axis=-1)
        return self.op("Add", self.op("Mul", x, self.cos), self.op("Mul", turned, self.sin))

    def mask(self, attention_mask: str) -> None:
        """0 where a query may look, -1e9 where not: earlier positions only, and no padding. [batch, 1, sequence, sequence]"""
        most = self.config.max_position_embeddings
        positions = self.constant("positions", np.arange(most))
        here = self.op("Slice", positions, self.zero, self.sequence, self.zero)
        causal = self.op("LessOrEqual", here, self.op("Unsqueeze", here, self.one))
        real = self.op("Unsqueeze", self.op("Cast", attention_mask, to=TensorProto.BOOL), self.constant("axes_12", np.array([1, 2])))
        seen = self.op("And", causal, real)
        self.bias = self.op("Where", seen, self.constant("seen", np.float32(0)), self.constant("unseen", np.float32(-1e9)))

    def heads(self, x: str, count: int) -> str:
        shape = self.constant(f"heads_{self.count}", np.array([0, 0, count, self.config.head_dim]))
        return self.op("Transpose", self.op("Reshape", x, shape), perm=[0, 2, 1, 3])

    def repeat(self, x: str) -> str:
        """Every key/value head serves several query heads."""
        c = self.config
        times = c.num_attention_heads // c.num_key_value_heads
        order = np.repeat(np.arange(c.num_key_value_heads), times)
        return self.op("Gather", x, self.constant(f"heads_order_{self.count}", order), axis=1)

    def block(self, x: str, i: int) -> str:
        c, name = self.config, f"blocks.{i}"
        normed = self.norm(x, f"{name}.input_norm")
        queries = self.rotate(self.heads(self.linear(normed, f"{name}.q"), c.num_attention_heads))
        keys = self.repeat(self.rotate(self.heads(self.linear(normed, f"{name}.k"), c.num_key_value_heads)))
        values = self.repeat(self.heads(self.linear(normed, f"{name}.v"), c.num_key_value_heads))
        scores = self.op("MatMul", queries, self.op("Transpose", keys, perm=[0, 1, 3, 2]))
        scale = self.constant(f"{name}.scale", np.float32(c.head_dim**-0.5))
        shares = self.op("Softmax", self.op("Add", self.op("Mul", scores, scale), self.bias), axis=-1)
        joined = self.op("Transpose", self.op("MatMul", shares, values), perm=[0, 2, 1, 3])
        shape = self.constant(f"{name}.joined", np.array([0, 0, c.hidden_size]))
        x = self.op("Add", x, self.linear(self.op("Reshape", joined, shape), f"{name}.o"))
        normed = self.norm(x, f"{name}.post_norm")
        gate = self.linear(normed, f"{name}.gate")
        inner = self.op("Mul", self.op("Mul", gate, self.op("Sigmoid", gate)), self.linear(normed, f"{name}.up"))
        return self.op("Add", x, self.linear(inner, f"{name}.down"))


def build_model(config: Config, weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    graph = DecoderGraph(config, weights)
    graph.turns("input_ids")
    graph.mask("attention_mask")
    x = graph.embed("input_ids")
    for i in range(config.num_hidden_layers):
        x = graph.block(x, i)
    graph.norm(x, "norm", output="last_hidden_state")
    shape = ["batch", "sequence"]
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "quarry-mini",
            [helper.make_tensor_value_info(n, TensorProto.INT64, shape) for n in ("input_ids", "attention_mask")],
            [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*shape, config.hidden_size])],
            graph.initializers,
        ),
        producer_name="quarry/infra/model",
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=9,
    )
    onnx.checker.check_model(model)
    return model
