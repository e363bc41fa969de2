"""all-MiniLM-L6-v2 as a sentence-transformers model, from its ONNX export alone: the weights are read out of the graph."""

from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Normalize, Pooling, Transformer
from transformers import AutoTokenizer, BertConfig, BertModel


def weights_of(graph: onnx.GraphProto) -> dict[str, torch.Tensor]:
    """Initializers under torch's names. The export keeps the names of biases and norms; a linear layer's weight is the
    transposed operand of the MatMul whose result that bias is added to."""
    arrays = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    named = {name.removeprefix("m."): torch.tensor(array) for name, array in arrays.items() if name.startswith("m.")}
    made_by = {output: node for node in graph.node for output in node.output}
    for node in graph.node:
        if node.op_type != "Add":
            continue
        bias = next((name for name in node.input if name.startswith("m.") and name.endswith(".bias")), None)
        product = next((made_by[name] for name in node.input if name in made_by), None)
        if bias and product is not None and product.op_type == "MatMul":
            weight = next(name for name in product.input if name in arrays)
            named[bias.removeprefix("m.").replace(".bias", ".weight")] = torch.tensor(arrays[weight].T.copy())
    return named


def save_minilm(source: Path, target: Path, max_length: int) -> None:
    """Writes a sentence-transformers directory to `target`. Raises where a weight is missing."""
    graph = onnx.load(str(source / "onnx" / "model.onnx")).graph
    bert = BertModel(BertConfig.from_json_file(str(source / "config.json")), add_pooling_layer=False)
    missing, _ = bert.load_state_dict(weights_of(graph), strict=False)
    if missing:
        raise SystemExit(f"{source}: the graph lacks {', '.join(missing)}")
    hugging_face = target / "transformers"
    bert.save_pretrained(str(hugging_face))
    AutoTokenizer.from_pretrained(str(source)).save_pretrained(str(hugging_face))
    transformer = Transformer(str(hugging_face), max_seq_length=max_length)
    pooling = Pooling(transformer.get_word_embedding_dimension(), pooling_mode="mean")
    SentenceTransformer(modules=[transformer, pooling, Normalize()], device="cpu").save(str(target / "model"))
