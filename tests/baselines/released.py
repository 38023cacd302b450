"""A small checkpoint as the released code saves it, for the tests of the released transformer."""

from __future__ import annotations

import torch

ENTRY = "livebench_baselines.released_transformer:ReleasedTransformer"
WIDTH, HEADS, BLOCKS, FEED_FORWARD, WORDS = 8, 2, 2, 12, 30


def released_state(width=WIDTH, blocks=BLOCKS, feed_forward=FEED_FORWARD, words=WORDS):
    """A state dict as the released code saves it, of random numbers."""
    generator = torch.Generator().manual_seed(0)

    def tensor(*shape):
        return torch.randn(*shape, generator=generator) / 2

    state = {"embedding.0.lut.weight": tensor(words, width), "embedding.1.pe": tensor(1, 50, width)}
    attentions = ("self_attn", "video_attn", "text_attn")
    for stack, count in (("video_encoder", 1), ("text_encoder", 2), ("comment_decoder", 3)):
        for block in range(blocks):
            layer = f"{stack}.layers.{block}"
            for attention in attentions[:count]:
                for number in range(4):
                    state[f"{layer}.{attention}.linears.{number}.weight"] = tensor(width, width)
                    state[f"{layer}.{attention}.linears.{number}.bias"] = tensor(width)
            state[f"{layer}.feed_forward.w_1.weight"] = tensor(feed_forward, width)
            state[f"{layer}.feed_forward.w_1.bias"] = tensor(feed_forward)
            state[f"{layer}.feed_forward.w_2.weight"] = tensor(width, feed_forward)
            state[f"{layer}.feed_forward.w_2.bias"] = tensor(width)
            for number in range(count + 1):
                state[f"{layer}.sublayer.{number}.norm.a_2"] = tensor(width)
                state[f"{layer}.sublayer.{number}.norm.b_2"] = tensor(width)
        state[f"{stack}.norm.a_2"] = tensor(width)
        state[f"{stack}.norm.b_2"] = tensor(width)
    state["output_layer.weight"] = tensor(words, width)
    state["output_layer.bias"] = tensor(words)
    return state


def released_words(words=WORDS):
    names = ["<PAD>", "<BOS>", "<EOS>", "<UNK>", "<&&&>", *(f"词{n}" for n in range(5, words))]
    return {name: number for number, name in enumerate(names)}
