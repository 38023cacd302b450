"""A Llava with random weights, whose pictures are 4 tokens each, in a folder of its own."""

from __future__ import annotations

from pathlib import Path

from tiny_llama import save_tiny_llama

TEMPLATE = (
    "{% for one in messages %}<s>{{ one.role }} {{ strftime_now('%d.%m.%Y') }}:"
    "{% for part in one.content %}{% if part.type == 'image' %}<image>{% else %}{{ part.text }}"
    "{% endif %}{% endfor %}\n{% endfor %}{% if add_generation_prompt %}assistant:\n{% endif %}"
)


def save_tiny_llava(folder: Path, *, chat: bool = False, longest: int = 1024) -> Path:
    """Write model and processor as transformers do."""
    import torch
    from transformers import (
        AutoTokenizer,
        CLIPImageProcessorPil,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )

    tokenizer = AutoTokenizer.from_pretrained(save_tiny_llama(folder / "text"))
    tokenizer.add_special_tokens({"additional_special_tokens": ["<image>"]})
    small = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(
            **small, num_attention_heads=2, image_size=28, patch_size=14, projection_dim=32
        ),
        text_config=LlamaConfig(
            **small,
            vocab_size=len(tokenizer),
            num_attention_heads=2,
            max_position_embeddings=longest,
            initializer_range=0.3,
        ),
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=4,
        vision_feature_layer=-1,
    )
    torch.manual_seed(0)
    model = LlavaForConditionalGeneration(config)
    with torch.no_grad():  # pictures are to matter
        for parameter in model.model.multi_modal_projector.parameters():
            parameter.mul_(30)
    model.save_pretrained(folder)
    LlavaProcessor(
        image_processor=CLIPImageProcessorPil(
            size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28}
        ),
        tokenizer=tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        image_token="<image>",
        num_additional_image_tokens=1,
        chat_template=TEMPLATE if chat else None,
    ).save_pretrained(folder)
    return folder
