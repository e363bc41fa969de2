"""What transformers makes of the tiny models: rendered prompts, ids, and the state after the last layer's norm."""

import json
import math
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerFast

SYSTEM = "Given an image, summarize the provided image in one word. Given only text, describe the text in one word."
TEXTS = [
    "a cat", "the quick brown fox", "", "heat transfer in a slender body at high speed", "Ünïcödé and 猫",
    "two children watch from the wooden bridge while a small dog runs across the green field",
    "one\nword\n\nand another", "x" * 40, "1962", "The lazy dog sleeps under the old table, measured with three instruments.",
    "a", "assistant", "  spaces  around  ", "describe the text", "a small dog", "old table " * 12,
]  # fmt: skip
# Grids of patches (t, h, w) for Qwen2-VL, rows and columns of tiles for SmolVLM.
GRIDS = [(1, 4, 4), (1, 4, 8), (1, 10, 6), (1, 2, 2)]
TILES = [(0, 0), (2, 2), (1, 2), (2, 1)]
IMAGE_TEXTS = [None, "a small dog", "the quick brown fox jumps over the lazy dog", "what is in <|image_1|> here?"]
QUERY_TEXT = "\nRepresent the given text in one word."
QUERY_IMAGE = "\nRepresent the given text/image in one word."


def synthetic(count: int, seed: int) -> torch.Tensor:
    """Values of an image that both sides compute: sin(0.7 i + seed)."""
    return torch.tensor([math.sin(0.7 * i + seed) for i in range(count)], dtype=torch.float32)


def messages(text: str | None, image: bool, suffix: str, *, parts: bool):
    text = (text or "") + suffix
    if image:
        before, after = text.split("<|image_1|>") if "<|image_1|>" in text else ("", text)
        user = [{"type": "text", "text": before}, {"type": "image"}, {"type": "text", "text": after}]
        user = [part for part in user if part["type"] == "image" or part["text"]]
    else:
        user = [{"type": "text", "text": text}]
    if not parts:
        return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]
    return [{"role": "system", "content": [{"type": "text", "text": SYSTEM}]}, {"role": "user", "content": user}]


def write(model, family: str, out: Path, template: str) -> None:
    tokenizer = PreTrainedTokenizerFast.from_pretrained(out)
    vision = family not in ("qwen3", "llama")
    rows = [{"text": text, "image": None, "side": side} for i, text in enumerate(TEXTS) for side in (("query", "document")[i % 2],)]
    if vision:
        places = TILES if family == "smolvlm" else GRIDS
        rows += [{"text": t, "image": list(place), "side": ("document", "query")[i % 2]} for i, (t, place) in enumerate(zip(IMAGE_TEXTS, places))]
    for i, row in enumerate(rows):
        image = row["image"] is not None
        suffix = "" if row["side"] == "document" else QUERY_IMAGE if image else QUERY_TEXT
        conversation = messages(row["text"], image, suffix, parts=vision)
        row["rendered"] = tokenizer.apply_chat_template(conversation, chat_template=template, tokenize=False, add_generation_prompt=True)
        row["ids"] = tokenizer(expanded(row, family, model), add_special_tokens=False)["input_ids"]
        row["seed"] = i
    for row in rows:
        row["state"] = [round(value, 7) for value in states(model, family, [row])[0].tolist()]
    together = states(model, family, rows[:16])
    alone = torch.tensor([row["state"] for row in rows[:16]])
    assert torch.allclose(together, alone, atol=2e-5), (together - alone).abs().max()
    (out / "golden.json").write_text(json.dumps({"system": SYSTEM, "rows": rows}, ensure_ascii=False, indent=None) + "\n")


def expanded(row, family: str, model) -> str:
    """The prompt with an image's tokens, as the families' processors write it."""
    if row["image"] is None:
        return row["rendered"]
    if family == "smolvlm":
        from transformers.models.smolvlm.processing_smolvlm import get_image_prompt_string

        vision = model.config.vision_config
        each = (vision.image_size // vision.patch_size // model.config.scale_factor) ** 2
        rows, columns = row["image"]
        markup = get_image_prompt_string(rows, columns, each, "<fake_token_around_image>", "<image>", "<global-img>")
        return row["rendered"].replace("<image>", markup)
    t, h, w = row["image"]
    return row["rendered"].replace("<|image_pad|>", "<|image_pad|>" * (t * h * w // 4))


def states(model, family: str, rows) -> torch.Tensor:
    """[rows, hidden], of rows padded on the left to one length."""
    length = max(len(row["ids"]) for row in rows)
    ids = torch.tensor([[0] * (length - len(row["ids"])) + row["ids"] for row in rows])
    mask = torch.tensor([[0] * (length - len(row["ids"])) + [1] * len(row["ids"]) for row in rows])
    inputs = {"input_ids": ids, "attention_mask": mask}
    images = [row for row in rows if row["image"] is not None]
    if images and family == "smolvlm":
        side = model.config.vision_config.image_size
        assert len(images) == 1
        frames = images[0]["image"][0] * images[0]["image"][1] + 1
        inputs["pixel_values"] = synthetic(frames * 3 * side * side, images[0]["seed"]).view(1, frames, 3, side, side)
        inputs["pixel_attention_mask"] = torch.ones(1, frames, side, side, dtype=torch.bool)
    elif images:
        inputs["pixel_values"] = torch.cat([synthetic(math.prod(row["image"]) * 1176, row["seed"]).view(-1, 1176) for row in images])
        inputs["image_grid_thw"] = torch.tensor([row["image"] for row in images])
    if family.startswith("qwen2"):
        inputs["mm_token_type_ids"] = (ids == model.config.image_token_id).int()
    with torch.no_grad():
        return model.model(**inputs).last_hidden_state[:, -1]
