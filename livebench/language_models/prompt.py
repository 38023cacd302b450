"""The prompt: a moment as a text for a language model, by templates that are data.

The context ends with a line end and the comment is the next line, so that the two can be tokenised
apart, and the line end after the comment is its end.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import msgspec
import numpy as np
from jinja2.sandbox import ImmutableSandboxedEnvironment

from livebench.errors import LiveBenchError
from livebench.records import parse_toml
from livebench.scoring.scorer import Comment, VideoContext

DEFAULT_PROMPT = "lines"
_OTHERS = "en"
"""The language whose template serves languages that have none."""

_NOTHING = VideoContext(0, np.empty((0, 0), np.float32), np.empty(0, np.int64), "", "")
_SOME = [Comment("a", "a", -1.0), Comment("b", "b", 0.0)]


class LanguageTemplates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The templates of a language: `context` ends with a line end; chat models are given `instruction`,
    and `context` opens their answer."""

    instruction: str
    context: str


class PromptRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A prompt as its TOML file says it; `languages` are by tag, `en` serves those without their own."""

    name: str
    version: int
    languages: dict[str, LanguageTemplates]


class ContextComment(NamedTuple):
    """A comment as a template sees it: whole seconds from the moment, and its text on one line."""

    second: int
    text: str


class PromptTexts(NamedTuple):
    """What a language model is given: the log-likelihood of `candidate` after `context` is the score.

    Attributes:
        context: ends with a line end.
        candidate: one line, its line end included: it is scored as the end of the comment.
    """

    context: str
    candidate: str


@dataclass(frozen=True)
class Prompt:
    """A prompt for all languages.

    Raises:
        LiveBenchError: a template is not Jinja, or its context does not end with a line end.
    """

    record: PromptRecord
    where: str = "prompt"

    def __post_init__(self) -> None:
        if not self.record.languages:
            raise LiveBenchError(self.where, "has no language", "write [languages.en]")
        for language in self.record.languages:
            shown = _NOTHING._replace(language=language)
            contexts = (
                self.context(shown, []),
                self.context(shown._replace(title="t", category="c"), _SOME),
            )
            if not all(context.endswith("\n") for context in contexts):
                raise LiveBenchError(
                    self.where,
                    "the context does not end with a line end",
                    "let the comment begin on a line of its own",
                    f"languages.{language}",
                )

    @property
    def sha256(self) -> str:
        """Of its content; comments and layout of its file do not matter."""
        return hashlib.sha256(msgspec.json.encode(self.record, order="sorted")).hexdigest()

    @property
    def label(self) -> str:
        """As the signature names it: name, version and 8 digits of its hash."""
        return f"{self.record.name}-{self.record.version}@{self.sha256[:8]}"

    def context(
        self, video_ctx: VideoContext, comments: Sequence[Comment], *, dropped: int = 0
    ) -> str:
        """The text before the comment; it ends with a line end.

        Args:
            video_ctx: its `language` chooses the template.
            comments: around the moment, in any order; none in the settings `video` and `blind`.
            dropped: how many of the oldest comments to leave out.
        """
        shown = sorted(comments, key=lambda comment: comment.time)[dropped:]
        return self._render(video_ctx, shown, "context")

    def instruction(self, video_ctx: VideoContext) -> str:
        """What a chat model is asked."""
        return self._render(video_ctx, (), "instruction")

    def texts(
        self, video_ctx: VideoContext, comments: Sequence[Comment], candidate: Comment
    ) -> PromptTexts:
        """Context and candidate of a moment, in any setting."""
        return PromptTexts(self.context(video_ctx, comments), line_of(candidate))

    def _render(self, video_ctx: VideoContext, comments: Sequence[Comment], part: str) -> str:
        own = self._language(video_ctx.language)
        text: str = self._compiled[own][part].render(
            title=_one_line(video_ctx.title),
            category=_one_line(video_ctx.category),
            comments=[
                ContextComment(math.floor(comment.time), _one_line(comment.text))
                for comment in comments
            ],
        )
        return text

    def _language(self, tag: str) -> str:
        known = self.record.languages
        for name in (tag, tag.partition("-")[0], _OTHERS):
            if name in known:
                return name
        return next(iter(known))

    @cached_property
    def _compiled(self) -> Mapping[str, Mapping[str, jinja2.Template]]:
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            undefined=jinja2.StrictUndefined,
            autoescape=False,  # nosec B701 (plain text)
        )
        compiled: dict[str, dict[str, jinja2.Template]] = {}
        for language, templates in self.record.languages.items():
            parts = {"context": templates.context, "instruction": templates.instruction}
            try:
                compiled[language] = {
                    name: environment.from_string(text) for name, text in parts.items()
                }
                for template in compiled[language].values():
                    for title, comments in (("", []), ("t", [ContextComment(0, "x")] * 2)):
                        template.render(title=title, category=title, comments=comments)
            except Exception as error:  # a template may compute whatever it likes
                what = f"is not a template: {' '.join(str(error).split())}"
                raise LiveBenchError(self.where, what, place=f"languages.{language}") from None
        return compiled


def line_of(comment: Comment) -> str:
    """A comment as one line, its line end included."""
    return f"{_one_line(comment.text)}\n"


def read_prompt(source: Path | str | Mapping[str, Any] = DEFAULT_PROMPT) -> Prompt:
    """A prompt that ships with LiveBench, by name; that of a TOML file; or one that a card holds.

    Raises:
        LiveBenchError: there is none of this name, or the file or the record is not a prompt.
    """
    if isinstance(source, Mapping):
        try:
            return Prompt(msgspec.convert(source, PromptRecord))
        except msgspec.ValidationError as error:
            what = str(error)
            raise LiveBenchError("prompt", what[:1].lower() + what[1:], _FIX) from None
    if isinstance(source, Path):
        return Prompt(parse_toml(source, PromptRecord), str(source))
    shipped = sorted(
        name.removesuffix(".toml") for name in (file.name for file in _FOLDER.iterdir())
    )
    if source not in shipped:
        fix = f"choose from {', '.join(shipped)}"
        raise LiveBenchError(f"prompt {source}", "there is no such prompt", fix)
    text = (_FOLDER / f"{source}.toml").read_text("utf-8")
    return Prompt(msgspec.toml.decode(text, type=PromptRecord), f"prompt {source}")


_FOLDER = files("livebench.language_models") / "prompts"
_FIX = "docs/language-models.md shows what a prompt is"


def _one_line(text: str) -> str:
    return " ".join(text.split())
