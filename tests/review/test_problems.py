"""Problems as records and as text: their parts stay apart, whatever stands in them."""

from __future__ import annotations

from livebench.errors import LiveBenchError
from livebench.review.problems import StaleResult, problem_record, problem_text, with_fix


def test_a_record_has_the_parts():
    problem = LiveBenchError(
        "a/b.json", "is x; and y: z", "do this; then that", "line 3, sample v@1"
    )
    assert problem_record(problem) == {
        "where": "a/b.json",
        "place": "line 3, sample v@1",
        "what": "is x; and y: z",
        "fix": "do this; then that",
        "stale": False,
    }
    assert problem_record(StaleResult("a", "b", "c"))["stale"]


def test_text_is_two_lines_whatever_is_in_it():
    problem = LiveBenchError("a\nb", "x\n\u202e" + "y" * 1000, "z\r\nz")
    first, second = problem_text(problem).split("\n")
    assert first.startswith("a b: x yyy") and len(first) < 320
    assert second == "    fix: z z"


def test_a_fix_that_is_there_stays():
    assert with_fix(LiveBenchError("a", "b", "c", "d"), "e").fix == "c"
    given = with_fix(LiveBenchError("a", "b", place="d"), "e")
    assert (given.where, given.what, given.fix, given.place) == ("a", "b", "e", "d")
