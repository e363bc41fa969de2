"""Tiny models of transformers with random weights; nothing is downloaded."""

import torch
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen3Config,
    Qwen3ForCausalLM,
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
)

HIDDEN = 32
TEXT = {
    "hidden_size": HIDDEN,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 1024,
    "rms_norm_eps": 1e-6,
}
MROPE = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]}


def qwen_ids(ids: dict[str, int]) -> dict[str, int]:
    return {
        "image_token_id": ids["<|image_pad|>"],
        "video_token_id": ids["<|video_pad|>"],
        "vision_start_token_id": ids["<|vision_start|>"],
        "vision_end_token_id": ids["<|vision_end|>"],
    }


def qwen2_vl(vocabulary: int, ids: dict[str, int]):
    vision = {"depth": 2, "embed_dim": 32, "hidden_size": HIDDEN, "num_heads": 2, "mlp_ratio": 2}
    text = {**TEXT, "vocab_size": vocabulary, "rope_parameters": MROPE, "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 0}
    return Qwen2VLForConditionalGeneration(Qwen2VLConfig(text_config=text, vision_config=vision, **qwen_ids(ids)))


def qwen2_5_vl(vocabulary: int, ids: dict[str, int]):
    vision = {
        "depth": 2, "hidden_size": 32, "out_hidden_size": HIDDEN, "num_heads": 2, "intermediate_size": 64,
        "fullatt_block_indexes": [1], "window_size": 56,
    }  # fmt: skip
    text = {**TEXT, "vocab_size": vocabulary, "rope_parameters": MROPE, "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 0}
    return Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(text_config=text, vision_config=vision, **qwen_ids(ids)))


def qwen3(vocabulary: int, ids: dict[str, int]):
    del ids
    config = Qwen3Config(**TEXT, vocab_size=vocabulary, head_dim=16, tie_word_embeddings=True, bos_token_id=0, eos_token_id=2)
    return Qwen3ForCausalLM(config)


def llama(vocabulary: int, ids: dict[str, int]):
    del ids
    return LlamaForCausalLM(LlamaConfig(**TEXT, vocab_size=vocabulary, bos_token_id=0, eos_token_id=2, pad_token_id=0))


def smolvlm(vocabulary: int, ids: dict[str, int]):
    vision = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 64, "patch_size": 16}
    text = {**TEXT, "model_type": "llama", "vocab_size": vocabulary, "pad_token_id": 0}
    config = SmolVLMConfig(text_config=text, vision_config=vision, scale_factor=2, image_token_id=ids["<image>"], pad_token_id=0)
    return SmolVLMForConditionalGeneration(config)


def with_random_weights(model, seed: int):
    """Larger than transformers' own, and norms away from one, so that a mistake shows in the vectors."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            if "norm" in name or "ln_q" in name:
                offset = 0.0 if name.endswith("bias") else 1.0
                parameter.copy_(offset + 0.3 * torch.randn(parameter.shape, generator=generator))
            else:
                scale = 0.8 / max(1, parameter.shape[-1]) ** 0.5 if parameter.dim() > 1 else 0.1
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * scale)
    model.tie_weights()
    return model.eval()
