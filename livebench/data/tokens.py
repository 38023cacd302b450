"""Words of a comment: jieba on the text with all white space removed.

Two comments are the same if their words joined by spaces are. As the text has no white space when it
is segmented, that is so exactly when their texts without white space are.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import warnings
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version

# Below this many strings a second process costs more (it loads jieba's dictionary) than it saves.
STRINGS_WORTH_A_PROCESS = 20_000


@cache
def _jieba():
    with warnings.catch_warnings():  # jieba 0.42.1 asks for pkg_resources, and has invalid escapes
        warnings.simplefilter("ignore")
        import jieba
    jieba.setLogLevel(logging.ERROR)
    return jieba


def tokenizer_name() -> str:
    """Name and version of the tokenizer, as dataset.toml records it."""
    return f"jieba {version('jieba')}"


def remove_space(text: str) -> str:
    """`text` without any white space (as `str.split` sees it)."""
    return "".join(text.split())


def words_of(text: str) -> str:
    """The words of one text joined by spaces; empty if the text is only white space."""
    return " ".join(_jieba().cut(remove_space(text)))


def segment(texts: Sequence[str], processes: int | None = None) -> list[str]:
    """The words of each text joined by spaces, over all cores; the same for any number of processes.

    Args:
        texts: the texts, best each one once.
        processes: how many; by default one a core, and one if there are few texts.
    """
    if processes is None:
        processes = min(os.cpu_count() or 1, 1 + len(texts) // STRINGS_WORTH_A_PROCESS)
    if processes == 1:
        return [words_of(text) for text in texts]
    # "spawn" behaves alike on every system, and does not copy the threads of a parent.
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        return pool.map(words_of, texts, chunksize=2_000)
