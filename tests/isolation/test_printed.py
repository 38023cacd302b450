"""What a submission prints reaches the terminal while it runs: whole, harmless, and not too much."""

from __future__ import annotations

import pytest

from livebench.isolation.printed import LINES, Printed

FED = {
    "a line": ([b"hello\n"], ["hello"]),
    "in pieces": ([b"hel", b"lo\nwor", b"ld\n"], ["hello", "world"]),
    "no end": ([b"hello"], ["hello"]),
    "a bar": ([b"10%\r20%\r30%\n"], ["10%", "20%", "30%"]),
    "again, by a copy": ([b"hello\n", b"hello\n", b"bye\n"], ["hello", "bye"]),
    "marks that drive a terminal": ([b"\x1b[2Jboo\x07\n"], ["[2Jboo"]),
    "not UTF-8": ([b"\xffx\n"], ["\ufffdx"]),
    "empty lines": ([b"\n\n  \n"], []),
}


@pytest.mark.parametrize("case", FED)
def test_lines(case):
    pieces, expected = FED[case]
    said = []
    printed = Printed(said.append)
    for piece in pieces:
        printed.feed(piece)
    printed.end()
    assert said == expected


def test_no_more_than_anybody_reads():
    said = []
    printed = Printed(said.append)
    for number in range(10_000):
        printed.feed(b"line %d\n" % number)
    assert len(said) == LINES + 1
    assert said[-1] == "(more is not shown; if it fails, what it printed last is)"


PRINTS = """
import sys
print("being made", flush=True)
class Mine:
    def score(self, v, c, x):
        print("scoring", file=sys.stderr, flush=True)
        return float(len(x.text))
"""


def test_it_is_shown_and_kept_apart_from_results(submission, frozen, run):
    path = submission(code=PRINTS, settings=["comments"])
    done = run("evaluate", path, "--candidates", frozen.path, "--setting", "comments", "--json")
    assert done.status == 0, done
    lines = done.err.splitlines()
    assert lines.count("[mine] being made") == 2  # and once by the process that is asked afresh
    assert "[mine] scoring" in lines
    assert "[mine]" not in done.out
    quiet = run("evaluate", path, "--candidates", frozen.path, "--setting", "comments", "--quiet")
    assert "[mine]" not in quiet.err
