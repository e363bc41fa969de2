"""The weights of an exported model, by their names in `model.py`: what is bundled is what training goes on from."""

import json
from pathlib import Path

import numpy as np
import onnx
import torch
from model import Config, Decoder
from onnx import numpy_helper
from vision import FRAMES, PATCH, VisionConfig


def stored(path: Path) -> dict[str, torch.Tensor]:
    """Weights of one graph by name, float32, matrices [out, in]."""
    values = {i.name: numpy_helper.to_array(i) for i in onnx.load(path).graph.initializer}
    found = {}
    for name, value in values.items():
        if name.split(".")[-1] in ("weight", "bias"):
            full = value.astype(np.float32) * values.get(f"{name}.scale", np.float32(1))
            found[name] = torch.from_numpy(full.T.copy() if full.ndim == 2 and name != "embed.weight" else full)
    return found


def load_exported(directory: Path) -> Decoder:
    """The model that `export.py` wrote, int8 turned back to float32."""
    fields = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    vision = fields["vision_config"]
    config = Config(
        fields["vocab_size"],
        hidden_size=fields["hidden_size"],
        num_hidden_layers=fields["num_hidden_layers"],
        num_attention_heads=fields["num_attention_heads"],
        num_key_value_heads=fields["num_key_value_heads"],
        intermediate_size=fields["intermediate_size"],
        vision=VisionConfig(vision["embed_dim"], vision["depth"], vision["num_heads"], vision["mlp_ratio"], fields["hidden_size"]),
    )
    graphs = directory / "onnx"
    weights = stored(graphs / "embed_tokens.onnx") | stored(graphs / "decoder_model_merged.onnx")
    del weights["lm_head.weight"]  # tied
    seen = stored(graphs / "vision_encoder.onnx")
    # The graph sees two frames, both the same picture, each with half of the weights.
    both = seen["patch_embed.weight"].reshape(-1, 3, FRAMES, PATCH * PATCH)
    seen["patch_embed.weight"] = both.sum(2).flatten(1)
    model = Decoder(config)
    model.load_state_dict(weights | {f"vision.{name}": value for name, value in seen.items()})
    return model
