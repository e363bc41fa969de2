"""Puts the exported weights into Hugging Face's own Qwen2-VL and compares: token ids, patches, states of text and pictures.

Needs transformers (not in requirements.txt). `python compare_with_transformers.py DIR`
"""

import sys
from pathlib import Path

import numpy as np
import torch
from drawing import draw_scene
from embedder import PLACEHOLDER, Embedder, patches
from PIL import Image
from scenes import Scenes
from transformers import AutoConfig, AutoTokenizer, Qwen2VLForConditionalGeneration, Qwen2VLImageProcessor
from weights import stored

DECODER = {"input_norm": "input_layernorm", "post_norm": "post_attention_layernorm"}
DECODER |= {n: f"self_attn.{n}_proj" for n in "qkvo"} | {n: f"mlp.{n}_proj" for n in ("gate", "up", "down")}
VISION = {"qkv": "attn.qkv", "proj": "attn.proj", "fc1": "mlp.fc1", "fc2": "mlp.fc2", "norm1": "norm1", "norm2": "norm2"}
OTHERS = {"merge_norm": "merger.ln_q", "merge1": "merger.mlp.0", "merge2": "merger.mlp.2", "patch_embed": "patch_embed.proj"}


def state_dict(directory: Path) -> dict[str, torch.Tensor]:
    graphs = directory / "onnx"
    weights = {"model.language_model.embed_tokens.weight": stored(graphs / "embed_tokens.onnx")["embed.weight"]}
    for name, value in stored(graphs / "decoder_model_merged.onnx").items():
        if name.startswith("blocks."):
            _, i, part, kind = name.split(".")
            weights[f"model.language_model.layers.{i}.{DECODER[part]}.{kind}"] = value
        else:
            weights["lm_head.weight" if name == "lm_head.weight" else "model.language_model.norm.weight"] = value
    for name, value in stored(graphs / "vision_encoder.onnx").items():
        if name.startswith("blocks."):
            _, i, part, kind = name.split(".")
            weights[f"model.visual.blocks.{i}.{VISION[part]}.{kind}"] = value
        else:
            part, kind = name.split(".")
            weights[f"model.visual.{OTHERS[part]}.{kind}"] = value
    kernel = weights["model.visual.patch_embed.proj.weight"]
    weights["model.visual.patch_embed.proj.weight"] = kernel.reshape(-1, 3, 2, 14, 14)
    return weights


def main() -> None:
    directory = Path(sys.argv[1])
    theirs = Qwen2VLForConditionalGeneration(AutoConfig.from_pretrained(directory)).eval()
    print(theirs.load_state_dict(state_dict(directory), strict=False))
    processor, tokenizer = Qwen2VLImageProcessor.from_pretrained(directory), AutoTokenizer.from_pretrained(directory)
    ours, random = Embedder(directory), np.random.default_rng(5)
    pictures = [draw_scene(Scenes(random, "held-out").any(), random) for _ in range(8)]
    contents = [(f"{PLACEHOLDER}\nWhat colour is it?", p) for p in pictures] + [("an animal that barks", None), ("dog", None)]
    states = ours.states(contents, query=True)
    for content, mine in zip(contents, states):
        ids, _ = ours.row(content, query=True)
        text = tokenizer.decode([i for i in ids])
        inputs = {"input_ids": torch.tensor([ids]), "attention_mask": torch.ones(1, len(ids), dtype=torch.long)}
        inputs["mm_token_type_ids"] = (inputs["input_ids"] == ours.image).long()
        apart = 0.0
        if content[1] is not None:
            seen = processor(images=[Image.fromarray(content[1])], return_tensors="pt")
            apart = float(np.abs(seen["pixel_values"].numpy() - patches(content[1])).max())
            inputs |= {"pixel_values": seen["pixel_values"].float(), "image_grid_thw": seen["image_grid_thw"]}
        with torch.no_grad():
            hidden = theirs(**inputs, output_hidden_states=True).hidden_states[-1][0, -1].numpy()
        cosine = 1 - (hidden @ mine) / np.linalg.norm(hidden) / np.linalg.norm(mine)
        print(f"cosine distance {cosine:.1e}, patches apart {apart:.1e}, {len(ids)} tokens: ...{text[-60:]!r}")
        assert abs(cosine) < 1e-5 and apart < 1e-5


if __name__ == "__main__":
    main()
