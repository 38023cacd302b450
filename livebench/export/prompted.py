"""Training pairs as a language model reads them: the prompt of `evaluate --hf`, and the comment."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from livebench.language_models.prompt import Prompt
from livebench.records import Setting, shows_comments, shows_video
from livebench.scoring.scorer import Comment, VideoContext

PROMPT_COLUMNS = {"prompt": "string", "completion": "string"}
"""As trainers of language models name them: what is given, and what the model is to write."""


class Prompting(NamedTuple):
    """A prompt, and the setting that says what it may show."""

    prompt: Prompt
    setting: Setting


def with_prompts(
    rows: Iterable[dict[str, Any]], how: Prompting, language: str
) -> Iterator[dict[str, Any]]:
    """Add `PROMPT_COLUMNS` to training pairs, the same text that `evaluate --hf` scores at a moment.

    Args:
        language: of the dataset: it chooses the template.
    """
    frames, seconds = np.empty((0, 0), np.float32), np.empty(0, np.int64)
    video, comments = shows_video(how.setting), shows_comments(how.setting)
    for row in rows:
        second = math.floor(row["time"])
        title, category = (row["title"], row["category"]) if video else ("", "")
        around = [
            Comment(one["text"], one["tokens"], round(one["time"] - second, 3))
            for one in row["context"]
            if comments
        ]
        texts = how.prompt.texts(
            VideoContext(second, frames, seconds, title, category, language),
            around,
            Comment(row["text"], row["tokens"]),
        )
        yield row | {"prompt": texts.context, "completion": texts.candidate}
