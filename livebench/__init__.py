"""LiveBench for live comments (danmaku); not LiveBench, the benchmark of language models.

A benchmark and leaderboard harness for automatic live commenting. In Python: `load_set`, `evaluate`,
`compare` (docs/api/python.md); what they need is imported when they are first used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from livebench.api import Comment as Comment
    from livebench.api import Evaluation as Evaluation
    from livebench.api import LiveBenchError as LiveBenchError
    from livebench.api import LogLikelihood as LogLikelihood
    from livebench.api import Sample as Sample
    from livebench.api import Scorer as Scorer
    from livebench.api import VideoContext as VideoContext
    from livebench.api import compare as compare
    from livebench.api import evaluate as evaluate
    from livebench.api import load_set as load_set

    __version__: str
else:
    _PUBLIC = (
        "Comment",
        "Evaluation",
        "LiveBenchError",
        "LogLikelihood",
        "Sample",
        "Scorer",
        "VideoContext",
        "compare",
        "evaluate",
        "load_set",
    )

    def __getattr__(name: str) -> Any:
        """Public names and `__version__`, read when asked for: `livebench --help` waits for neither."""
        if name == "__version__":
            from importlib.metadata import version

            return version("livebench-danmaku")
        if name in _PUBLIC:
            from livebench import api

            return getattr(api, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return [*globals(), *_PUBLIC, "__version__"]
