"""What is wrong with a submission: errors that are listed, and not raised."""

from __future__ import annotations

from livebench.errors import LiveBenchError, one_line

LENGTH = 300
"""Characters of each part that are shown."""


class StaleResult(LiveBenchError):
    """A result was right when it was made, but LiveBench or the set have changed since: the leaderboard
    shows its row separately."""


def with_fix(error: LiveBenchError, fix: str) -> LiveBenchError:
    """The error, with this fix if it names none."""
    return error if error.fix else LiveBenchError(error.where, error.what, fix, error.place)


def problem_text(problem: LiveBenchError) -> str:
    """A problem in two lines, whatever is in it: others wrote what is quoted here."""
    where, place, what, fix = (one_line(part, LENGTH) for part in _parts(problem))
    return f"{where}: {f'{place}: ' if place else ''}{what}\n    fix: {fix}"


def problem_record(problem: LiveBenchError) -> dict[str, str | bool]:
    """A problem as JSON."""
    names = ("where", "place", "what", "fix")
    parts = dict(zip(names, _parts(problem), strict=True))
    return {**parts, "stale": isinstance(problem, StaleResult)}


def _parts(problem: LiveBenchError) -> tuple[str, str, str, str]:
    return problem.where, problem.place, problem.what, problem.fix
