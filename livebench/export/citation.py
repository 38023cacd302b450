"""How to cite LiveBench, and the paper whose task and metrics it takes: BibTeX."""

from __future__ import annotations

from livebench import __version__

_PAPER = """@inproceedings{ma2019livebot,
  title     = {{LiveBot}: Generating Live Video Comments Based on Visual and Textual Contexts},
  author    = {Ma, Shuming and Cui, Lei and Dai, Damai and Wei, Furu and Sun, Xu},
  booktitle = {Proceedings of the AAAI Conference on Artificial Intelligence},
  volume    = {33},
  year      = {2019},
  doi       = {10.1609/aaai.v33i01.33016810}
}
"""


def bibtex_key() -> str:
    """The key of LiveBench itself."""
    return "livebench-danmaku"


def bibtex(*signatures: str) -> str:
    """Two entries: LiveBench in this version, with the signatures of what is cited, and the paper.

    @misc, and the version in the note: the classic styles know neither @software nor a field for it.
    """
    noted = "; ".join([f"version {__version__}", *map(_tex_signature, signatures)])
    lines = [
        f"@misc{{{bibtex_key()},",
        "  title   = {{LiveBench}: Benchmark and Leaderboard Harness for Automatic Live Commenting"
        " (Danmaku)},",
        "  author  = {{LiveBench contributors}},",
        "  year    = {2026},",
        f"  note    = {{{noted}}},",
        "}",
    ]
    return "\n".join([*lines, "", _PAPER])


def _tex_signature(signature: str) -> str:
    """A signature that a line may be broken in, after each key."""
    breaks = signature.replace("_", "\\_").replace("|", "|\\allowbreak{}")
    return f"\\texttt{{{breaks}}}"
