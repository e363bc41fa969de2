"""The tiny models by name, without their graphs: tokenizer, settings, random weights."""

import json
from pathlib import Path

import reference_models as reference
import tokenizer as tokenizers

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


def build(name: str, out: Path):
    """Writes the tokenizer and what a processor is told to `out`; gives the transformers model, its family and chat template."""
    family, special, template = FAMILIES[name]
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = tokenizers.write_tokenizer(out, special, template, in_file=family == "qwen2_5_vl")
    ids = {token: tokenizer.token_to_id(token) for token in special}
    model = reference.with_random_weights(getattr(reference, family)(tokenizer.get_vocab_size(), ids), SEED)
    if family in VISION:
        settings = SMOLVLM_IMAGES if family == "smolvlm" else QWEN_IMAGES
        (out / "preprocessor_config.json").write_text(json.dumps(settings, indent=1) + "\n")
    return model, family, template
