"""Ratings: read as spreadsheets save them; what is wrong is named with file, row and rule."""

from __future__ import annotations

import csv
import io

import msgspec
import numpy as np
import pytest
from simulated_raters import plain_key

from livebench.errors import LiveBenchError
from livebench.human.analysis.ratings import read_rater_files
from livebench.human.sheets.key import CRITERIA, read_key, write_key

KEY = plain_key(4, ["a", "human"], 2, repeats=1)
HEADER = ["id", *CRITERIA]


def complete(rater):
    """A row for each row of the sheet: ratings 1, 2, 3, ... in turn."""
    return [
        [row.row, *(str((k + c) % 5 + 1) for c in range(3))]
        for k, row in enumerate(KEY.raters[rater].rows)
    ]


@pytest.fixture
def save(tmp_path):
    def write(rows, name="R1.csv", header=HEADER, encoding="utf-8-sig", delimiter=","):
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=delimiter).writerows([header, *rows])
        (tmp_path / name).write_bytes(text.getvalue().encode(encoding))
        return tmp_path / name

    return write


def test_complete_files(save):
    paths = [save(complete(1), "two.csv"), save(complete(0)[::-1], "one.csv")]
    found = read_rater_files(paths, KEY)
    assert found.raters == ["R1", "R2"]
    assert found.values.shape == found.again.shape == (2, 8, 3)
    assert found.values[0, :3].tolist() == [[1, 2, 3], [2, 3, 4], [3, 4, 5]]
    # The first moment came again, as rows 9 and 10.
    assert found.again[0, :2].tolist() == [[4, 5, 1], [5, 1, 2]]
    assert np.isnan(found.again[:, 2:]).all()
    assert found.missing == {"R1": 0, "R2": 0}
    assert not np.isnan(found.values).any()


@pytest.mark.parametrize(("encoding", "delimiter"), [("utf-8", ";"), ("utf-8-sig", "\t")])
def test_what_spreadsheets_make_of_it(save, encoding, delimiter):
    rows = [["x", f" {row[1]} ", row[0], *row[2:], "弹幕,\n第二行"] for row in complete(0)]
    header = ["number", "fluency", "id", "relevance", "correctness", "comment"]
    path = save([*rows, [""] * 6], header=header, encoding=encoding, delimiter=delimiter)
    found = read_rater_files([path], KEY)
    assert found.values[0, :2].tolist() == [[1, 2, 3], [2, 3, 4]]
    assert found.absent == ["R2"]


def change(row, column, value):
    def apply(rows):
        rows[row][column] = value
        return rows

    return apply


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            change(2, 1, "6"),
            r"R1.csv, row 4, fluency: '6' is out of range; rate with a whole number from 1 to 5",
        ),
        (change(2, 2, "0"), r"row 4, relevance: '0' is out of range"),
        (change(2, 2, "-1"), r"row 4, relevance: '-1' is out of range"),
        (
            change(2, 3, "4.5"),
            r"row 4, correctness: '4.5' is not a whole number; rate with a whole",
        ),
        (change(2, 3, "good"), r"row 4, correctness: 'good' is not a whole number"),
        (change(2, 3, "５"), r"row 4, correctness: '５' is not a whole number"),
        (change(2, 3, "nan"), r"row 4, correctness: 'nan' is not a whole number"),
        (
            change(2, 3, ""),
            r"row 4, correctness: no rating; 1 of 30 are missing; complete them, or",
        ),
        (change(2, 0, "zzz"), r"row 4, id zzz: is not in the key; give the key"),
        (change(2, 0, ""), r"row 4, id \(none\): is not in the key"),
        (
            change(2, 0, "R2-i00002"),
            r"row 4, id R2-i00002: is of the sheet of R2, the rows before are of R1's",
        ),
        (
            change(3, 0, "R1-i00002"),
            r"row 5, id R1-i00002: occurs in row 4 already; keep one",
        ),
        (
            lambda rows: rows[:-1],
            r"id R1-i00001-again \(its row is missing\), fluency: no rating; 3 of 30",
        ),
        (
            lambda rows: [*rows[:2], rows[2][:3], *rows[3:]],
            r"row 4: has 3 cells, the header 4; give",
        ),
        (
            lambda rows: rows[:5],
            r"R1 left out 15 of 30 ratings, the first in id R1-i00005 .*: half or more",
        ),
        (lambda rows: [], r"R1.csv: holds no ratings; keep a row for each item"),
    ],
)
def test_refused(save, damage, message):
    path = save(damage(complete(0)))
    with pytest.raises(LiveBenchError, match=message):
        read_rater_files([path], KEY)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (["id", "fluency", "relevance", "x"], "row 1: 0 columns are named correctness"),
        (["id", "fluency", "fluency", "correctness"], "row 1: 2 columns are named fluency"),
        (["item", *CRITERIA], "row 1: 0 columns are named id"),
    ],
)
def test_headers(save, header, message):
    with pytest.raises(LiveBenchError, match=message):
        read_rater_files([save(complete(0), header=header)], KEY)


def test_files_that_are_none(save, tmp_path):
    with pytest.raises(LiveBenchError, match="no such file"):
        read_rater_files([tmp_path / "R9.csv"], KEY)
    rows = [[*row, "弹幕"] for row in complete(0)]
    path = save(rows, header=[*HEADER, "comment"], encoding="gbk")
    with pytest.raises(LiveBenchError, match=r"is not UTF-8; save it again as 'CSV UTF-8'"):
        read_rater_files([path], KEY)
    (tmp_path / "R1.csv").write_text('id,fluency,relevance,correctness\n"R1-i00000,1,2,3\n')
    with pytest.raises(LiveBenchError, match="cannot be read as CSV"):
        read_rater_files([tmp_path / "R1.csv"], KEY)


def test_a_rater_twice(save):
    paths = [save(complete(0)), save(complete(0), "copy.csv")]
    with pytest.raises(LiveBenchError, match=r"copy.csv: is the sheet of R1, and so is .*R1.csv"):
        read_rater_files(paths, KEY)


def test_missing_ratings_by_policy(save):
    rows = change(2, 3, "")(complete(0))
    paths = [save(rows), save(complete(1), "R2.csv")]
    kept = read_rater_files(paths, KEY, "keep")
    assert np.argwhere(np.isnan(kept.values)).tolist() == [[0, 2, 2]]
    assert (kept.policy, kept.missing, kept.dropped) == ("keep", {"R1": 1, "R2": 0}, [])
    dropped = read_rater_files(paths, KEY, "drop-item")
    assert np.unique(np.argwhere(np.isnan(dropped.values))[:, 1]).tolist() == [2]
    assert np.isnan(dropped.values[:, 2]).all()
    assert dropped.dropped == ["i00002"]


@pytest.mark.parametrize("policy", ["keep", "drop-item"])
def test_half_is_not_enough_whatever_the_policy(save, policy):
    path = save([[row[0], "", "", "3"] for row in complete(0)])
    with pytest.raises(
        LiveBenchError, match=r"R1 left out 20 of 30 ratings, the first in row 2, fluency"
    ):
        read_rater_files([path], KEY, policy)


def test_a_missing_second_rating_drops_nothing(save):
    rows = change(8, 1, "")(complete(0))
    found = read_rater_files([save(rows)], KEY, "drop-item")
    assert not np.isnan(found.values).any()
    assert np.isnan(found.again[0, 0]).tolist() == [True, False, False]
    assert found.missing == {"R1": 1}


def broken(key, **fields):
    return msgspec.structs.replace(key, **fields)


@pytest.mark.parametrize(
    "key",
    [
        broken(KEY, items=KEY.items[1:]),
        broken(KEY, moments=KEY.moments[1:]),
        broken(KEY, systems=[KEY.systems[0], msgspec.structs.replace(KEY.systems[1], name="b")]),
        broken(KEY, raters=[KEY.raters[0], KEY.raters[0]]),
        broken(KEY, items=[*KEY.items, KEY.items[0]]),
    ],
)
def test_keys_whose_parts_do_not_fit(tmp_path, key):
    write_key(tmp_path / "key.json", key)
    with pytest.raises(
        LiveBenchError, match=r"key.json: its rows, items, moments and systems do not"
    ):
        read_key(tmp_path / "key.json")


def test_keys(tmp_path):
    write_key(tmp_path / "key.json", KEY)
    assert read_key(tmp_path / "key.json") == KEY
    (tmp_path / "key.json").write_text('{"name": "x"}')
    with pytest.raises(LiveBenchError, match=r"key.json: Object missing required field"):
        read_key(tmp_path / "key.json")
    with pytest.raises(LiveBenchError, match="no such file"):
        read_key(tmp_path / "other.json")
