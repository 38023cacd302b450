"""`livebench submit check`: everything that is wrong at once, each with file, place and fix."""

from __future__ import annotations

import gzip
import json
import os
import shutil

import pytest

SET, RESULT = "silent-paper", "results/silent-paper/default/comments.json"
SCORES = "scores/silent-paper/default/comments.jsonl.gz"


@pytest.fixture
def mine(project):
    """The folder of a submission that is in order."""
    return project / "submissions" / "mine"


@pytest.fixture
def checked(run):
    """Checks submissions/mine; gives the exit status and findings as (where and what, fix)."""

    def call():
        done = run("submit", "check", "submissions/mine")
        lines = done.out.splitlines()
        assert lines[-1].startswith("submissions/mine: ")
        found = list(zip(lines[:-1:2], lines[1:-1:2], strict=True))
        assert all(fix.startswith("    fix: ") for _, fix in found)
        assert done.status == (1 if found else 0)
        return [
            (what.removeprefix("submissions/mine/"), fix.removeprefix("    fix: "))
            for what, fix in found
        ]

    return call


def put(path):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")


def card(path, old="", new="", *, extra=""):
    file = path / "submission.toml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1) + extra, "utf-8")


def lines_of(path):
    return gzip.decompress((path / SCORES).read_bytes()).splitlines()


def write_lines(path, lines):
    (path / SCORES).write_bytes(gzip.compress(b"\n".join(lines) + b"\n", mtime=0))


def in_result(path, **fields):
    result = json.loads((path / RESULT).read_text())
    result["manifest"].update(fields)
    (path / RESULT).write_text(json.dumps(result))


def test_in_order(mine, run):
    done = run("submit", "check", "submissions/mine")
    assert (done.status, done.out, done.err) == (0, "submissions/mine: in order\n", "")


def test_no_scores_yet(mine, run):
    shutil.rmtree(mine / "scores")
    shutil.rmtree(mine / "results")
    done = run("submit", "check", "submissions/mine")
    assert done.status == 0
    assert done.out == (
        "submissions/mine: in order; it has no scores and no row yet: `livebench evaluate "
        "submissions/mine` makes them\n"
    )


CARD = {
    "unknown field": (
        lambda path: card(path, extra="\nsetings = 3\n"),
        "submission.toml: setings: there is no such field",
        "did you mean settings?",
    ),
    "date in quotes": (
        lambda path: card(path, "date = 2026-01-02", 'date = "2026-01-02"'),
        "submission.toml: date: expected `date`, got `str`",
        "write a TOML date without quotes, as in date = 2026-01-31",
    ),
    "missing": (
        lambda path: card(path, 'description = "For a test."'),
        "submission.toml: description: is missing",
        'write description = "..." in one sentence',
    ),
    "empty": (
        lambda path: card(path, '"For a test."', '" "'),
        "submission.toml: description: is empty",
        'write description = "..." in one sentence',
    ),
    "another kind": (
        lambda path: card(path, extra='\nkind = "best"\n'),
        "submission.toml: kind: invalid enum value 'best'",
        'write kind = "model", or leave it out; what ships with LiveBench is of another kind',
    ),
    "weights of no kind": (
        lambda path: card(path, extra='\nweights = "some"\n'),
        "submission.toml: weights: invalid enum value 'some'",
        'write one of weights = "open", "recipe", "closed" and "none", or leave it out',
    ),
    "training data of no kind": (
        lambda path: card(path, extra='\ntraining_data = "web"\n'),
        "submission.toml: training_data: invalid enum value 'web'",
        'write one of training_data = "none", "dataset", "other" and "dataset+other", or leave it out',
    ),
    "entry without colon": (
        lambda path: card(path, "scorer:Mine", "scorer.Mine"),
        "submission.toml: entry: 'scorer.Mine' is not two Python names with a colon between them",
        'write entry = "module:Class", or leave it out if there are scores only',
    ),
    "entry out of the folder": (
        lambda path: card(path, "scorer:Mine", "../other/scorer:Mine"),
        "submission.toml: entry: '../other/scorer:Mine' is not two Python names with a colon between "
        "them",
        'write entry = "module:Class", or leave it out if there are scores only',
    ),
    "no such class": (
        lambda path: card(path, "scorer:Mine", "scorer:Yours"),
        "submission.toml: entry: scorer.py has no class Yours",
        "its classes are: Mine",
    ),
    "no such module": (
        lambda path: card(path, "scorer:Mine", "no_such_module:Mine"),
        "submission.toml: entry: there is no module no_such_module",
        "put no_such_module.py into the folder, or install it",
    ),
    "no method": (
        lambda path: (path / "scorer.py").write_text("\nclass Mine:\n    pass\n"),
        "scorer.py: line 2: Mine has no method score",
        "write def score(self, video_ctx, comments, candidate)",
    ),
    "no Python": (
        lambda path: (path / "scorer.py").write_text("class Mine:\n    def score(self:\n"),
        "scorer.py: line 2: is not Python: '(' was never closed",
        "`python -m py_compile scorer.py` shows where",
    ),
    "checkpoint out of the folder": (
        lambda path: card(
            path, '{ name = "default" }', '{ name = "default", checkpoint = "../a" }'
        ),
        "submission.toml: checkpoint: '../a' leads out of the folder of the submission",
        'write checkpoint = "checkpoints/..." of a file in this folder',
    ),
    "run out of the folder": (
        lambda path: card(path, '{ name = "default" }', '{ name = "default" }, { name = "../b" }'),
        "submission.toml: runs, number 2: name: expected `str` matching regex "
        "'^[A-Za-z0-9][A-Za-z0-9._-]{0,79}\\\\Z'",
        "use letters, digits, '.', '_' and '-'; it is the folder of the scores",
    ),
    "two runs of a name": (
        lambda path: card(
            path, '{ name = "default" }', '{ name = "default" }, { name = "default" }'
        ),
        "submission.toml: runs: two have the name 'default'",
        "give each its own name",
    ),
}


@pytest.mark.parametrize("case", CARD)
def test_the_card(mine, checked, case):
    change, what, fix = CARD[case]
    change(mine)
    assert (what, fix) in checked()


FILES = {
    "line twice": (
        lambda path: write_lines(path, [*lines_of(path), lines_of(path)[0]]),
        f"{SCORES}: line 21, sample v02@40: scored on line 1 already",
        "keep one",
    ),
    "not finite": (
        lambda path: write_lines(
            path, [lines_of(path)[0].replace(b"[", b"[NaN,", 1), *lines_of(path)[1:]]
        ),
        f"{SCORES}: line 1, sample v02@40: a number is not finite",
        'write {"sample_id": "...", "scores": [100 finite numbers]}',
    ),
    "no record": (
        lambda path: write_lines(path, [b"{}", *lines_of(path)[1:]]),
        f"{SCORES}: line 1: Object missing required field `sample_id`",
        'write {"sample_id": "...", "scores": [100 finite numbers]}',
    ),
    "no gzip": (
        lambda path: (path / SCORES).write_bytes(b"x" * 100),
        f"{SCORES}: cannot be read as gzip: ",
        "fetch or write the file again",
    ),
    "changed": (
        lambda path: write_lines(path, lines_of(path)[::-1]),
        f"{SCORES}: has changed since it was evaluated",
        "run `livebench evaluate submissions/mine` again",
    ),
    "no result": (
        lambda path: (path / RESULT).unlink(),
        f"{SCORES}: has no result beside it",
        "run `livebench evaluate submissions/mine`",
    ),
    "no scores": (
        lambda path: (path / SCORES).unlink(),
        f"{RESULT}: is a result without scores",
        "add them, or remove it",
    ),
    "of another submission": (
        lambda path: in_result(path, submission="theirs"),
        f"{RESULT}: manifest.submission: is 'theirs' and should be 'mine'",
        "run `livebench evaluate submissions/mine` again",
    ),
    "no version": (
        lambda path: in_result(path, versions={}),
        f"{RESULT}: manifest.versions: does not say which LiveBench made it",
        "run `livebench evaluate submissions/mine` again",
    ),
    "of an older set": (
        lambda path: in_result(path, set_hash="0" * 64),
        f"{RESULT}: was made for another version of silent-paper, so its row is shown separately",
        "run `livebench evaluate submissions/mine` again",
    ),
    "of another major version": (
        lambda path: in_result(path, versions={"livebench": "7.0"}),
        f"{RESULT}: was made by another major version of LiveBench, so its row is shown separately",
        "run `livebench evaluate submissions/mine` again",
    ),
    "another set": (
        lambda path: (path / "scores" / SET).rename(path / "scores" / "other"),
        "scores/other/default/comments.jsonl.gz: there is no candidate set other",
        "sets: silent-paper",
    ),
    "another run": (
        lambda path: (path / "scores" / SET / "default").rename(path / "scores" / SET / "more"),
        "scores/silent-paper/more/comments.jsonl.gz: submission.toml has no run more",
        "add it, or remove the file",
    ),
    "another setting": (
        lambda path: (path / SCORES).rename((path / SCORES).with_name("both.jsonl.gz")),
        "scores/silent-paper/default/both.jsonl.gz: submission.toml does not take part in both",
        "add it to settings, or remove the file",
    ),
    "in the wrong place": (
        lambda path: (path / SCORES).rename(path / "scores" / "comments.jsonl.gz"),
        "scores/comments.jsonl.gz: does not belong here",
        "files here are scores/SET/RUN/SETTING.jsonl.gz",
    ),
    "a link": (
        lambda path: (path / "more.txt").symlink_to("/etc/passwd"),
        "more.txt: is a symbolic link",
        "put the file itself there",
    ),
    "a pipe": (lambda path: os.mkfifo(path / "more"), "more: is not a regular file", "remove it"),
    "bytecode": (
        lambda path: put(path / "__pycache__" / "scorer.cpython-311.pyc"),
        "__pycache__/scorer.cpython-311.pyc: is compiled code, which nobody can review, and LiveBench",
        "remove it",
    ),
    "a library": (
        lambda path: put(path / "checkpoints" / "scorer.so"),
        "checkpoints/scorer.so: is compiled code",
        "remove it",
    ),
    "what a kill has left": (
        lambda path: put(path / "results" / ".comments.json.abcd_123.part"),
        "results/.comments.json.abcd_123.part: was left by a write that was stopped",
        "remove it",
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_the_files(mine, checked, case):
    change, what, fix = FILES[case]
    change(mine)
    found = checked()
    assert any(one.startswith(what) and given == fix for one, given in found), found


MADE = {"dtype": "bfloat16", "chat": True, "more": {"b": [1, 2.5], "a": "x"}}
DECLARED = (
    'seed = 3, arguments = { more = { a = "x", b = [1, 2.5] }, chat = true, dtype = "bfloat16" }'
)
OTHERWISE = [
    (DECLARED, ""),
    (DECLARED.replace("bfloat16", "float32"), "arguments.dtype"),
    (DECLARED.replace("true", "1"), "arguments.chat"),
    (DECLARED.replace("2.5", "2.25"), "arguments.more"),
    (DECLARED.replace("{ more", "{ up = 1, more"), "arguments.up"),
    (DECLARED.replace("chat = true, ", "down = inf, "), "arguments.chat, arguments.down"),
    (DECLARED.replace("3", "4", 1), "seed"),
    ("seed = 3", "arguments.chat, arguments.dtype, arguments.more"),
    ("", "arguments.chat, arguments.dtype, arguments.more, seed"),
    (DECLARED.replace("true", "9" * 40), "arguments.chat"),
]


@pytest.mark.parametrize(("declared", "differing"), OTHERWISE)
def test_a_card_that_says_other_arguments_than_were_given(mine, checked, declared, differing):
    (mine / RESULT.replace("comments", "blind")).unlink()
    (mine / SCORES.replace("comments", "blind")).unlink()
    card(mine, 'name = "default"', f'name = "default", {declared}'.rstrip(", "))
    in_result(mine, arguments=MADE, seed=3)
    found = [one for one in checked() if one[0].startswith(RESULT)]
    what = f"{RESULT}: was made when submission.toml declared another {differing}"
    again = "run `livebench evaluate submissions/mine` again"
    assert found == ([(what, again)] if differing else [])


def test_arguments_as_a_result_writes_them(mine, checked):
    """A date becomes text, and what is no number null."""
    declared = "arguments = { since = 2026-01-02, at_most = inf, at_least = -inf, part = nan }"
    card(mine, 'name = "default"', f'name = "default", {declared}')
    made = {"since": "2026-01-02", "at_most": None, "at_least": None, "part": None}
    in_result(mine, arguments=made)
    assert [what for what, _ in checked() if what.startswith(RESULT)] == []


def test_all_at_once(mine, checked):
    card(mine, "date = 2026-01-02", "date = 3")
    card(mine, "scorer:Mine", "scorer:Yours")
    lines = lines_of(mine)
    lines[3], lines[7] = b"[]", lines[6]
    write_lines(mine, lines)
    found = [what for what, _ in checked()]
    assert [one.split(":")[0:2] for one in found] == [
        ["submission.toml", " date"],
        ["submission.toml", " entry"],
        [RESULT.replace("comments", "blind"), " manifest.entry"],
        [RESULT, " manifest.entry"],
        [SCORES, " line 4"],
        [SCORES, " line 8, sample v16@58"],
        [SCORES, " 2 of 20 samples have no scores, the first is " + missing(mine)],
    ]


def missing(path):
    from livebench.candidates.candidate_set import CandidateSet

    ids = [one.sample_id for one in CandidateSet(path.parent.parent / "candidates" / SET).answers()]
    return ids[3]


def test_of_many_lines_that_are_wrong_the_first_are_told(mine, checked):
    write_lines(mine, [b"x"] * 20 + [b"{}"] * 20)
    found = [what for what, _ in checked() if what.startswith(f"{SCORES}: line")]
    assert len(found) == 20
    assert (f"{SCORES}: has more problems", "fix these, and check again") in checked()


def test_a_run_without_scores(mine, checked):
    card(mine, '{ name = "default" }', '{ name = "default" }, { name = "again" }')
    assert checked() == [
        (
            f"scores/silent-paper/again/{setting}.jsonl.gz: is missing, while other runs have scores",
            "evaluate every run, or remove it from submission.toml",
        )
        for setting in ("blind", "comments")
    ]


def test_no_submission_at_all(mine, run):
    (mine.parent / "empty").mkdir()
    done = run("submit", "check", "empty", "mine")
    assert done.status == 1
    assert done.out.splitlines() == [
        "submissions/empty: has no submission.toml",
        "    fix: write one with `livebench submit init`",
        "submissions/empty: 1 problem",
        "submissions/mine: in order",
    ]


def test_as_json(mine, run):
    card(mine, "date = 2026-01-02", "date = 3")
    in_result(mine, set_hash="0" * 64)
    done = run("submit", "check", "mine", "theirs", "--json")
    assert done.status == 1
    date, stale = map(json.loads, done.out.splitlines())
    assert date == {
        "where": "submissions/mine/submission.toml",
        "place": "date",
        "what": "expected `date`, got `int`",
        "fix": "write a TOML date without quotes, as in date = 2026-01-31",
        "stale": False,
    }
    assert stale["where"] == f"submissions/mine/{RESULT}" and stale["stale"]
