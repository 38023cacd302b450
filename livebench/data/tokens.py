"""Words of a comment: jieba on the text with all white space removed.

Two comments are the same if their words joined by spaces are. As the text has no white space when it
is segmented, that is so exactly when their texts without white space are.

The words are jieba's, but mostly found by rjieba, a port that is about 15 times as fast. The two differ

- on characters that one takes for Chinese or for part of a word and the other does not:
  . _ - + # & %, and ideographs outside U+4E00 to U+9FD5, those beyond the basic plane included;
- where two ways to cut a run of unknown characters are equally probable, and rounding decides: there
  must be a character again in the run ("帅帅帅帅帅" is one word of two characters twice and one alone,
  in any order).

Texts with the former, with a run of five that has a character twice, or with a piece eight times in a
row, are left to jieba. This rule was found by trial, not proved; tests compare the two.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import re
import warnings
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from types import ModuleType

# Below this many strings a second process costs more (it loads jieba's dictionary) than it saves.
_STRINGS_WORTH_A_PROCESS = 20_000

_CUT_OTHERWISE = re.compile(
    r"[._\-+#&%\u3400-\u4dbf\u9fd6-\u9fff\uf900-\ufaff\U00010000-\U0010ffff]"
)
"""Characters that jieba and rjieba treat differently."""
_SHORTEST_TIE = 5
"""Characters of the shortest run in which rounding was seen to decide."""
_LONG_RUN = re.compile(rf"[\u4e00-\u9fd5]{{{_SHORTEST_TIE}}}")
"""So many characters in a row."""
_MANY_TIMES = re.compile(r"(.{1,4}?)\1{7,}", re.DOTALL)
"""A piece repeated eight times in a row: sums of that many equal numbers are rounded differently."""


_PIECE = 2_000
"""Characters that jieba cuts at a time; no comment of any platform is longer."""


@cache
def _jieba() -> ModuleType:
    with warnings.catch_warnings():  # jieba 0.42.1 asks for pkg_resources, and has invalid escapes
        warnings.simplefilter("ignore")
        import jieba
    jieba.setLogLevel(logging.ERROR)
    module: ModuleType = jieba
    return module


def _rjieba() -> ModuleType:
    import rjieba

    return rjieba


def tokenizer_name() -> str:
    """Name and version of the tokenizer whose words these are, as dataset.toml records it."""
    return f"jieba {version('jieba')}"


def remove_space(text: str) -> str:
    """`text` without any white space (as `str.split` sees it)."""
    return "".join(text.split())


def words_of(text: str) -> str:
    """The words of one text joined by spaces; empty if the text is only white space."""
    bare = remove_space(text)
    return _with_jieba(bare) if needs_jieba(bare) else " ".join(_rjieba().cut(bare))


def segment(texts: Sequence[str], processes: int | None = None) -> list[str]:
    """The words of each text joined by spaces; the same for any number of processes.

    Args:
        texts: the texts, best each one once.
        processes: how many for those that jieba must cut; by default one a core, and one if they are
            few.
    """
    cut = _rjieba().cut
    bare = [remove_space(text) for text in texts]
    slow = [needs_jieba(text) for text in bare]
    left = [text for text, is_slow in zip(bare, slow, strict=True) if is_slow]
    if processes is None:
        processes = min(os.cpu_count() or 1, 1 + len(left) // _STRINGS_WORTH_A_PROCESS)
    if processes == 1:
        by_jieba = iter([_with_jieba(text) for text in left])
    else:
        # "spawn" behaves alike on every system, and does not copy the threads of a parent.
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            by_jieba = iter(pool.map(_with_jieba, left, chunksize=2_000))
    return [
        next(by_jieba) if is_slow else " ".join(cut(text))
        for text, is_slow in zip(bare, slow, strict=True)
    ]


def needs_jieba(text: str) -> bool:
    """Whether rjieba may cut a text without white space otherwise than jieba."""
    if _CUT_OTHERWISE.search(text):
        return True
    if len(text) < _SHORTEST_TIE:
        return False
    again = len(text) - len(set(text))
    if not again:
        return False
    if again > 6 and _MANY_TIMES.search(text):
        return True
    if not _LONG_RUN.search(text):
        return False
    # Only runs of single characters, cut by the dictionary alone, are cut again by probability.
    run: list[str] = []
    for word in (*_rjieba().cut(text, False), ""):
        if len(word) == 1 and "\u4e00" <= word <= "\u9fd5":
            run.append(word)
        elif run:
            if len(run) >= _SHORTEST_TIE and len(set(run)) < len(run):
                return True
            run.clear()
    return False


def _with_jieba(text: str) -> str:
    # In pieces: jieba takes time that grows with the square of a run of unknown characters.
    pieces = [text[start : start + _PIECE] for start in range(0, len(text), _PIECE)]
    return " ".join(word for piece in pieces for word in _jieba().cut(piece))
