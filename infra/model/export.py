"""Writes a checkpoint as a model directory, as transformers.js expects Qwen2-VL's, and checks it against the checkpoint."""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from decoder_graph import build_decoder, build_embed_tokens
from drawing import draw_scene
from embedder import Embedder
from manifest import write_manifest
from model import Config, Decoder
from prompt import CHAT_TEMPLATE, head, tail
from scenes import Scenes
from tokenizers import Tokenizer
from vision import DEVIATION, FRAMES, MEAN, MERGE, PATCH
from vision_graph import build_vision

DEMO_QUERIES = Path(__file__).parent.parent / "demo" / "data" / "queries.jsonl"
LEAST_PIXELS, MOST_PIXELS = 56 * 56, 84 * 84  # the sizes it was trained on


def write_json(path: Path, fields: dict) -> None:
    path.write_text(json.dumps(fields, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_configs(config: Config, tokenizer: Tokenizer, out: Path) -> None:
    token, vision = tokenizer.token_to_id, config.vision
    write_json(
        out / "config.json",
        {
            "architectures": ["Qwen2VLForConditionalGeneration"],
            "model_type": "qwen2_vl",
            "bos_token_id": token("<|endoftext|>"),
            "eos_token_id": token("<|im_end|>"),
            "pad_token_id": token("<|endoftext|>"),
            "vision_start_token_id": token("<|vision_start|>"),
            "vision_end_token_id": token("<|vision_end|>"),
            "vision_token_id": token("<|vision_pad|>"),
            "image_token_id": token("<|image_pad|>"),
            "video_token_id": token("<|video_pad|>"),
            "hidden_act": "silu",
            "hidden_size": config.hidden_size,
            "intermediate_size": config.intermediate_size,
            "num_hidden_layers": config.num_hidden_layers,
            "num_attention_heads": config.num_attention_heads,
            "num_key_value_heads": config.num_key_value_heads,
            "head_dim": config.head_dim,
            "max_position_embeddings": config.max_position_embeddings,
            "rms_norm_eps": config.rms_norm_eps,
            "rope_theta": config.rope_theta,
            "rope_scaling": {"type": "mrope", "mrope_section": list(config.mrope_section)},
            "tie_word_embeddings": True,
            "torch_dtype": "float32",
            "vocab_size": config.vocab_size,
            "vision_config": {
                "depth": vision.depth,
                "embed_dim": vision.embed_dim,
                "hidden_size": config.hidden_size,
                "in_chans": 3,
                "in_channels": 3,
                "mlp_ratio": vision.mlp_ratio,
                "num_heads": vision.num_heads,
                "patch_size": PATCH,
                "spatial_merge_size": MERGE,
                "spatial_patch_size": PATCH,
                "temporal_patch_size": FRAMES,
            },
        },
    )
    write_json(
        out / "generation_config.json",
        {"do_sample": False, "eos_token_id": token("<|im_end|>"), "pad_token_id": token("<|endoftext|>"), "max_new_tokens": 24},
    )
    write_json(
        out / "preprocessor_config.json",
        {
            "image_processor_type": "Qwen2VLImageProcessor",
            "processor_class": "Qwen2VLProcessor",
            "do_resize": True,
            "do_rescale": True,
            "do_normalize": True,
            "do_convert_rgb": True,
            "min_pixels": LEAST_PIXELS,
            "max_pixels": MOST_PIXELS,
            "patch_size": PATCH,
            "temporal_patch_size": FRAMES,
            "merge_size": MERGE,
            "image_mean": MEAN.tolist(),
            "image_std": DEVIATION.tolist(),
        },
    )
    write_json(out / "chat_template.json", {"chat_template": CHAT_TEMPLATE})


def write_tokenizer(tokenizer: Tokenizer, config: Config, out: Path) -> None:
    fields = json.loads(tokenizer.to_str())
    (out / "tokenizer.json").write_text(json.dumps(fields, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    write_json(
        out / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": config.max_position_embeddings,
            "padding_side": "right",
            "pad_token": "<|endoftext|>",
            "eos_token": "<|im_end|>",
            "add_bos_token": False,
            "clean_up_tokenization_spaces": False,
            "chat_template": CHAT_TEMPLATE,
        },
    )


def check(model: Decoder, tokenizer: Tokenizer, directory: Path, texts: list[str]) -> None:
    """Exported and trained model agree, on text and pictures; a row does not depend on padding or on other rows."""
    embedder = Embedder(directory)
    prefix, marks = torch.tensor(tokenizer.encode(head()).ids), tokenizer.encode("<|vision_start|><|vision_end|>").ids
    random = np.random.default_rng(3)
    pictures = [draw_scene(scene, random) for scene in (Scenes(random, "held-out").any() for _ in range(60))]
    visual = tokenizer.token_to_id("<|image_pad|>")

    def wanted(text: str, picture) -> np.ndarray:
        ids = tokenizer.encode(text).ids + tokenizer.encode(tail(True, picture is not None)).ids
        if picture is not None:
            ids = [marks[0], *[visual] * (picture.shape[0] // PATCH // MERGE) ** 2, marks[1], *ids]
        with torch.no_grad():
            seen = None if picture is None else model.vision(torch.from_numpy(picture[None]))
            return model(torch.tensor([ids]), torch.tensor([len(ids) - 1]), prefix, seen)[0].numpy()

    for what, rows in (
        ("text", [(text, None) for text in texts]),
        ("pictures", [(f"\nWhat is {i}?", picture) for i, picture in enumerate(pictures)]),
    ):
        trained = np.stack([wanted(text, picture) for text, picture in rows])
        contents = [(text if picture is None else f"<|image_1|>{text}", picture) for text, picture in rows]
        alone = np.concatenate([embedder.states([content], True) for content in contents])
        together = embedder.states(contents, True)
        wider = embedder.states(contents[::-1], True, more_padding=17)[::-1]
        cosine = (trained * alone).sum(1) / np.linalg.norm(trained, axis=1) / np.linalg.norm(alone, axis=1)
        print(f"{what}: cosine to the checkpoint: least {cosine.min():.6f}, mean {cosine.mean():.6f}")
        print(f"largest difference: alone/together {abs(alone - together).max():.2e}, padding {abs(wider - together).max():.2e}")
        assert cosine.min() > 0.998 and abs(alone - together).max() < 1e-3 and abs(wider - together).max() < 1e-3


def write_model(model: Decoder, tokenizer: Tokenizer, out: Path) -> None:
    """The model's directory: configuration, tokenizer, the three graphs."""
    (out / "onnx").mkdir(parents=True, exist_ok=True)
    write_configs(model.config, tokenizer, out)
    write_tokenizer(tokenizer, model.config, out)
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    graphs = {
        "embed_tokens": build_embed_tokens(weights),
        "vision_encoder": build_vision(model.config.vision, weights),
        "decoder_model_merged": build_decoder(model.config, weights),
    }
    for name, graph in graphs.items():
        (out / "onnx" / f"{name}.onnx").write_bytes(graph.SerializeToString())


def main() -> None:
    flags = argparse.ArgumentParser()
    flags.add_argument("--checkpoint", type=Path, required=True, help="checkpoint.pt, with its tokenizer.json beside it")
    flags.add_argument("--out", type=Path, required=True, help="the model's directory")
    flags.add_argument("--untrained", action="store_true", help="random weights of the same architecture: a baseline")
    options = flags.parse_args()

    saved = torch.load(options.checkpoint, weights_only=True)
    torch.manual_seed(0)
    model = Decoder(Config.of(saved["config"])).eval()
    if not options.untrained:
        model.load_state_dict(saved["model"])
    tokenizer = Tokenizer.from_file(str(options.checkpoint.parent / "tokenizer.json"))
    write_model(model, tokenizer, options.out)
    lines = DEMO_QUERIES.read_text(encoding="utf-8").splitlines()
    check(model, tokenizer, options.out, [json.loads(line)["text"] for line in lines[:100]])
    write_manifest(options.out)


if __name__ == "__main__":
    main()
