"""A Qwen2.5-VL with random weights: it keeps how far the last picture moved positions.

Its own processor needs torchvision; the one here writes such inputs, with pixels made up.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tiny_llava import save_tiny_llava

_TOKENS_OF_A_PICTURE = 16
_PATCHES, _WIDTH = 64, 1176  # four patches make a token
_OTHERS = 3
"""Ids that no text has: the marks of a video, and of the begin and end of what is seen."""


class Processor:
    chat_template = None
    image_token = "<image>"

    def __init__(self, folder: Path) -> None:
        from transformers import AutoTokenizer

        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self._mark = self.tokenizer.convert_tokens_to_ids(self.image_token)

    def __call__(self, text: list[str], images: Any, **_: Any) -> dict[str, Any]:
        import torch

        ids: list[int] = []
        for one in self.tokenizer(text[0])["input_ids"]:
            begin = len(self.tokenizer) + 1
            picture = [begin, *[one] * _TOKENS_OF_A_PICTURE, begin + 1]
            ids += picture if one == self._mark else [one]
        whole = torch.tensor([ids])
        made = torch.Generator().manual_seed(len(images or ()))
        return {
            "input_ids": whole,
            "pixel_values": torch.randn(len(images) * _PATCHES, _WIDTH, generator=made),
            "image_grid_thw": torch.tensor([[1, 8, 8]] * len(images)),
            "mm_token_type_ids": (whole == self._mark).int(),
        }


def tiny_qwen_vl(folder: Path) -> tuple[Any, Processor]:
    """The model and its processor; the folder then holds weights to be hashed."""
    import torch
    from transformers import AutoModelForImageTextToText, Qwen2_5_VLConfig

    processor = Processor(save_tiny_llava(folder))
    words = len(processor.tokenizer)
    small = {"hidden_size": 32, "intermediate_size": 48}
    config = Qwen2_5_VLConfig(
        text_config={
            **small,
            "vocab_size": words + _OTHERS,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "max_position_embeddings": 1024,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10000.0,
                "mrope_section": [2, 3, 3],
            },
            "initializer_range": 0.3,
        },
        vision_config={
            **small,
            "depth": 1,
            "num_heads": 2,
            "out_hidden_size": 32,
            "fullatt_block_indexes": [0],
            "window_size": 112,
        },
        image_token_id=processor.tokenizer.convert_tokens_to_ids("<image>"),
        video_token_id=words,
        vision_start_token_id=words + 1,
        vision_end_token_id=words + 2,
    )
    torch.manual_seed(0)
    return AutoModelForImageTextToText.from_config(config).eval(), processor
