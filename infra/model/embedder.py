"""The exported model as an embedder, in Python: what the product does, written again, so that figures do not hang on it."""

from pathlib import Path

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, load
from prompt import IMAGE, IMAGE_SUFFIX, TEXT_SUFFIX, head
from tokenizers import Tokenizer
from vision import DEVIATION, FRAMES, MEAN, MERGE, PATCH

PROMPTS = {  # name -> (system prompt for every input, suffix for queries)
    "hierarchical": (True, True),
    "system": (True, False),
    "user": (False, True),
    "none": (False, False),
}
PLACEHOLDER = "<|image_1|>"  # of MMEB
Content = tuple[str, np.ndarray | None]  # text with the placeholder, and the picture, uint8 [height, width, 3]


def patches(picture: np.ndarray) -> np.ndarray:
    """As Qwen2-VL's processor: [patches, 3 x 2 x 14 x 14]; sides are multiples of 28."""
    pixels = ((picture / 255 - MEAN) / DEVIATION).astype(np.float32)
    down, across = (side // (PATCH * MERGE) for side in picture.shape[:2])
    cut = pixels.reshape(down, MERGE, PATCH, across, MERGE, PATCH, 3).transpose(0, 3, 1, 4, 6, 2, 5)
    cut = cut.reshape(-1, 3, 1, PATCH * PATCH)
    return np.repeat(cut, FRAMES, axis=2).reshape(len(cut), -1)


def headless(path: Path) -> bytes:
    """The decoder with the input of its last multiplication for an output: the state after the final norm."""
    model = load(path)
    product = next(node for node in model.graph.node if "logits" in node.output)
    wanted = helper.make_tensor_value_info(product.input[0], TensorProto.FLOAT, None)
    model.graph.node.remove(product)
    del model.graph.output[:]
    model.graph.output.append(wanted)
    return model.SerializeToString()


class Embedder:
    def __init__(self, directory: Path, prompt: str = "hierarchical", threads: int = 1):
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = threads
        load_session = lambda model: onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
        graphs = directory / "onnx"
        self.tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self.tokens, self.vision = (load_session(str(graphs / f"{n}.onnx")) for n in ("embed_tokens", "vision_encoder"))
        self.decoder = load_session(headless(graphs / "decoder_model_merged.onnx"))
        self.system, self.suffix = PROMPTS[prompt]
        self.image = self.tokenizer.token_to_id("<|image_pad|>")
        self.past = {
            i.name: [1, i.shape[1], 0, i.shape[3]] for i in self.decoder.get_inputs() if i.name.startswith("past_key_values")
        }

    def row(self, content: Content, query: bool) -> tuple[list[int], np.ndarray]:
        """Token ids of the whole prompt, every image token repeated, and the positions [3, length]."""
        text, picture = content
        suffix = (TEXT_SUFFIX if picture is None else IMAGE_SUFFIX) if query and self.suffix else ""
        body = text.replace(PLACEHOLDER, IMAGE) if picture is not None else text
        prompt = f"{head(self.system)}{body}{suffix}<|im_end|>\n<|im_start|>assistant\n"
        ids, places, at = [], [], 0
        for id in self.tokenizer.encode(prompt).ids:
            if id == self.image:
                down, across = (side // (PATCH * MERGE) for side in picture.shape[:2])
                ids += [id] * (down * across)
                places += [(at, at + r, at + c) for r in range(down) for c in range(across)]
                at += max(down, across)
            else:
                ids.append(id)
                places.append((at, at, at))
                at += 1
        return ids, np.array(places).T

    def states(self, contents: list[Content], query: bool, more_padding: int = 0) -> np.ndarray:
        """The last token's state of every row of one batch, not normalised."""
        encoded = [self.row(content, query) for content in contents]
        width = max(len(ids) for ids, _ in encoded) + more_padding
        ids, mask = np.zeros((2, len(encoded), width), dtype=np.int64)
        positions = np.zeros((3, len(encoded), width), dtype=np.int64)
        for i, (row, places) in enumerate(encoded):
            ids[i, : len(row)], mask[i, : len(row)], positions[:, i, : len(row)] = row, 1, places
        vectors = self.tokens.run(None, {"input_ids": ids})[0]
        pictures = [picture for _, picture in contents if picture is not None]
        if pictures:
            grids = np.array([[1, p.shape[0] // PATCH, p.shape[1] // PATCH] for p in pictures])
            pixels = np.concatenate([patches(p) for p in pictures])
            vectors[ids == self.image] = self.vision.run(None, {"pixel_values": pixels, "grid_thw": grids})[0]
        past = {name: np.zeros([len(ids), *shape[1:]], dtype=np.float32) for name, shape in self.past.items()}
        hidden = self.decoder.run(None, {"inputs_embeds": vectors, "attention_mask": mask, "position_ids": positions, **past})[0]
        return np.stack([hidden[i, len(row) - 1] for i, (row, _) in enumerate(encoded)])

    def embed(self, contents: list[Content], query: bool, size: int = 48) -> np.ndarray:
        """Unit vectors, in the order of the contents; texts of about one length go together."""
        order = sorted(range(len(contents)), key=lambda i: (contents[i][1] is not None, len(contents[i][0])))
        vectors: list = [None] * len(contents)
        for start in range(0, len(order), size):
            chosen = order[start : start + size]
            for i, state in zip(chosen, self.states([contents[i] for i in chosen], query)):
                vectors[i] = state / np.linalg.norm(state)
        return np.stack(vectors)
