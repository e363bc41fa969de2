"""Tiny, randomly initialised models for the tests: made with transformers, exported, and run by transformers for the goldens.

    python infra/model/tiny/make_tiny.py [--out test/fixtures/models]

Needs torch, transformers 5.24, onnx, mobius-onnx 0.1.0 (with onnxscript, onnx_ir, onnx-shape-inference) and
onnxruntime-genai 0.18.0.
"""

import argparse
import json
import tempfile
from pathlib import Path

import exporters
import goldens
import onnx
import plain_export
import reference_models as reference
import tokenizer as tokenizers
import variants

SEED = 7
FAMILIES = {
    "tiny-qwen2-vl": ("qwen2_vl", tokenizers.QWEN_TOKENS, tokenizers.CHATML_IMAGES),
    "tiny-qwen2.5-vl": ("qwen2_5_vl", tokenizers.QWEN_TOKENS, tokenizers.CHATML_IMAGES),
    "tiny-qwen3": ("qwen3", tokenizers.QWEN_TOKENS, tokenizers.CHATML_TEXT),
    "tiny-qwen3-gqa": ("qwen3", tokenizers.QWEN_TOKENS, tokenizers.CHATML_TEXT),
    "tiny-smolvlm": ("smolvlm", tokenizers.SMOLVLM_TOKENS, tokenizers.SMOLVLM),
    "tiny-llama": ("llama", tokenizers.QWEN_TOKENS, tokenizers.CHATML_TEXT),
}
QWEN_IMAGES = {
    "image_processor_type": "Qwen2VLImageProcessor",
    "patch_size": 14,
    "temporal_patch_size": 2,
    "merge_size": 2,
    "min_pixels": 3136,
    "max_pixels": 12845056,
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
}
SMOLVLM_IMAGES = {
    "image_processor_type": "SmolVLMImageProcessor",
    "do_image_splitting": True,
    "size": {"longest_edge": 128},
    "max_image_size": {"longest_edge": 64},
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
}
VISION = ("qwen2_vl", "qwen2_5_vl", "smolvlm")
TRIPLE = {"decoder": "decoder_model_merged.onnx", "embedding": "embed_tokens.onnx", "vision_encoder": "vision_encoder.onnx"}


def make(name: str, out: Path) -> None:
    family, special, template = FAMILIES[name]
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = tokenizers.write_tokenizer(out, special, template, in_file=family == "qwen2_5_vl")
    ids = {token: tokenizer.token_to_id(token) for token in special}
    model = reference.with_random_weights(getattr(reference, family)(tokenizer.get_vocab_size(), ids), SEED)
    if family in VISION:
        settings = SMOLVLM_IMAGES if family == "smolvlm" else QWEN_IMAGES
        (out / "preprocessor_config.json").write_text(json.dumps(settings, indent=1) + "\n")
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
