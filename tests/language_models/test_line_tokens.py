"""Where contexts and comments meet: tokens of both apart are those of the whole text."""

from __future__ import annotations

import pytest
from tokenizers import (
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerFast

from livebench.errors import LiveBenchError
from livebench.language_models.line_tokens import LineTokens, chat_opening

CORPUS = ["弹幕：\n[0s]\n哈哈哈\n", "前方高能 awsl\n", "Hello there, hello!\n[-3s]\n"] * 20
CONTEXT = "弹幕：\n[-3s]\n哈哈\n[0s]\n"
LINES = ["哈哈哈\n", "hello there!\n", "（？）\n", "233\n", "<s></s>\n", "👍🏻\n"]
SPLIT = Regex(
    r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPECIAL = ["<s>", "</s>", "<unk>"]


def trained(model, trainer, **parts) -> Tokenizer:
    tokenizer = Tokenizer(model)
    for name, part in parts.items():
        setattr(tokenizer, name, part)
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def bytes_bpe(split: bool) -> Tokenizer:
    """As of GPT-2, or as of Llama 3 and Qwen, where marks and a line end may be one token."""
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=not split)
    by_pattern = [pre_tokenizers.Split(SPLIT, "isolated")] if split else []
    return trained(
        models.BPE(),
        trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=SPECIAL,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
        pre_tokenizer=pre_tokenizers.Sequence([*by_pattern, level]),
        decoder=decoders.ByteLevel(),
    )


def pieces(mark: bool) -> Tokenizer:
    """As of SentencePiece with bytes for what is unknown, with or without a mark of a space before a
    text (Llama 2, Gemma)."""
    alphabet = sorted({character for text in CORPUS for character in text} - {"\n", " "})
    vocabulary = [*SPECIAL, *(f"<0x{number:02X}>" for number in range(256)), "▁", *alphabet]
    merges = [("哈", "哈"), ("▁", "哈"), ("▁", "h"), ("l", "l")]
    vocabulary += ["".join(pair) for pair in merges]
    tokenizer = Tokenizer(
        models.BPE(
            vocab={piece: number for number, piece in enumerate(dict.fromkeys(vocabulary))},
            merges=merges,
            unk_token="<unk>",
            byte_fallback=True,
            fuse_unk=True,
        )
    )
    before = [normalizers.Prepend("▁")] if mark else []
    tokenizer.normalizer = normalizers.Sequence([*before, normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    return tokenizer


def wrapped(tokenizer: Tokenizer, *, begin: bool = False, template: str = "") -> LineTokens:
    for name in SPECIAL:
        tokenizer.add_special_tokens([name])
    if begin:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))]
        )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )
    if template:
        fast.chat_template = template
    return LineTokens(fast, "model", chat=bool(template))


KINDS = {
    "bytes": lambda: bytes_bpe(False),
    "bytes, marks joined": lambda: bytes_bpe(True),
    "pieces, no mark": lambda: pieces(False),
    "pieces, mark": lambda: pieces(True),
}


@pytest.mark.parametrize("begin", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_apart_is_as_together(kind, begin):
    tokens = wrapped(KINDS[kind](), begin=begin)
    assert len(tokens.begin) == begin
    context = tokens.context(CONTEXT, "")
    assert context[:begin] == tokens.begin
    for line, ids in zip(LINES, tokens.lines(LINES), strict=True):
        assert context + ids == tokens.context(CONTEXT + line, "")
        assert not set(ids) & {0, 1}, "a mark in a comment is text"


def test_a_chat_template_opens_an_answer():
    template = (
        "{% macro day() %}{{ strftime_now('%d.%m.%Y') }}{% endmacro %}"
        "{{ bos_token }}Q {{ messages[0].content }} {{ day() }}</s>\n"
        "{% if add_generation_prompt %}A\n{% endif %}"
    )
    tokens = wrapped(bytes_bpe(True), begin=True, template=template)
    context = tokens.context(CONTEXT, "Go on.")
    assert context[0] == 0 and context.count(0) == 1 and context.count(1) == 1
    assert "01.01.2025" in tokens._tokenizer.decode(context)
    assert context[-len(tokens.lines([CONTEXT])[0]) :] == tokens.lines([CONTEXT])[0]


# What stands before an answer in the templates of these models, in short.
_SAID = "{% for m in messages %}<|start|>{{ m.role }}"
OPENINGS = {
    "as Llama": (
        _SAID + ":{{ m.content }}<|end|>{% endfor %}"
        "{% if add_generation_prompt %}<|start|>assistant:{% endif %}",
        "<|start|>user:Go on.<|end|><|start|>assistant:",
    ),
    "as gpt-oss, where the model is to choose the channel": (
        _SAID + "{% if m.role == 'assistant' %}<|channel|>final{% endif %}<|message|>"
        "{{ m.content }}<|end|>{% endfor %}"
        "{% if add_generation_prompt %}<|start|>assistant{% endif %}",
        "<|start|>user<|message|>Go on.<|end|><|start|>assistant<|channel|>final<|message|>",
    ),
    "as Qwen3, which can be told not to think": (
        _SAID + "\n{% if loop.last and m.role == 'assistant' %}<think>\n\n</think>\n\n{% endif %}"
        "{{ m.content }}<|end|>\n{% endfor %}{% if add_generation_prompt %}<|start|>assistant\n"
        "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n"
        "{% endif %}{% endif %}",
        "<|start|>user\nGo on.<|end|>\n<|start|>assistant\n<think>\n\n</think>\n\n",
    ),
    "as DeepSeek-R1, which cannot": (
        _SAID + ":{{ m.content }}<|end|>{% endfor %}"
        "{% if add_generation_prompt %}<|start|>assistant:<think>\n{% endif %}",
        "<|start|>user:Go on.<|end|><|start|>assistant:<think>\n\n</think>\n\n",
    ),
    "as Mistral, with a space before an answer": (
        "{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]"
        "{% else %} {{ m.content }}</s>{% endif %}{% endfor %}",
        "[INST] Go on. [/INST]",
    ),
    "of one that refuses answers": (
        "{% for m in messages %}{% if m.role != 'user' %}{{ raise_exception('no') }}{% endif %}"
        "Q: {{ m.content }}\n{% endfor %}A:",
        "Q: Go on.\nA:",
    ),
}


@pytest.mark.parametrize("case", OPENINGS)
def test_a_comment_is_the_text_of_an_answer(case):
    template, expected = OPENINGS[case]
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bytes_bpe(False), eos_token="</s>")
    tokenizer.chat_template = template
    assert chat_opening(tokenizer, [{"role": "user", "content": "Go on."}]) == expected


def word_pieces() -> Tokenizer:
    return trained(
        models.WordPiece(unk_token="<unk>"),
        trainers.WordPieceTrainer(vocab_size=300, special_tokens=SPECIAL, show_progress=False),
        pre_tokenizer=pre_tokenizers.BertPreTokenizer(),
        decoder=decoders.WordPiece(),
    )


def spaces_for_lines() -> Tokenizer:
    """As of T5: white space is one space."""
    return trained(
        models.Unigram(),
        trainers.UnigramTrainer(
            vocab_size=200, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False
        ),
        normalizer=normalizers.Replace(Regex(r"\s+"), " "),
        pre_tokenizer=pre_tokenizers.Metaspace(),
        decoder=decoders.Metaspace(),
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (word_pieces, r"its tokenizer \(WordPiece, as encoders have\) does not keep line ends"),
        (spaces_for_lines, "its tokenizer does not keep line ends"),
    ],
)
def test_a_tokenizer_without_line_ends_is_refused(make, message):
    with pytest.raises(LiveBenchError, match=message):
        wrapped(make())


def test_a_tokenizer_without_a_template_does_not_chat():
    with pytest.raises(LiveBenchError, match="has no chat template"):
        LineTokens(
            PreTrainedTokenizerFast(tokenizer_object=bytes_bpe(False), eos_token="</s>"),
            "model",
            chat=True,
        )
