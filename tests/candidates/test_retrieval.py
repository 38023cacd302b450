"""The nearest comments by tf-idf, against a dense reference that sorts everything."""

from __future__ import annotations

import re
import subprocess
import sys
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livebench.candidates import retrieval
from livebench.candidates.retrieval import TfIdfIndex

WORDS = ["哈哈", "好看", "的", "了", "A", "a", "bc", "。", "a-b_c"]
COMMENT = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)


def dense(strings, query, count, *, kind="all", lowercase=False):
    """tf-idf as scikit-learn's manual writes it, a row of similarities, and a full sort."""

    def words(string):
        cased = string.lower() if lowercase else string
        # its default pattern: runs of at least two letters, digits or underscores
        return cased.split() if kind == "all" else re.findall(r"\b\w\w+\b", cased)

    known = sorted({word for string in strings for word in words(string)})
    df = {word: sum(word in words(string) for string in strings) for word in known}
    idf = np.array([log((1 + len(strings)) / (1 + df[word])) + 1 for word in known])

    def vector(string):
        counts = np.array([words(string).count(word) for word in known], float) * idf
        length = np.sqrt((counts**2).sum())
        return counts / length if length else counts

    if not known:
        return []
    similarities = [round(float(vector(string) @ vector(query)), 9) for string in strings]
    order = sorted(range(len(strings)), key=lambda place: (-similarities[place], place))
    return [place for place in order if similarities[place] > 0][:count]


@given(
    st.lists(COMMENT, min_size=1, max_size=25, unique=True),
    st.lists(COMMENT, min_size=1, max_size=4),
    st.integers(1, 8),
    st.sampled_from(["all", "pattern"]),
    st.booleans(),
)
def test_nearest_as_the_dense_reference(strings, queries, count, kind, lowercase):
    strings = sorted(strings)
    index = TfIdfIndex([strings], kind, lowercase)
    found = index.nearest(queries, count)
    assert [row.tolist() for row in found] == [
        dense(strings, query, count, kind=kind, lowercase=lowercase) for query in queries
    ]


@pytest.mark.parametrize(
    ("strings", "query", "count", "expected"),
    [
        (["甲 乙", "甲 丙", "乙 丙"], "甲", 2, [0, 1]),  # equal: in the order of the comments
        (["甲 乙", "甲 丙", "甲 丁", "甲 戊"], "甲", 2, [0, 1]),  # a tie across the cut
        (["甲 乙 丙", "甲", "甲 乙"], "甲", 3, [1, 2, 0]),
        (["甲", "乙"], "丙", 5, []),  # no word in common is no match
        (["甲", "乙"], "", 5, []),
        (["甲", "乙"], "甲 甲 甲", 5, [0]),
        (["A", "a"], "a", 5, [1]),  # case is kept
        (["甲", "乙"], "甲 丁", 5, [0]),  # an unknown word counts for nothing
    ],
)
def test_nearest_by_hand(strings, query, count, expected):
    (found,) = TfIdfIndex([strings], "all", False).nearest([query], count)
    assert found.tolist() == expected
    assert found.dtype == np.int64


def test_ties_go_by_string_however_many_there_are():
    strings = sorted(f"好看 {number:04}" for number in range(3000))
    (found,) = TfIdfIndex([strings], "all", False).nearest(["好看"], 50)
    assert found.tolist() == list(range(50))


def test_no_word_that_counts():
    assert TfIdfIndex([["的", "了"]], "pattern", True).nearest(["的", "了"], 3)[1].size == 0


def test_how_many_queries_at_once_changes_nothing(monkeypatch):
    strings = sorted({f"{a} {b}" for a in WORDS for b in WORDS})
    queries = [f"{a} {b} {c}" for a in WORDS for b in WORDS[:3] for c in WORDS[:3]]
    whole = [row.tolist() for row in TfIdfIndex([strings], "all", False).nearest(queries, 7)]
    monkeypatch.setattr(retrieval, "QUERIES_AT_ONCE", 5)
    assert [
        row.tolist() for row in TfIdfIndex([strings], "all", False).nearest(queries, 7)
    ] == whole


@given(
    st.lists(COMMENT, min_size=1, max_size=25, unique=True),
    st.lists(COMMENT, min_size=1, max_size=4),
    st.integers(1, 8),
    st.integers(1, 25),
    st.integers(1, 25),
)
def test_neither_blocks_nor_parts_change_anything(strings, queries, count, block, part):
    strings = sorted(strings)
    whole = TfIdfIndex([strings], "all", False).nearest(queries, count)
    parts = [strings[start : start + part] for start in range(0, len(strings), part)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retrieval, "COMMENTS_AT_ONCE", block)
        found = TfIdfIndex(parts, "all", False).nearest(queries, count)
    assert [row.tolist() for row in found] == [row.tolist() for row in whole]


FULL = """
import resource
from livebench.candidates import retrieval
from livebench.errors import LiveBenchError
retrieval.COMMENTS_AT_ONCE = 100
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    retrieval.TfIdfIndex([[f"a{n} b" for n in range(1000)]], "all", False)
except LiveBenchError as error:
    print(error)
"""


@pytest.mark.slow
def test_a_full_folder_of_temporary_files_is_one_line(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FULL],
        env={"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = done.stdout.splitlines()
    assert "cannot be written: File too large; make room there, or set TMPDIR" in line
    assert list(tmp_path.iterdir()) == []
