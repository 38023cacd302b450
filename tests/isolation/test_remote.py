"""A submission in a process of its own: the same numbers, and whatever it does is told."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from livebench.errors import LiveBenchError
from livebench.isolation.remote import Isolation
from livebench.scoring.preparation import fit
from livebench.scoring.runner import make_scorer, read_samples
from livebench.submissions.load import Submission, find_submissions

ROOT = Path(__file__).parent.parent.parent
BUNDLED = [
    one
    for one in find_submissions(ROOT / "submissions")
    if one.card.entry.startswith("livebench.")
    and one.card.kind != "oracle"
    and "language_models" not in one.card.entry  # tests/language_models
]


def body(code):
    return f"import os, sys, time\nclass Mine:\n    def score(self, v, c, x):\n        {code}\n"


@pytest.fixture
def evaluate(run, frozen):
    """Runs `livebench evaluate` in the setting `comments`."""

    def call(path, *options):
        arguments = ("--candidates", frozen.path, "--setting", "comments")
        return run("evaluate", "--submission", path, *arguments, *options)

    return call


@pytest.mark.parametrize("one", BUNDLED, ids=lambda one: one.name)
def test_bundled_scorers_give_the_same_numbers(one, frozen, dataset):
    some = [sample for _, sample in read_samples(frozen, dataset, "both")][:5]
    run = one.card.runs[0]
    here = make_scorer(one, run)
    fit(here, dataset)
    with Isolation().open(one, run) as there:
        fit(there, dataset)
        assert np.array_equal(there.score_samples(some), np.float32(here.score_samples(some)))


SEES = """
import numpy as np
class Mine:
    def __init__(self, expected):
        self.expected = expected
    def fit(self, training):
        self.splits = sorted({video.split for video in training.dataset.videos})
        self.rows = [training.dataset.frames(v, range(v.frame_count)).sum() for v in training.videos]
        self.strings = len(training.strings), int(training.counts.sum())
        self.texts = len(training.dataset.comments.strings)
    def score(self, video_ctx, comments, candidate):
        video_ctx.frames[:] += 0  # can be written to, as in the process of LiveBench
        found = [
            self.splits, self.strings, self.texts, [float(r) for r in self.rows],
            video_ctx.time, video_ctx.frames.tolist(), video_ctx.frame_times.tolist(),
            str(video_ctx.frames.dtype), str(video_ctx.frame_times.dtype),
            video_ctx.title, video_ctx.category, [tuple(c) for c in comments], tuple(candidate),
        ]
        if repr(found) not in self.expected:
            raise ValueError(repr(found) + self.expected[0])
        return 0.5
"""


def test_what_a_scorer_sees_there(submission, frozen, dataset):
    _, sample = list(read_samples(frozen, dataset, "both"))[7]
    training, video = dataset.split("train"), sample.video_ctx
    rows = [float(dataset.frames(v, range(v.frame_count)).sum()) for v in training.videos]
    strings = len(training.strings)
    expected = [
        repr(
            [
                ["train"], (strings, int(training.counts.sum())), strings, rows,
                video.time, video.frames.tolist(), video.frame_times.tolist(),
                "float32", "int64", video.title, video.category,
                [tuple(one) for one in sample.comments], tuple(candidate),
            ]
        )
        for candidate in sample.candidates
    ]  # fmt: skip
    runs = [{"name": "r", "arguments": {"expected": expected}}]
    one = Submission(submission(code=SEES, runs=runs))
    with Isolation().open(one, one.card.runs[0]) as scorer:
        fit(scorer, dataset)
        assert scorer.score_samples([sample]) == [[0.5] * 100]


def test_nothing_of_other_splits_is_in_the_copy(submission, dataset, tmp_path):
    from livebench.isolation.training_copy import write_training_copy

    training = dataset.split("train")
    write_training_copy(training, tmp_path / "copy")
    known = set(training.strings)
    hidden = [one for one in dataset.comments.strings if one not in known]
    assert len(hidden) > 50
    for path in (tmp_path / "copy").iterdir():
        content = re.sub(rb"made_by = .*", b"", path.read_bytes())  # "dev173" is no video
        assert not [one for one in hidden if one.replace(" ", "").encode() in content]
        held_out = [v.video_id for v in dataset.videos if v.split != "train"]
        assert not [one for one in held_out if one.encode() in content]


def test_what_would_make_the_whole_dataset_is_not_in_the_copy(dataset, tmp_path):
    from livebench.data.dataset import Dataset
    from livebench.isolation.training_copy import write_training_copy

    whole = tmp_path / "whole"
    shutil.copytree(dataset.path, whole)
    card = whole / "dataset.toml"
    card.write_text('recipe = ["simulate", "--seed", "5"]\n' + card.read_text("utf-8"), "utf-8")
    assert Dataset(whole).info.recipe == ["simulate", "--seed", "5"]
    copy = write_training_copy(Dataset(whole).split("train"), tmp_path / "copy")
    assert copy.info.recipe == []
    assert copy.info.fingerprint == dataset.info.fingerprint


# Code, options, the last line of what the user sees, and something of what stands above it.
FAILURES = {
    "exits": (
        body("print('so long'); sys.stdout.flush(); os._exit(3)"),
        (),
        "the submission ended its process (exit status 3)",
        "what it printed last:\nso long",
    ),
    "exits in peace": (body("os._exit(0)"), (), "the submission ended its process (exit stat", ""),
    "killed": (body("os.kill(os.getpid(), 9)"), (), "was killed (SIGKILL), most often for lack", ""),
    "crashes": (body("os.kill(os.getpid(), 11)"), (), "died: Segmentation fault", ""),
    "hangs": (
        body("print('zzz', flush=True); time.sleep(100)"),
        ("--time-limit", "2"),
        "the submission gave no answer within 2 s; allow more with --time-limit",
        "zzz",
    ),
    "hangs before": ("import time\ntime.sleep(100)", ("--time-limit", "2"), "no answer within 2 s", ""),
    "out of memory": (
        body("bytearray(3 << 30)"),
        ("--memory", "2"),
        "the scorer raised MemoryError:",
        "in the process of the submission:\nTraceback",
    ),
    "garbage": (
        """
import os
import shutil
class Mine:
    def score(self, v, c, x):
        for n in range(3, 500):
            try:
                os.write(n, b"x" * 50)
            except OSError:
                pass
        return 0.0
""",
        (),
        "the submission wrote garbage into the pipe of its answers: it is not a message",
        "",
    ),
    "raises": (
        body("raise ValueError('\\x1b[31mred')"),
        (),
        "the scorer raised ValueError: ",
        "ValueError: [31mred",
    ),
    "leaves": (body("sys.exit('enough')"), (), "the scorer raised SystemExit: ", ""),
    "nan": (body("return float('nan')"), (), ", candidate 0: the score nan is not a finite", ""),
    "no class": ("x = 1", (), "entry scorer:Mine: the module has no class Mine", ""),
}  # fmt: skip


@pytest.mark.parametrize("case", FAILURES)
def test_what_goes_wrong_there_is_told(evaluate, submission, case):
    code, options, message, above = FAILURES[case]
    done = evaluate(submission(code=code), *options)
    assert done.status == 2
    assert message in done.err.splitlines()[-1]
    assert done.err.splitlines()[-1].startswith("livebench: ")
    assert above in done.err
    assert "\x1b" not in done.err


FORGED = """
import os, struct, msgspec
class Mine:
    def score_samples(self, samples):
        data = msgspec.msgpack.encode(FOUND)
        for n in range(3, 500):
            try:
                os.write(n, struct.pack(">cI", KIND, len(data)) + data)
            except OSError:
                pass
        return [[0.0] * 100 for _ in samples]
    def score(self, v, c, x):
        return 0.0
"""
FORGERIES = {
    "another message": ("b'H'", "['Mine', False, None]", "it is another answer than was asked for"),
    "other samples": ("b'S'", "[[b'', None]]", "it sent scores of other samples"),
    "other candidates": ("b'S'", "[[b'', None]] * 30", "it sent scores of other candidates"),
    "no numbers": ("b'S'", "[['a', 1]] * 30", "Expected `bytes`, got `str`"),
    "not finite": (
        "b'S'",
        "[[struct.pack('<d', float('inf')) * 100, None]] * 30",
        ", candidate 0: the score inf is not a finite float32",
    ),
    "negative counts": (
        "b'S'",
        "[[bytes(800), struct.pack('<q', -1) * 100]] * 30",
        ": a number of tokens is negative",
    ),
    "more comments than there are": (
        "b'S'",
        "[[bytes(800), None, 2**64 - 1]] * 30",
        ": the scorer says that it dropped 18446744073709551615 of ",
    ),
    "an error without end": (
        "b'E'",
        "{'kind': 'error', 'what': 'x' * 9000000}",
        "it is not a message",
    ),
    "deep": ("b'S'", "eval('[' * 90 + ']' * 90)", "Expected `bytes`, got `array`"),
}


@pytest.mark.parametrize("case", FORGERIES)
def test_what_it_sends_is_not_believed(evaluate, submission, case):
    kind, content, message = FORGERIES[case]
    done = evaluate(submission(code=FORGED.replace("FOUND", content).replace("KIND", kind)))
    assert done.status == 2
    assert message in done.err.splitlines()[-1]


def test_finished_samples_are_kept_when_it_dies(evaluate, submission):
    code = (
        "import os\nfrom pathlib import Path\nclass Mine:\n    def score_samples(self, samples):\n"
        "        if Path(__file__).with_name('seen').exists(): os._exit(1)\n"
        "        Path(__file__).with_name('seen').write_text('')\n"
        "        return [[0.0] * 100 for _ in samples]\n    def score(self, v, c, x):\n"
        "        return 0.0\n"
    )
    path = submission(code=code)
    done = evaluate(path)
    assert done.status == 2
    journal = path.parent / ".livebench" / "mine" / "tiny-paper" / "default" / "comments.journal"
    assert journal.read_bytes().count(b'"sample_id"') == 30
    assert "ended its process (exit status 1)" in done.err.splitlines()[-1]


def test_it_ends_with_its_block(submission):
    one = Submission(submission(code=body("return float(os.getpid())")))
    with Isolation().open(one, one.card.runs[0]) as scorer:
        pid = scorer._child.pid
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_it_is_killed_if_it_does_not_end(submission):
    code = (
        "import atexit, threading, time\nthreading.Thread(target=time.sleep, args=[60]).start()\n"
    )
    one = Submission(submission(code=code + body("return 0.0")))
    started = time.monotonic()
    with Isolation().open(one, one.card.runs[0]):
        pass
    assert time.monotonic() - started < 30


def test_in_process_on_request(evaluate, submission):
    path = submission(code=body("return float(os.getpid() % 1000)"))
    assert evaluate(path, "--in-process").status == 0
    scores = path / "scores" / "tiny-paper" / "default" / "comments.jsonl.gz"
    assert f"[{os.getpid() % 1000}," in gzip.decompress(scores.read_bytes()).decode()
    result = path / "results" / "tiny-paper" / "default" / "comments.json"
    assert '"isolation": "none"' in result.read_text()
    assert evaluate(path).status == 0
    assert '"isolation": "process"' in result.read_text()


def test_options_that_do_not_go_together(evaluate, submission):
    path = submission(code=body("return 0.0"))
    for options in (("--sandbox",), ("--memory", "1")):
        done = evaluate(path, "--in-process", *options)
        assert done.status == 2
        assert "--in-process cannot be combined with --sandbox or --memory" in done.err


def test_a_checkpoint_is_read_there(submission, tmp_path):
    code = (
        "class Mine:\n    def __init__(self, checkpoint):\n"
        "        self.v = float(checkpoint.read_text())\n"
        "    def score(self, v, c, x):\n        return self.v\n"
    )
    runs = [{"name": "r", "checkpoint": "w.txt", "checkpoint_sha256": "0" * 64}]
    path = submission(code=code, runs=runs)
    (path / "w.txt").write_text("1.5")
    one = Submission(path)
    with (
        pytest.raises(LiveBenchError, match=r"w\.txt: has sha256 "),
        Isolation().open(one, one.card.runs[0]),
    ):
        pass


@pytest.mark.parametrize("where", [(), ("--in-process",)])
def test_what_a_reader_should_know_crosses_the_pipe(submission, frozen, run, where):
    code = (
        "class Mine:\n    remark = 'slow\\x1b[2J here\\nand there'\n"
        "    def score(self, v, c, x):\n        return 0.0\n"
    )
    arguments = ["--candidates", frozen.path, "--setting", "comments", "--limit", "2", *where]
    done = run("evaluate", submission(code=code), *arguments)
    assert "WARNING: mine/default on tiny-paper, comments: slow" in done.err
    if not where:
        assert "\x1b" not in done.err
        assert "here and there" in done.err
