"""LiveBench for live comments (danmaku); not LiveBench, the benchmark of language models.

A benchmark and leaderboard harness for automatic live commenting.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str
else:

    def __getattr__(name: str) -> str:
        """`__version__`, read when it is asked for: `livebench --help` does not wait for it."""
        if name != "__version__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib.metadata import version

        return version("livebench-danmaku")
