"""Tiny, randomly initialised models for the tests: made with transformers, exported, and run by transformers for the goldens.

    python infra/model/tiny/make_tiny.py [--out test/fixtures/models]

Needs torch, transformers 5.24, onnx, mobius-onnx 0.1.0 (with onnxscript, onnx_ir, onnx-shape-inference) and
onnxruntime-genai 0.18.0.
"""

import argparse
import tempfile
from pathlib import Path

import exporters
import goldens
import onnx
import plain_export
import variants
from families import FAMILIES, build

TRIPLE = {"decoder": "decoder_model_merged.onnx", "embedding": "embed_tokens.onnx", "vision_encoder": "vision_encoder.onnx"}


def make(name: str, out: Path) -> None:
    model, family, template = build(name, out)
    with tempfile.TemporaryDirectory() as scratch:
        model.save_pretrained(scratch)
        for file in ("tokenizer.json", "tokenizer_config.json"):
            (Path(scratch) / file).write_text((out / file).read_text())
        (out / "config.json").write_text((Path(scratch) / "config.json").read_text())
        onnx_directory = out / "onnx"
        if family == "smolvlm":
            plain_export.export_smolvlm(model, onnx_directory)
        elif family == "llama":
            variants.export_variants(model, onnx_directory)
        elif name.endswith("gqa"):
            exporters.genai(Path(scratch), onnx_directory)
        elif family == "qwen3":
            exporters.mobius(Path(scratch), onnx_directory, {"": "model.onnx"})
        else:
            # transformers.js feeds Qwen2-VL's encoder with grid_thw, Qwen2.5-VL's with image_grid_thw.
            renamed = {"image_grid_thw": "grid_thw"} if family == "qwen2_vl" else {}
            exporters.mobius(Path(scratch), onnx_directory, TRIPLE, renamed)
        for path in sorted(onnx_directory.glob("*.onnx")):
            exporters.save(onnx.load(path), path)
    goldens.write(model, family, out, template)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[3] / "test/fixtures/models")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    for name in FAMILIES:
        if options.only in name:
            make(name, options.out / name)


if __name__ == "__main__":
    main()
