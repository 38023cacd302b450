"""The one exception for everything that a user can cause and mend."""

import unicodedata


def one_line(text: str, length: int) -> str:
    """`text` on one line, cut at `length` characters, without the marks that drive a terminal or turn
    the direction of writing: a message may quote what anybody wrote into a file."""
    line = " ".join(text.split())
    line = "".join(mark for mark in line if unicodedata.category(mark)[0] != "C")
    return line if len(line) <= length else f"{line[: length - 1]}…"


class LiveBenchError(Exception):
    """What is wrong, where (file and record), and what to do: one line, without a traceback.

    Anything that is not a `LiveBenchError` is a defect of LiveBench and keeps its traceback.
    """
