"""The exporters that people use, run on local directories, and their files renamed as transformers.js expects them."""

import subprocess
import sys
import tempfile
from pathlib import Path

import onnx


def mobius(source: Path, onnx_directory: Path, names: dict[str, str], renamed: dict[str, str] | None = None) -> None:
    """mobius-onnx 0.1.0: each component with its weights inline.

    names: component's folder ('' for the only one) -> file; renamed: inputs of the vision encoder.
    """
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([str(Path(sys.executable).parent / "mobius"), "build", "--config", source, scratch], check=True)
        for folder, file in names.items():
            model = onnx.load(Path(scratch) / folder / "model.onnx")
            if file == "vision_encoder.onnx":
                for old, new in (renamed or {}).items():
                    rename(model.graph, old, new)
            save(model, onnx_directory / file)


def genai(source: Path, onnx_directory: Path) -> None:
    """onnxruntime-genai 0.18.0's builder: attention as GroupQueryAttention."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "onnxruntime_genai.models.builder", "-i", source, "-o", scratch, "-p", "fp32", "-e", "cpu"]
        subprocess.run([*command, "-c", f"{scratch}/cache"], check=True)
        save(onnx.load(Path(scratch) / "model.onnx"), onnx_directory / "model.onnx")


def save(model, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Names and traces of the exporter are half of so small a file.
    for node in model.graph.node:
        node.ClearField("doc_string")
        del node.metadata_props[:]
    del model.graph.metadata_props[:]
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output, *model.graph.initializer):
        del value.metadata_props[:]
    onnx.save(model, path)


def rename(graph, old: str, new: str) -> None:
    for value in graph.input:
        if value.name == old:
            value.name = new
    for node in graph.node:
        for i, name in enumerate(node.input):
            if name == old:
                node.input[i] = new
