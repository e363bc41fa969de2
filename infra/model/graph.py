"""ONNX graphs built by hand: a list of operations, and weights as int8 with one scale per output channel.

`Cast` and `Mul` bring the weights back to float32, which onnxruntime folds once at load. Activations stay float32
throughout and nothing is scaled by what else lies in the batch, so a row's result depends on that row alone.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def quantize(matrix: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """int8 values and float32 scales; one scale for each index of the axis that is kept."""
    scale = np.maximum(np.abs(matrix).max(axis=axis, keepdims=True), 1e-8) / 127
    return np.round(matrix / scale).astype(np.int8), scale.astype(np.float32)


class Graph:
    def __init__(self, weights: dict[str, np.ndarray]):
        self.weights, self.nodes, self.initializers, self.names, self.count = weights, [], [], set(), 0

    def constant(self, name: str, value) -> str:
        """Of one name only the first value counts."""
        if name not in self.names:
            self.names.add(name)
            self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def ints(self, *values: int) -> str:
        return self.constant("ints_" + "_".join(map(str, values)), np.array(values, dtype=np.int64))

    def int(self, value: int) -> str:
        return self.constant(f"int_{value}", np.int64(value))

    def float(self, value: float) -> str:
        return self.constant(f"float_{value:.8g}", np.float32(value))

    def op(self, kind: str, *inputs: str, name: str | None = None, **attributes) -> str:
        self.count += 1
        output = name or f"{kind.lower()}_{self.count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **attributes))
        return output

    def matrix(self, name: str, values: np.ndarray) -> str:
        """A weight laid out [in, out]."""
        small, scale = quantize(values, axis=0)
        as_float = self.op("Cast", self.constant(name, small), to=TensorProto.FLOAT)
        return self.op("Mul", as_float, self.constant(f"{name}.scale", scale))

    def linear(self, x: str, name: str) -> str:
        y = self.op("MatMul", x, self.matrix(f"{name}.weight", self.weights[f"{name}.weight"].T))
        bias = f"{name}.bias"
        return self.op("Add", y, self.constant(bias, self.weights[bias])) if bias in self.weights else y

    def sizes(self, x: str, axis: int) -> str:
        """The size of one axis, int64 [1]."""
        return self.op("Shape", x, start=axis, end=axis + 1)

    def scalar(self, x: str) -> str:
        return self.op("Squeeze", x, self.ints(0))

    def rotate(self, x: str, cos: str, sin: str) -> str:
        first, second = f"half_{self.count}_a", f"half_{self.count}_b"
        self.nodes.append(helper.make_node("Split", [x], [first, second], axis=-1, num_outputs=2, name=first))
        turned = self.op("Concat", self.op("Neg", second), first, axis=-1)
        return self.op("Add", self.op("Mul", x, cos), self.op("Mul", turned, sin))

    def turns(self, angles: str, axes: str) -> tuple[str, str]:
        """cos and sin of the angles for both halves of a head, with axes for the heads."""
        both = self.op("Unsqueeze", self.op("Concat", angles, angles, axis=-1), axes)
        return self.op("Cos", both), self.op("Sin", both)

    def attend(self, queries: str, keys: str, values: str, bias: str, head_dim: int) -> str:
        scores = self.op("MatMul", queries, self.op("Transpose", keys, perm=[0, 1, 3, 2]))
        scores = self.op("Add", self.op("Mul", scores, self.float(head_dim**-0.5)), bias)
        return self.op("MatMul", self.op("Softmax", scores, axis=-1), values)

    def model(self, name: str, inputs: list, outputs: list) -> onnx.ModelProto:
        made = helper.make_model(
            helper.make_graph(self.nodes, name, inputs, outputs, self.initializers),
            producer_name="quarry/infra/model",
            opset_imports=[helper.make_opsetid("", 18)],
            ir_version=9,
        )
        onnx.checker.check_model(made)
        return made


def floats(name: str, *shape) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def integers(name: str, *shape) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.INT64, shape)
