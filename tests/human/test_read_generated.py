"""Generated comments: one for each sample wanted, or the file is refused with line and sample."""

from __future__ import annotations

import gzip

import pytest

from livebench.errors import LiveBenchError
from livebench.submissions.generated import generated_run, read_generated
from livebench.submissions.load import Submission


@pytest.fixture
def read(frozen, submission, tmp_path):
    """Reads a file of these lines for the first two samples of the tiny set."""
    ids = [answer.sample_id for answer in frozen.answers()]

    def call(*lines, wanted=tuple(ids[:2])):
        found = Submission(submission(f"s{len(list(tmp_path.rglob('submission.toml')))}"))
        run = generated_run(found, frozen)
        path = found.generated_path(frozen.name, run, "both")
        if lines:
            path.parent.mkdir(parents=True)
            path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))
        return read_generated(found, frozen, run, "both", sample_ids=ids, wanted=wanted)

    call.ids = ids
    return call


def line(name, text):
    return f'{{"sample_id":"{name}","text":"{text}"}}'


def test_texts_in_the_order_wanted(read):
    a, b, c = read.ids[:3]
    assert read(line(c, "丙"), line(b, "乙"), line(a, "甲"), wanted=(a, b)) == ["甲", "乙"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((), r"both.jsonl.gz: no generated comments; run `livebench generate .*s0 --candidates"),
        (["A", "A"], r"line 2, sample v\d\d@\d+: has a comment already; keep one"),
        (
            ["A"],
            r"1 of 2 samples wanted have no comment, the first is v\d\d@\d+; generate a comment",
        ),
        (
            ["A", "empty"],
            r"line 2, sample v\d\d@\d+: the comment is empty, and nobody can rate nothing",
        ),
        (["A", "unknown"], r"line 2: the set has no sample elsewhere@1; remove the line"),
        (["A", "number"], r"line 2, sample v\d\d@\d+: Expected `str`, got `int` - at `\$.text`"),
        (["A", "more"], r"line 2, sample v\d\d@\d+: Object contains unknown field `by`"),
    ],
)
def test_refused(read, lines, message):
    a, b = read.ids[:2]
    rows = {
        "A": line(a, "甲"),
        "empty": line(b, " \\u3000\\n"),
        "unknown": line("elsewhere@1", "乙"),
        "number": f'{{"sample_id":"{b}","text":1}}',
        "more": f'{{"sample_id":"{b}","text":"乙","by":"x"}}',
    }
    with pytest.raises(LiveBenchError, match=message):
        read(*(rows[name] for name in lines))


def test_the_run_that_is_rated(frozen, submission):
    runs = [{"name": "other", "dataset": "elsewhere"}, {"name": "first"}, {"name": "second"}]
    found = Submission(submission("several", runs=runs))
    assert generated_run(found, frozen).name == "first"
    assert generated_run(found, frozen, "second").name == "second"
    for name, said in (("other", "no run other for the dataset tiny; runs for it: first, second"),):
        with pytest.raises(LiveBenchError, match=said):
            generated_run(found, frozen, name)
    none = Submission(submission("none", runs=runs[:1]))
    with pytest.raises(
        LiveBenchError, match="no run at all for the dataset tiny; runs for it: none"
    ):
        generated_run(none, frozen)


def test_what_generate_writes_is_rated(run, submission, frozen, dataset, tmp_path):
    code = "class Mine:\n    def score(self, v, c, x):\n        return 0.0\n"
    code += "    def generate(self, v, c):\n        return f'第{v.time}秒'\n"
    path = submission("mine", code=code)
    given = ["--candidates", frozen.path, "--dataset", dataset.path]
    done = run("generate", path, *given, "--setting", "both", "--quiet")
    assert done.status == 0, done
    out = tmp_path / "human" / "one"
    done = run("human-eval", "sheet", *given, "--submission", path, "--moments", 6, "--out", out)
    assert done.status == 0, done
    sheet = (out / "raters" / "R1.csv").read_text("utf-8-sig")
    assert sheet.count('"第') == 7  # six moments, one of them twice


def test_the_run_that_has_comments(frozen, submission):
    found = Submission(submission("two", runs=[{"name": "a"}, {"name": "b"}, {"name": "c"}]))
    runs = found.card.runs
    assert generated_run(found, frozen, setting="both").name == "a"  # none has: the first
    for run, setting in ((runs[1], "both"), (runs[2], "both"), (runs[0], "comments")):
        path = found.generated_path(frozen.name, run, setting)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    assert generated_run(found, frozen, setting="both").name == "b"
    assert generated_run(found, frozen, setting="comments").name == "a"
    assert generated_run(found, frozen, "c", "comments").name == "c"  # as it was asked for
