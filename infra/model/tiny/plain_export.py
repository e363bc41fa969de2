"""A Llama-like decoder and a SigLIP-like vision encoder in plain torch, exported in the layout of transformers.js.

For families that no exporter takes (SmolVLM). The weights are those of the transformers model; the arithmetic is written
out here, so that the exported graph has its norms in parts, as older exports have.
"""

import torch
from torch import nn


def rms_norm(x, weight, epsilon):
    return weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + epsilon))


class Decoder(nn.Module):
    """inputs_embeds, attention_mask, position_ids and past keys and values -> logits and present ones."""

    def __init__(self, model, text_config):
        super().__init__()
        self.text, self.lm_head, self.config = getattr(model.model, "text_model", model.model), model.lm_head, text_config
        theta = text_config.rope_parameters["rope_theta"]
        half = text_config.hidden_size // text_config.num_attention_heads // 2
        self.register_buffer("frequencies", theta ** -(torch.arange(half).float() / half))

    def forward(self, inputs_embeds, attention_mask, position_ids, *past):
        c = self.config
        heads, shared = c.num_attention_heads, c.num_key_value_heads
        size = c.hidden_size // heads
        batch, length, _ = inputs_embeds.shape
        total = attention_mask.shape[1]
        angles = position_ids[..., None].float() * self.frequencies
        angles = torch.cat([angles, angles], -1)[:, None]
        cos, sin = angles.cos(), angles.sin()

        def rotate(x):
            a, b = x.chunk(2, -1)
            return x * cos + torch.cat([-b, a], -1) * sin

        places = torch.arange(total)
        queries_at = places[total - length :]
        seen = (places[None, :] <= queries_at[:, None])[None] & attention_mask[:, None, :].bool()
        bias = torch.where(seen, 0.0, -1e9)[:, None]
        x, present = inputs_embeds, []
        for i, layer in enumerate(self.text.layers):
            h = rms_norm(x, layer.input_layernorm.weight, c.rms_norm_eps)
            attention = layer.self_attn
            q = rotate(attention.q_proj(h).view(batch, length, heads, size).transpose(1, 2))
            k = rotate(attention.k_proj(h).view(batch, length, shared, size).transpose(1, 2))
            v = attention.v_proj(h).view(batch, length, shared, size).transpose(1, 2)
            k, v = torch.cat([past[2 * i], k], 2), torch.cat([past[2 * i + 1], v], 2)
            present += [k, v]
            times = heads // shared
            scores = q @ k.repeat_interleave(times, 1).transpose(2, 3) * size**-0.5 + bias
            mixed = (scores.softmax(-1) @ v.repeat_interleave(times, 1)).transpose(1, 2).reshape(batch, length, -1)
            x = x + attention.o_proj(mixed)
            h = rms_norm(x, layer.post_attention_layernorm.weight, c.rms_norm_eps)
            x = x + layer.mlp.down_proj(nn.functional.silu(layer.mlp.gate_proj(h)) * layer.mlp.up_proj(h))
        h = rms_norm(x, self.text.norm.weight, c.rms_norm_eps)
        return self.lm_head(h), *present


class VisionEncoder(nn.Module):
    """pixel_values [batch, frames, 3, size, size] and its mask -> image_features [frames, tokens, hidden]."""

    def __init__(self, model):
        super().__init__()
        self.model = model.model

    def forward(self, pixel_values, pixel_attention_mask):
        vision = self.model.vision_model
        x = vision.embeddings.patch_embedding(pixel_values.flatten(0, 1)).flatten(2).transpose(1, 2)
        x = x + vision.embeddings.position_embedding.weight
        heads = vision.config.num_attention_heads
        for layer in vision.encoder.layers:
            h = layer.layer_norm1(x)
            attention = layer.self_attn
            split = lambda y: y.unflatten(-1, (heads, -1)).transpose(1, 2)  # noqa: E731
            q, k, v = split(attention.q_proj(h)), split(attention.k_proj(h)), split(attention.v_proj(h))
            scores = (q @ k.transpose(2, 3) * q.shape[-1] ** -0.5).softmax(-1)
            x = x + attention.out_proj((scores @ v).transpose(1, 2).flatten(2))
            x = x + layer.mlp(layer.layer_norm2(x))
        features = self.model.connector(vision.post_layernorm(x))
        # The mask is an input of published exports; a still image is seen whole.
        return features * pixel_attention_mask.flatten(0, 1).any(-1).any(-1)[:, None, None]


class EmbedTokens(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.table = model.model.text_model.embed_tokens

    def forward(self, input_ids):
        return self.table(input_ids)


def export_smolvlm(model, onnx_directory):
    config = model.config.text_config
    onnx_directory.mkdir(parents=True, exist_ok=True)
    batch, length, past = torch.export.Dim("batch"), torch.export.Dim("length"), torch.export.Dim("past")
    size = config.hidden_size // config.num_attention_heads
    layers = config.num_hidden_layers
    cache = [torch.zeros(2, config.num_key_value_heads, 3, size) for _ in range(2 * layers)]
    names = [f"{i}.{kind}" for i in range(layers) for kind in ("key", "value")]
    decoder_inputs = (
        torch.randn(2, 5, config.hidden_size),
        torch.ones(2, 8, dtype=torch.int64),
        torch.arange(3, 8).repeat(2, 1),
        *cache,
    )
    auto = torch.export.Dim.AUTO
    del batch, length, past
    torch.onnx.export(
        Decoder(model, config),
        decoder_inputs,
        onnx_directory / "decoder_model_merged.onnx",
        input_names=["inputs_embeds", "attention_mask", "position_ids", *(f"past_key_values.{n}" for n in names)],
        output_names=["logits", *(f"present.{n}" for n in names)],
        dynamic_shapes=(
            {0: auto, 1: auto}, {0: auto, 1: auto}, {0: auto, 1: auto},
            tuple({0: auto, 2: auto} for _ in cache),
        ),
        opset_version=18,
        external_data=False,
        dynamo=True,
    )  # fmt: skip
    torch.onnx.export(
        EmbedTokens(model),
        (torch.ones(2, 5, dtype=torch.int64),),
        onnx_directory / "embed_tokens.onnx",
        input_names=["input_ids"],
        output_names=["inputs_embeds"],
        dynamic_shapes=({0: auto, 1: auto},),
        opset_version=18,
        external_data=False,
        dynamo=True,
    )
    side = model.config.vision_config.image_size
    torch.onnx.export(
        VisionEncoder(model),
        (torch.randn(1, 3, 3, side, side), torch.ones(1, 3, side, side, dtype=torch.bool)),
        onnx_directory / "vision_encoder.onnx",
        input_names=["pixel_values", "pixel_attention_mask"],
        output_names=["image_features"],
        dynamic_shapes=({1: auto}, {1: auto}),
        opset_version=18,
        external_data=False,
        dynamo=True,
    )
