"""Writes a checkpoint as the model directory that the product reads, and checks it against the checkpoint."""

import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from manifest import write_manifest
from model import Config, Decoder
from onnx_graph import build_model
from prompt import CHAT_TEMPLATE, render
from tokenizers import Tokenizer

DEMO_QUERIES = Path(__file__).parent.parent / "demo" / "data" / "queries.jsonl"


def write_config(config: Config, out: Path) -> None:
    fields = {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "hidden_act": "silu",
        "hidden_size": config.hidden_size,
        "intermediate_size": config.intermediate_size,
        "num_hidden_layers": config.num_hidden_layers,
        "num_attention_heads": config.num_attention_heads,
        "num_key_value_heads": config.num_key_value_heads,
        "head_dim": config.head_dim,
        "rms_norm_eps": config.rms_norm_eps,
        "rope_theta": config.rope_theta,
        "max_position_embeddings": config.max_position_embeddings,
        "vocab_size": config.vocab_size,
        "tie_word_embeddings": True,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "torch_dtype": "float32",
    }
    out.write_text(json.dumps(fields, indent=2) + "\n")


def write_tokenizer(tokenizer: Tokenizer, config: Config, out: Path) -> None:
    fields = json.loads(tokenizer.to_str())
    (out / "tokenizer.json").write_text(json.dumps(fields, ensure_ascii=False, indent=0) + "\n")
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": config.max_position_embeddings,
        "padding_side": "right",
        "pad_token": "<|pad|>",
        "eos_token": "<|im_end|>",
        "unk_token": "[UNK]",
        "add_bos_token": False,
        "clean_up_tokenization_spaces": False,
        "chat_template": CHAT_TEMPLATE,
    }
    (out / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")


def check(model: Decoder, tokenizer: Tokenizer, path: Path, texts: list[str]) -> None:
    """Exported and trained model agree; a row's result does not depend on padding or on other rows."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    encoded = [e.ids for e in tokenizer.encode_batch([render(t, query=i % 2 == 0) for i, t in enumerate(texts)])]

    def run(rows: list[list[int]], width: int) -> np.ndarray:
        ids, mask = np.zeros((2, len(rows), width), dtype=np.int64)
        for i, row in enumerate(rows):
            ids[i, : len(row)], mask[i, : len(row)] = row, 1
        hidden = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return np.stack([hidden[i, len(row) - 1] for i, row in enumerate(rows)])

    with torch.no_grad():
        wanted = np.stack([model(torch.tensor([row]))[0, -1].numpy() for row in encoded])
    longest = max(map(len, encoded))
    alone = np.concatenate([run([row], len(row)) for row in encoded])
    together = run(encoded, longest)
    wider = run(encoded[::-1], longest + 17)[::-1]
    cosine = (wanted * alone).sum(1) / np.linalg.norm(wanted, axis=1) / np.linalg.norm(alone, axis=1)
    print(f"cosine to the checkpoint: least {cosine.min():.6f}, mean {cosine.mean():.6f}")
    print(f"largest difference: alone/together {abs(alone - together).max():.2e}, padding {abs(wider - together).max():.2e}")
    assert cosine.min() > 0.999 and abs(alone - together).max() < 1e-3 and abs(wider - together).max() < 1e-3


def main() -> None:
    flags = argparse.ArgumentParser()
    flags.add_argument("--checkpoint", type=Path, required=True, help="checkpoint.pt, with its tokenizer.json beside it")
    flags.add_argument("--out", type=Path, required=True, help="the model's directory")
    flags.add_argument("--untrained", action="store_true", help="random weights of the same architecture: a baseline")
    options = flags.parse_args()

    saved = torch.load(options.checkpoint, weights_only=True)
    config = Config(**saved["config"])
    torch.manual_seed(0)
    model = Decoder(config).eval()
    if not options.untrained:
        model.load_state_dict(saved["model"])
    tokenizer = Tokenizer.from_file(str(options.checkpoint.parent / "tokenizer.json"))
    (options.out / "onnx").mkdir(parents=True, exist_ok=True)
    write_config(config, options.out / "config.json")
    write_tokenizer(tokenizer, config, options.out)
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    path = options.out / "onnx" / "model.onnx"
    path.write_bytes(build_model(config, weights).SerializeToString())
    lines = DEMO_QUERIES.read_text(encoding="utf-8").splitlines()
    check(model, tokenizer, path, [json.loads(line)["text"] for line in lines[:200]])
    write_manifest(options.out)


if __name__ == "__main__":
    main()
