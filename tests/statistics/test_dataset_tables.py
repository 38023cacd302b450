"""The paper's tables of a dataset, worked out by hand, and against plain loops."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest

from livebench.data.dataset import Dataset, DatasetInfo, Video
from livebench.data.dataset_writer import write_dataset
from livebench.errors import LiveBenchError
from livebench.statistics.dataset_tables import all_tables
from livebench.statistics.neighbour_similarity import interval_of, similarity_by_interval
from livebench.statistics.pair_sheet import read_pair_sheet

# Words as given here; video, time (s), words.
ROWS = [
    ("a", 0.0, "小猫 可爱"),
    ("a", 0.5, "小猫"),
    ("a", 1.5, "小猫 可爱"),
    ("a", 12.0, "再见"),
    ("b", 1.0, "哈哈"),
    ("b", 1.0, "哈哈"),
    ("b", 19.5, "第一"),
]
VIDEOS = [
    Video("a", "一只猫", "宠物", duration=60.0, split="train"),
    Video("b", "火锅", "", duration=20.0, split="test"),
    Video("c", "没有评论", "宠物", duration=3580.0, split="train"),
]


def made(folder, rows=ROWS, videos=VIDEOS, name="counted"):
    place = {video.video_id: index for index, video in enumerate(videos)}
    return write_dataset(
        folder,
        DatasetInfo(name, tokenizer="by hand", source="<script>alert(1)</script>"),
        videos,
        comment_video=np.array([place[row[0]] for row in rows], np.int64),
        comment_time_ms=np.array([round(row[1] * 1000) for row in rows], np.int64),
        comment_texts=[row[2].replace(" ", "") for row in rows],
        comment_tokens=[row[2] for row in rows],
    )


@pytest.fixture(scope="module")
def counted(tmp_path_factory) -> Dataset:
    return made(tmp_path_factory.mktemp("counted") / "d")


@pytest.fixture(scope="module")
def tables(counted):
    return {table.name: table for table in all_tables(counted)}


def test_table_1(tables):
    rows = tables["table-1"].rows
    assert rows[:3] == [
        ["counted", "train", 2, 4, 6, 1.5, pytest.approx(3640 / 3600)],
        ["counted", "test", 1, 3, 3, 1.0, pytest.approx(20 / 3600)],
        ["counted", "all", 3, 7, 9, pytest.approx(9 / 7), pytest.approx(3660 / 3600)],
    ]
    # The paper's splits add up to its totals, but for its comments, which are 10 fewer.
    paper = {row[1]: row for row in rows[3:]}
    missing = [
        paper["all"][column] - sum(paper[split][column] for split in ("train", "dev", "test"))
        for column in (2, 3, 4)
    ]
    assert missing == [0, 10, 0]
    for row in paper.values():
        assert row[4] / row[3] == pytest.approx(row[5], abs=0.011)


def test_table_2(tables):
    rows = tables["table-2"].rows
    assert rows[-1] == ["counted", "Commenting", 3, 7]
    assert ["MSR-VTT", "Captioning", 7180, 200000] in rows


def test_table_3(tables):
    """Pairs of a: 0.5 s, 1 s, 1.5 s, 10.5 s, 11.5 s, 12 s apart; of b: 0 s, 18.5 s, 18.5 s."""
    rows = {row[0]: row for row in tables["table-3"].rows}
    assert {name: row[1] for name, row in rows.items()} == {
        "0-1 s": 2,
        "1-3 s": 2,
        "3-5 s": 0,
        "5-10 s": 0,
        ">10 s": 5,
    }
    # 小猫可爱 and 小猫: 2 characters; 哈哈 and 哈哈: 0. 小猫 and 小猫可爱: 2; 小猫可爱 twice: 0.
    assert rows["0-1 s"][2] == (2 + 0) / 2
    assert rows["1-3 s"][2] == (2 + 0) / 2
    # 4, 2, 4 to 再见 (of 2 characters, none shared), and 2, 2 of b.
    assert rows[">10 s"][2] == (4 + 2 + 4 + 2 + 2) / 5
    assert rows["3-5 s"][2] is None
    # idf = ln((1 + 7) / (1 + df)) + 1: 小猫 in 3 comments, 可爱 in 2.
    cat, cute = math.log(8 / 4) + 1, math.log(8 / 3) + 1
    cosine = cat / math.hypot(cat, cute)
    assert rows["0-1 s"][4] == pytest.approx((cosine + 1) / 2)
    assert rows["1-3 s"][4] == pytest.approx((cosine + 1) / 2)
    assert rows[">10 s"][4] == 0
    assert [row[3] for row in rows.values()] == [11.74, 11.79, 12.05, 12.42, 12.26]
    assert [row[5] for row in rows.values()] == [0.048, 0.033, 0.028, 0.025, 0.015]
    assert [row[8] for row in rows.values()] == [4.3, 4.1, 3.9, 3.1, 2.2]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, 0), (0.999, 0), (1, 1), (2.999, 1), (3, 2), (5, 3), (9.999, 3), (10, 4), (1e6, 4)],
)
def test_intervals(seconds, expected):
    assert interval_of(np.array([seconds])).tolist() == [expected]


def levenshtein(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


def test_table_3_against_a_loop_over_twenty_neighbours(dataset):
    """Each comment with its 10 before and 10 after; Levenshtein by the textbook."""
    comments = dataset.comments
    of_row = [comments.strings[i] for i in comments.string]
    sums = np.zeros((5, 2))
    for index in range(6):
        rows = range(*comments.of(index).indices(len(of_row)))
        for place, row in enumerate(rows):
            for other in [*rows[max(0, place - 10) : place], *rows[place + 1 : place + 11]]:
                apart = abs(int(comments.time_ms[row]) - int(comments.time_ms[other])) / 1000
                number = sum(apart >= bound for bound in (1, 3, 5, 10))
                distance = levenshtein(of_row[row].replace(" ", ""), of_row[other].replace(" ", ""))
                sums[number] += (1, distance)
    part = made(
        dataset.path.parent / "six",
        [
            (dataset.videos[index].video_id, comments.time_ms[row] / 1000, of_row[row])
            for index in range(6)
            for row in range(*comments.of(index).indices(len(of_row)))
        ],
        dataset.videos[:6],
    )
    for found, (pairs, distance) in zip(similarity_by_interval(part), sums, strict=True):
        assert found.pairs * 2 == pairs
        assert found.edit_distance == pytest.approx(distance / pairs)


def test_tf_idf_is_that_of_scikit_learn(counted):
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer(tokenizer=str.split, token_pattern=None).fit_transform(
        [row[2] for row in ROWS]
    )
    pairs = [(0, 1), (4, 5)], [(0, 2), (1, 2)]
    expected = [np.mean([vectors[a].multiply(vectors[b]).sum() for a, b in part]) for part in pairs]
    found = [row.tf_idf for row in similarity_by_interval(counted)[:2]]
    assert found == pytest.approx(expected)


def test_lengths(tables):
    words = {row[0]: row[1:] for row in tables["figure-4-words"].rows}
    assert words["1"] == [2, 0.5]
    assert words["2"] == [2, 0.5]
    assert words["more than 20"] == [0, 0]
    characters = {row[0]: row[1] for row in tables["figure-4-characters"].rows}
    assert (characters["2"], characters["4"]) == (2, 2)


def test_long_comments_share_a_row(tmp_path):
    rows = [("a", 1, " ".join("长" * 30)), ("a", 2, "长" * 31), ("b", 1, "短")]
    dataset = made(tmp_path / "d", rows)
    tables = {table.name: table for table in all_tables(dataset)}
    assert tables["figure-4-words"].rows[-1] == ["more than 20", 1, 0.5]
    assert tables["figure-4-characters"].rows[-2:] == [["30", 1, 0.5], ["more than 30", 1, 0.5]]


def test_categories(tables):
    assert tables["categories"].rows == [
        ["宠物", 2, 4, 6, 1.5, pytest.approx(3640 / 3600), pytest.approx(4 * 60 / 3640)],
        ["(none)", 1, 3, 3, 1.0, pytest.approx(20 / 3600), pytest.approx(9.0)],
    ]


def test_playback(tables):
    """a: 0, .5, 1.5 of 60 s in the first twentieth, 12 in the fifth; b: 1 of 20 s, twice."""
    counts = [row[1] for row in tables["playback"].rows]
    assert counts == [3, 2, 0, 0, 1, *[0] * 14, 1]
    assert tables["playback"].rows[1][0] == "5-10%"


def test_frequent(tables):
    rows = [row[:2] for row in tables["frequent"].rows]
    # By count, then by string: 再 U+518D, 小 U+5C0F, 第 U+7B2C; 哈 U+54C8 before 小 among those of 2.
    assert rows == [["哈哈", 2], ["小猫可爱", 2], ["再见", 1], ["小猫", 1], ["第一", 1]]


def test_no_comments(tmp_path):
    dataset = made(tmp_path / "d", [])
    tables = {table.name: table for table in all_tables(dataset)}
    assert tables["table-1"].rows[0] == [
        "counted",
        "train",
        2,
        0,
        0,
        None,
        pytest.approx(3640 / 3600),
    ]
    assert [row[2] for row in tables["table-3"].rows] == [None] * 5
    assert tables["frequent"].rows == []


# Human scores


def test_ratings(tmp_path, counted):
    path = tmp_path / "scores.csv"
    path.write_text("rater,seconds,score\nx,0.5,4\ny,0.5,5\nx,20,1\nx,2,\n", "utf-8")
    found = read_pair_sheet(path)
    assert found[0] == (2, 4.5)
    assert found[4] == (1, 1.0)
    assert found[1][0] == 0
    rows = next(t for t in all_tables(counted, found) if t.name == "table-3").rows
    assert [row[6:8] for row in rows] == [[4.5, 2], [None, 0], [None, 0], [None, 0], [1.0, 1]]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("x,1", "line 2: seconds 'x'; write a number of at least 0"),
        ("-1,1", "line 2: seconds '-1'; write a number of at least 0"),
        ("1,6", "line 2: score '6'; write a number from 1 to 5"),
        ("1,x", "line 2: score 'x'; write a number from 1 to 5"),
    ],
)
def test_bad_ratings(tmp_path, row, message):
    path = tmp_path / "scores.csv"
    path.write_text(f"seconds,score\n{row}\n", "utf-8")
    with pytest.raises(LiveBenchError, match=message):
        read_pair_sheet(path)


def test_pairs_to_rate_come_back_as_ratings(tmp_path, dataset, run):
    arguments = ("stats", dataset.path, "--pairs-to-rate")
    assert run(*arguments, "one.csv", "--seed", 1).status == 0
    assert run(*arguments, "two.csv", "--seed", 1).status == 0
    assert run(*arguments, "other.csv", "--seed", 2).status == 0
    one = (tmp_path / "one.csv").read_bytes()
    assert one == (tmp_path / "two.csv").read_bytes()
    assert one != (tmp_path / "other.csv").read_bytes()
    rows = list(csv.DictReader(one.decode().splitlines()))
    seconds = np.array([float(row["seconds"]) for row in rows])
    assert np.bincount(interval_of(seconds), minlength=5).max() == 20
    for row in rows:
        row["score"] = 3
    with (tmp_path / "filled.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    assert {score for count, score in read_pair_sheet(tmp_path / "filled.csv") if count} == {3.0}


# The command


def test_json(counted, run):
    data = json.loads(run("stats", counted.path, "--json").out)
    assert data["figures"]["all"]["comments"] == 7
    assert data["tables"]["table-3"][0] == {
        "interval": "0-1 s",
        "pairs": 2,
        "edit distance": 1.0,
        "edit distance, paper": 11.74,
        "tf-idf": pytest.approx(0.8, abs=0.1),
        "tf-idf, paper": 0.048,
        "human": None,
        "scores": 0,
        "human, paper": 4.3,
    }


def test_text(counted, run):
    out = run("stats", counted.path).out
    assert "| distinct share" in out
    assert "## Similarity of neighbouring comments by interval (Table 3)" in out
    table = out.split("## The most frequent comments")[1].strip().splitlines()
    assert [cell.strip() for cell in table[2].split("|")[1:3]] == ["哈哈", "2"]
    assert len(table[2]) == len(table[0]) - 2  # in line: a character is two columns wide


def test_csv(counted, run, tmp_path, refused):
    assert run("stats", counted.path, "--csv", "out").status == 0
    with (tmp_path / "out" / "frequent.csv").open(encoding="utf-8", newline="") as file:
        assert next(csv.DictReader(file))["comment"] == "哈哈"
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"table-1.csv", "table-2.csv", "table-3.csv", "figure-4-words.csv"} <= names
    message = refused("stats", counted.path, "--csv", "out")
    assert message == "out: exists already; remove it or choose another --csv"
