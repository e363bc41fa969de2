"""One text decoder in the dtypes in which people publish: fp32, fp16, q4, dynamic int8 and static int8 (QDQ)."""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from onnxruntime.transformers.float16 import convert_float_to_float16
from plain_export import Decoder


class TextDecoder(Decoder):
    """input_ids in place of embedded tokens."""

    def forward(self, input_ids, attention_mask, position_ids, *past):
        return super().forward(self.text.embed_tokens(input_ids), attention_mask, position_ids, *past)


def export_text(model, path: Path) -> None:
    config = model.config
    size = config.hidden_size // config.num_attention_heads
    cache = [torch.zeros(2, config.num_key_value_heads, 3, size) for _ in range(2 * config.num_hidden_layers)]
    names = [f"{i}.{kind}" for i in range(config.num_hidden_layers) for kind in ("key", "value")]
    auto = torch.export.Dim.AUTO
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        TextDecoder(model, config),
        (torch.ones(2, 5, dtype=torch.int64), torch.ones(2, 8, dtype=torch.int64), torch.arange(3, 8).repeat(2, 1), *cache),
        path,
        input_names=["input_ids", "attention_mask", "position_ids", *(f"past_key_values.{n}" for n in names)],
        output_names=["logits", *(f"present.{n}" for n in names)],
        dynamic_shapes=({0: auto, 1: auto}, {0: auto, 1: auto}, {0: auto, 1: auto}, tuple({0: auto, 2: auto} for _ in cache)),
        opset_version=18,
        external_data=False,
        dynamo=True,
    )


def with_num_logits_to_keep(model: onnx.ModelProto) -> onnx.ModelProto:
    """Slices the hidden state before the head, as newer exports of transformers.js do: hidden[:, -n:], all for n = 0."""
    graph = model.graph
    head = next(node for node in graph.node if "logits" in node.output)
    graph.input.append(helper.make_tensor_value_info("num_logits_to_keep", TensorProto.INT64, []))
    graph.initializer.extend([
        numpy_helper.from_array(np.array([0]), "keep_axis"),
        numpy_helper.from_array(np.array([1]), "slice_axis"),
        numpy_helper.from_array(np.array([2**31 - 1]), "slice_end"),
    ])  # fmt: skip
    nodes = [
        helper.make_node("Neg", ["num_logits_to_keep"], ["keep_start"]),
        helper.make_node("Unsqueeze", ["keep_start", "keep_axis"], ["slice_start"]),
        helper.make_node("Slice", [head.input[0], "slice_start", "slice_end", "slice_axis"], ["kept_hidden"]),
    ]
    head.input[0] = "kept_hidden"
    at = list(graph.node).index(head)
    for i, node in enumerate(nodes):
        graph.node.insert(at + i, node)
    onnx.checker.check_model(model)
    return model


class Calibration(CalibrationDataReader):
    def __init__(self, config):
        size = config.hidden_size // config.num_attention_heads
        cache = {
            f"past_key_values.{i}.{kind}": np.zeros((1, config.num_key_value_heads, 0, size), np.float32)
            for i in range(config.num_hidden_layers)
            for kind in ("key", "value")
        }
        random = np.random.default_rng(0)
        self.rows = iter([
            {
                "input_ids": random.integers(0, config.vocab_size, (1, 24)),
                "attention_mask": np.ones((1, 24), np.int64),
                "position_ids": np.arange(24)[None],
                **cache,
            }
            for _ in range(8)
        ])  # fmt: skip

    def get_next(self):
        return next(self.rows, None)


def export_variants(model, directory: Path) -> None:
    plain = directory / "model.onnx"
    export_text(model, plain)
    onnx.save(convert_float_to_float16(onnx.load(plain), keep_io_types=True), directory / "model_fp16.onnx")
    quantizer = MatMulNBitsQuantizer(onnx.load(plain), block_size=16, is_symmetric=True)
    quantizer.process()
    onnx.save(quantizer.model.model, directory / "model_q4.onnx")
    quantize_dynamic(plain, directory / "model_quantized.onnx", op_types_to_quantize=["MatMul"], weight_type=QuantType.QInt8)
    quantize_static(
        plain, directory / "model_int8.onnx", Calibration(model.config), quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["MatMul"], weight_type=QuantType.QInt8, activation_type=QuantType.QInt8,
    )  # fmt: skip
    onnx.save(with_num_logits_to_keep(onnx.load(plain)), plain)
