"""From sheets to the leaderboard: filled CSV files, report, correlation, the layout of Table 5."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil

import msgspec
import numpy as np
import pytest
from simulated_raters import PAPER, Qualities, fill, plain_key

from livebench.human.analysis.report import HumanReport, make_report
from livebench.human.analysis.report_text import as_markdown, as_text
from livebench.human.sheets.key import CRITERIA, write_key

WORLD = Qualities(
    {
        "echo": (4.4, 3.2, 3.3),
        "laughing": (4.6, 2.6, 3.4),
        "question": (3.6, 2.2, 2.2),
        "human": (4.7, 3.6, 4.1),
    }
)


@pytest.fixture
def filled(sheets, rated, tmp_path):
    """The sheets of the tiny set, filled by three simulated raters: folder, key, files, ratings."""
    out, key = sheets
    ratings = rated(key, world=WORLD)
    files = []
    for name in ratings.raters:
        files.append(tmp_path / "handed-in" / f"{name}.csv")
        fill(out / "raters" / f"{name}.csv", files[-1], ratings, name)
    return out, key, files, ratings


def test_from_sheets_to_table_5(filled, run):
    out, key, files, _ = filled
    done = run("human-eval", "report", *files, "--key", out / "key.json")
    assert done.status == 0, done
    # The table worked out once more, from the files alone, one row after the other.
    sums: dict = {}
    rows = {row.row: row for rater in key.raters for row in rater.rows}
    items = {item.item: item for item in key.items}
    for file in files:
        for row in csv.DictReader(io.StringIO(file.read_bytes().decode("utf-8-sig"), newline="")):
            if rows[row["id"]].repeat:
                continue
            for system in items[rows[row["id"]].item].systems:
                for criterion in CRITERIA:
                    sums.setdefault((system, criterion), []).append(int(row[criterion]))
    lines = done.out.splitlines()
    start = lines.index("Means") + 2
    assert lines[start].split() == ["model", "Fluency", "Relevance", "Correctness"]
    for line, system in zip(lines[start + 2 : start + 6], key.system_names, strict=True):
        expected = [f"{np.mean(sums[system, criterion]):.2f}" for criterion in CRITERIA]
        assert line.split() == [system, *expected]


@pytest.mark.slow
def test_a_report_in_every_form(filled, run, tmp_path):
    out, _, files, _ = filled
    arguments = ["human-eval", "report", *files, "--key", out / "key.json"]
    text = run(*arguments, "--out", out, "--figures", out, "--format", "svg")
    assert text.status == 0, text
    assert text.out == (out / "report.txt").read_text("utf-8")
    as_json = json.loads(run(*arguments, "--json").out)
    assert as_json == json.loads((out / "report.json").read_text("utf-8"))
    assert set(as_json) >= {"systems", "comparisons", "agreement", "raters", "counts", "signature"}
    markdown = run(*arguments, "--markdown").out
    assert markdown == (out / "report.md").read_text("utf-8")
    for title in ("Means", "Paired tests", "Agreement", "Raters"):
        assert f"\n## {title}\n" in markdown
        assert f"\n{title}\n" in text.out
    for name in ("means.svg", "agreement.svg", "raters.svg"):
        assert "<svg" in (out / name).read_text("utf-8")
    # What is kept for others holds the ratings and no comment, and gives the same report.
    published = sorted((out / "ratings").glob("*.csv"))
    assert [path.name for path in published] == ["R1.csv", "R2.csv", "R3.csv"]
    for path in published:
        assert re.fullmatch(r"[\x20-\x7e\n]+", path.read_text("utf-8"))
    again = run("human-eval", "report", *published, "--key", out / "key.json", "--json")
    assert json.loads(again.out) == as_json


def test_what_the_command_refuses(filled, refused):
    out, _, files, _ = filled
    arguments = ["human-eval", "report", *files, "--key", out / "key.json"]
    text = files[0].read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    rows[4][-1] = ""
    damaged = io.StringIO(newline="")
    csv.writer(damaged).writerows(rows)
    files[0].write_text(damaged.getvalue(), "utf-8", newline="")
    said = refused(*arguments)
    assert "R1.csv, row 5, correctness: no rating; 1 of" in said
    assert not (out / "report.json").exists()


@pytest.mark.parametrize("policy", ["keep", "drop-item"])
def test_missing_ratings_are_counted(filled, run, policy):
    out, key, files, _ = filled
    text = files[0].read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    rows[1][-1] = ""
    damaged = io.StringIO(newline="")
    csv.writer(damaged).writerows(rows)
    files[0].write_text(damaged.getvalue(), "utf-8", newline="")
    done = run("human-eval", "report", *files, "--key", out / "key.json", "--missing", policy)
    assert done.status == 0, done
    assert f"Ratings missing: R1 1; --missing {policy}." in done.out
    assert f"|missing:{policy}|" in done.out
    assert (f"1 of {len(key.items)} items dropped for all raters." in done.out) == (
        policy == "drop-item"
    )


def test_a_rater_without_a_file_is_said(filled, run):
    out, _, files, _ = filled
    done = run("human-eval", "report", *files[:2], "--key", out / "key.json")
    assert "No file was given for R3." in done.out
    assert "|raters:2|" in done.out


@pytest.mark.slow
def test_careless_raters_stay_in_and_are_named(rated):
    key = plain_key(60, list(PAPER), 3, repeats=10)
    report = make_report(rated(key, "honest", "honest", "random", world=Qualities()), resamples=500)
    for text in (as_text(report), as_markdown(report)):
        assert "R3 looks careless, and is still in every number here: no agreement" in text
    assert len(report.agreement[0].pairs) == 3
    honest = make_report(rated(key, world=Qualities()), resamples=500)
    assert "No rater looks careless." in as_text(honest)
    alone = make_report(rated(plain_key(6, list(PAPER), 1), world=Qualities()), resamples=200)
    assert "One rater: there is nobody to agree with." in as_text(alone)


def test_undefined_is_written_out(ratings_of):
    key = plain_key(4, ["a", "human"], 2)
    report = make_report(ratings_of(key, [[3] * 8, [1, 2, 3, 4, 5, 1, 2, 3]]), resamples=200)
    text = as_text(report)
    assert "undefined: R1 gave 3 8 times and nothing else n=8" in text
    assert "undefined: nothing was rated twice (n=0)" in text
    shown = msgspec.json.decode(msgspec.json.encode(report), type=HumanReport)
    assert shown == report
    assert shown.agreement[0].pairs[0].spearman.value is None


def test_bars_in_names_break_no_table(rated):
    names = ["a", "human"]
    key = plain_key(6, names, 2)
    report = make_report(
        rated(key, world=Qualities(dict.fromkeys(names, (3, 3, 3)))), resamples=200
    )
    tables = [line for line in as_markdown(report).splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in tables)


@pytest.fixture
def project(tmp_path, frozen, copy_set, submission, filled):
    """A checkout with a set, a submission with scores, and a published human evaluation."""
    copy_set(frozen)
    return tmp_path


def test_correlate_command(filled, run, project, frozen, refused):
    out, _, files, _ = filled
    arguments = ["human-eval", "correlate", *files, "--key", out / "key.json"]
    arguments += ["--candidates", project / "candidates" / frozen.name]
    assert "no scores; run `livebench evaluate submissions/echo" in refused(*arguments)
    code = "class Mine:\n    def score(self, v, c, x):\n        return float({} * len(x.text))\n"
    for number, name in enumerate(("echo", "laughing", "question")):
        path = project / "submissions" / name
        (path / "scorer.py").write_text(code.format(number - 1))
        card = path / "submission.toml"
        card.write_text(f'entry = "scorer:Mine"\n{card.read_text()}')
        given = ["--candidates", project / "candidates" / frozen.name, "--setting", "comments"]
        assert run("evaluate", "--submission", path, *given, "--quiet").status == 0
        scores = path / "scores" / frozen.name / "default"
        shutil.copy(scores / "comments.jsonl.gz", scores / "both.jsonl.gz")
    done = run(*arguments)
    assert done.status == 0, done
    assert done.out.startswith(
        "Nothing can be concluded: with 3 systems even the same order has p = 0.333"
    )
    assert re.search(r"^mean of criteria +MRR +spearman", done.out, re.MULTILINE)
    found = json.loads(run(*arguments, "--json").out)
    assert found["systems"] == ["echo", "laughing", "question"]
    assert len(found["rows"]) == 40
    assert re.search(
        r"^\| human means +\| metric +\|", run(*arguments, "--markdown").out, re.MULTILINE
    )


def board(run, project):
    done = run("leaderboard", cwd=project)
    assert done.status == 0, done
    return (project / "docs/leaderboard/human-evaluation.md").read_text("utf-8")


@pytest.mark.slow
def test_the_leaderboard(filled, run, project, refused):
    out, _, files, _ = filled
    before = board(run, project)
    assert "# Human evaluation" in before
    assert "Nothing has been rated yet." in before
    assert "| Unified Transformer | 4.31 | 3.07 | 3.45 |" in before
    assert run("human-eval", "report", *files, "--key", out / "key.json", "--out", out).status == 0
    after = board(run, project)
    assert "Nothing has been rated yet." not in after
    report = json.loads((out / "report.json").read_text("utf-8"))
    section = after.split("## tiny, human evaluation")[1]
    for one in report["systems"]:
        value = one["criteria"]["fluency"]
        cell = f"{value['value']:.2f} \\[{value['low']:.2f}, {value['high']:.2f}\\]"
        assert f"| {one['system']} | {cell} |" in section
    assert "Krippendorff's alpha" in section
    assert "| human | 4.82 | 3.31 | 4.11 |" in section
    assert board(run, project) == after
    # A report that says other than its ratings is refused.
    damaged = (out / "ratings" / "R1.csv").read_text().replace(",5,", ",1,")
    (out / "ratings" / "R1.csv").write_text(damaged)
    assert "is not what the ratings in" in refused("leaderboard", cwd=project)
    shutil.rmtree(out / "ratings")
    assert "holds no ratings (*.csv)" in refused("leaderboard", cwd=project)


def test_the_published_table_is_that_of_the_paper():
    import tomllib
    from importlib.resources import files

    text = (files("livebench.leaderboard") / "published_human.toml").read_text("utf-8")
    rows = tomllib.loads(text)["rows"]
    assert {row[0]: tuple(map(float, row[1:])) for row in rows} == PAPER


def test_a_ratings_file_of_the_projects_own(tmp_path, run):
    # Two moments, two models and people, three raters; the means on each scale are worked by hand.
    key = plain_key(2, ["model-a", "model-b", "human"], 3)
    write_key(tmp_path / "key.json", key)
    ratings = {
        # item: model-a, model-b, human of the first moment, then of the second; F R C each
        "R1": ["412", "523", "545", "311", "434", "554"],
        "R2": ["421", "422", "535", "412", "534", "544"],
        "R3": ["512", "423", "544", "311", "424", "545"],
    }
    for rater, rows in ratings.items():
        lines = ["id,fluency,relevance,correctness"]
        lines += [f"{rater}-i{k:05},{','.join(row)}" for k, row in enumerate(rows)]
        (tmp_path / f"{rater}.csv").write_text("\n".join(lines) + "\n")
    files = [tmp_path / f"{rater}.csv" for rater in ratings]
    done = run("human-eval", "report", *files, "--key", tmp_path / "key.json")
    assert done.status == 0, done
    table = done.out.split("\nMeans\n")[1].splitlines()[1:6]
    del table[1]  # the line under the header
    # model-a: 4 4 5 3 4 3 = 23 / 6; 1 2 1 1 1 1 = 7 / 6; 2 1 2 1 2 1 = 9 / 6
    # model-b: 5 4 4 4 5 4 = 26 / 6; 2 2 2 3 3 2 = 14 / 6; 3 2 3 4 4 4 = 20 / 6
    # human: 5 throughout; 4 3 4 5 4 4 = 24 / 6; 5 5 4 4 4 5 = 27 / 6
    assert [line.split() for line in table] == [
        ["model", "Fluency", "Relevance", "Correctness"],
        ["model-a", "3.83", "1.17", "1.50"],
        ["model-b", "4.33", "2.33", "3.33"],
        ["human", "5.00", "4.00", "4.50"],
    ]
