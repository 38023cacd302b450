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
    """Two entries: LiveBench in this version, with the signatures of what is cited, and the paper."""
    noted = "; ".join(signatures)
    lines = [
        f"@software{{{bibtex_key()},",
        "  title   = {{LiveBench}: Benchmark and Leaderboard Harness for Automatic Live Commenting"
        " (Danmaku)},",
        "  author  = {{LiveBench contributors}},",
        f"  version = {{{__version__}}},",
        "  year    = {2026},",
        *([f"  note    = {{\\texttt{{{noted.replace('_', chr(92) + '_')}}}}},"] if noted else []),
        "}",
    ]
    return "\n".join([*lines, "", _PAPER])
