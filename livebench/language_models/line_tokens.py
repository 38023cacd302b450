"""Tokens of a context and of the line after it, each tokenised by itself.

Tokenising them together may merge across the boundary; the score of a comment would then depend on
tokens that are partly context. They meet at a line end, where tokenizers of language models split
anyway: what is apart here is what the whole text would be.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any
from unittest import mock

import jinja2

from livebench.errors import LiveBenchError

_ANCHOR = "\n"
_PROBE = "a b\n好c\n"
_FIXED_DATE = "1 Jan 2025"
"""Some chat templates write the day's date; scores must not depend on it."""


_ANSWER = "ANSWER"
_THINKS, _THOUGHT = "<think>", "</think>"
"""Marks of models that think before they answer, whatever `enable_thinking` says (DeepSeek-R1)."""


def chat_opening(tokenizer: Any, messages: list[dict[str, Any]]) -> str:
    """A conversation as the chat template of a tokenizer or processor has it, up to the text of the
    answer; the day is always the same, and nothing is thought."""
    opening = _templated(tokenizer, messages, add_generation_prompt=True)
    # Some leave it to the model to say what kind of answer begins (gpt-oss: the channel).
    is_text = isinstance(messages[-1]["content"], str)
    content = _ANSWER if is_text else [{"type": "text", "text": _ANSWER}]
    try:
        whole = _templated(tokenizer, [*messages, {"role": "assistant", "content": content}])
    except (jinja2.TemplateError, TypeError, ValueError, LookupError):
        whole = ""  # it knows no answers
    before, _, _ = whole.rpartition(_ANSWER)
    if before.startswith(opening) and before[len(opening) :].strip():
        return before
    if opening.rstrip().endswith(_THINKS):
        return f"{opening.rstrip()}\n\n{_THOUGHT}\n\n"
    return opening


def _templated(
    tokenizer: Any, messages: list[dict[str, Any]], *, add_generation_prompt: bool = False
) -> str:
    from transformers.utils import chat_template_utils

    # What is given to a template by name becomes text: a clock cannot be given.
    with mock.patch.object(chat_template_utils, "datetime", _FixedDate):
        text: str = tokenizer.apply_chat_template(
            messages,
            tokenize=False,
            add_generation_prompt=add_generation_prompt,
            enable_thinking=False,
            date_string=_FIXED_DATE,
        )
    return text


class _FixedDate:
    """What a template takes for the clock."""

    @staticmethod
    def now() -> datetime.datetime:
        return datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)


class LineTokens:
    """The tokenizer of a model, for texts that are lines.

    Args:
        tokenizer: of transformers.
        where: named in errors.
        chat: whether the context is the beginning of an answer to an instruction.

    Raises:
        LiveBenchError: the tokenizer does not keep line ends (that of an encoder such as BERT does not),
            or there is no chat template where one is needed.
    """

    def __init__(self, tokenizer: Any, where: str, *, chat: bool = False) -> None:
        self._tokenizer, self._where, self._chat = tokenizer, where, chat
        backend = getattr(tokenizer, "backend_tokenizer", None)
        kind = type(getattr(backend, "model", None)).__name__
        if kind == "WordPiece" or not self._keeps_line_ends():
            named = " (WordPiece, as encoders have)" if kind == "WordPiece" else ""
            what = f"its tokenizer{named} does not keep line ends, and a line end ends a comment"
            raise LiveBenchError(where, what, "give a causal language model")
        if chat and not tokenizer.chat_template:
            raise LiveBenchError(where, "has no chat template", "leave out --chat")
        self._anchor = self._ids([_ANCHOR])[0]
        self.begin = self._begin()

    def context(self, text: str, instruction: str) -> list[int]:
        """The tokens of a context, a begin mark first where the model wants one.

        Special tokens are only those of the chat template: in comments they are text.
        """
        if not self._chat:
            return [*self.begin, *self._ids([text])[0]]
        asked = [{"role": "user", "content": instruction}]
        opening = chat_opening(self._tokenizer, asked)
        given: list[int] = self._tokenizer(opening, add_special_tokens=False)["input_ids"]
        return [*given, *self.lines([text])[0]]

    def lines(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of texts that stand at the beginning of a line, without any mark.

        Raises:
            LiveBenchError: the tokenizer merges a line end with what follows it.
        """
        kept = len(self._anchor)
        found = []
        for text, ids in zip(texts, self._ids([_ANCHOR + text for text in texts]), strict=True):
            if ids[:kept] != self._anchor or len(ids) == kept:
                what = f"its tokenizer does not part the line {text!r} from the line end before it"
                raise LiveBenchError(self._where, what)
            found.append(ids[kept:])
        return found

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        ids: list[list[int]] = self._tokenizer(
            list(texts),
            add_special_tokens=False,
            split_special_tokens=True,
            return_attention_mask=False,
            verbose=False,
        )["input_ids"]
        return ids

    def _begin(self) -> list[int]:
        """The marks that the tokenizer puts before a text: BOS or nothing."""
        bare = self._tokenizer("a", add_special_tokens=False)["input_ids"]
        marked = self._tokenizer("a")["input_ids"]
        for place in range(len(marked) - len(bare) + 1):
            if marked[place : place + len(bare)] == bare:
                return list(marked[:place])
        return []

    def _keeps_line_ends(self) -> bool:
        (ids,) = self._ids([_PROBE])
        text: str = self._tokenizer.decode(ids, clean_up_tokenization_spaces=False)
        return text.count("\n") == _PROBE.count("\n")
