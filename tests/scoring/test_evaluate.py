"""`livebench evaluate`: scores and results, what is skipped, and what is refused."""

from __future__ import annotations

import gzip
import json
import re
from importlib.metadata import version

import msgspec
import numpy as np
import pytest
from written import result_of, scores_of

from livebench import __version__
from livebench.records import parse_json
from livebench.scoring.metrics import METRICS, sample_metrics
from livebench.scoring.result import Result


def lines_of(path):
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


LENGTH = """
class Mine:
    def score(self, video_ctx, comments, candidate):
        return -len(candidate.text) + 0.01 * len(comments) + 0.001 * video_ctx.frames.size
"""
FITTED = LENGTH + "    def fit(self, training):\n        self.n = len(training.strings)\n"
FAILS = """
class Mine:
    def score(self, video_ctx, comments, candidate):
        raise ValueError("out of order")
"""


def test_scores_and_results(evaluate, submission, frozen, listing):
    path = submission(code=LENGTH, runs=[{"name": "default", "seed": 5}])
    done = evaluate(path)
    assert done.status == 0, done
    files = [
        f"{kind}/tiny-paper/default/{setting}.{ending}"
        for kind, ending in (("results", "json"), ("scores", "jsonl.gz"))
        for setting in ("blind", "both", "comments", "video")
    ]
    found = [name for name in listing(path) if (path / name).is_file() and "pycache" not in name]
    assert found == sorted([*files, "scorer.py", "submission.toml"])
    for setting, bonus in (("blind", 0), ("video", 0.02), ("comments", 0.05), ("both", 0.07)):
        expected = np.array(
            [[-len(text) + bonus for text in sample.candidates] for sample in frozen.samples()]
        )
        lines = lines_of(scores_of(path, setting=setting))
        scores = np.array([line["scores"] for line in lines])
        assert scores == pytest.approx(expected, abs=1e-4)
        assert [line["sample_id"] for line in lines] == [one.sample_id for one in frozen.samples()]
        result = parse_json(result_of(path, setting=setting), Result)
        correct = np.array([[kind == "correct" for kind in one.types] for one in frozen.answers()])
        means = {truth: v.mean(axis=0) for truth, v in sample_metrics(scores, correct).items()}
        for truth in ("best", "all"):
            values = [result.metrics[truth][metric.name].value for metric in METRICS]
            assert values == pytest.approx(means[truth])
        assert result.signature == (
            f"set:tiny-paper@{frozen.manifest.hash[:8]}|words:jieba-{version('jieba')}"
            f"|setting:{setting}|gt:best|score:sum|ties:mean|v:{__version__}"
        )
        manifest = result.manifest
        assert (manifest.evaluated, manifest.seed, manifest.run) == ("re-run", 5, "default")
        assert manifest.set_hash == frozen.manifest.hash
        assert {"livebench", "python", "numpy"} <= set(manifest.versions)
        assert sum(result.anatomy["rank_1"].values()) == pytest.approx(100)
        signature = result.signature.replace(
            f"setting:{setting}", "setting:blind,video,comments,both"
        )
        assert signature in done.out
        assert f"{result.metrics['best']['MRR'].value:.4f} [" in done.out


def test_the_same_scores_every_time(evaluate, submission, listing):
    one, two = (submission(name, code=LENGTH) for name in ("one", "two"))
    assert evaluate(one).status == evaluate(two).status == 0
    before = scores_of(one).read_bytes()
    assert scores_of(two).read_bytes() == before
    assert evaluate(one, "--quiet").status == 0
    assert scores_of(one).read_bytes() == before


def test_json_prints_only_json(evaluate, submission, frozen_without_frames, frozen):
    path = submission(code=FITTED)
    done = evaluate(path, "--json", sets=[frozen, frozen_without_frames])
    assert done.status == 0, done
    lines = done.out.splitlines()
    found = [msgspec.json.decode(line, type=Result) for line in lines[:4]]
    rows = [json.loads(line)["row"] for line in lines[4:]]
    assert [(row["setting"], row["value"]) for row in rows] == [
        (one.manifest.setting, msgspec.to_builtins(one.metrics["best"]["MRR"])) for one in found
    ]
    assert [(one.manifest.candidate_set, one.manifest.setting) for one in found] == [
        ("tiny-paper", "blind"),
        ("tiny-paper", "video"),
        ("tiny-paper", "comments"),
        ("tiny-paper", "both"),
    ]
    assert found[3] == parse_json(result_of(path), Result)
    assert "skipped mine on silent-paper" in done.err


SKIPPED = {
    "no frames": (
        {"code": LENGTH},
        "silent",
        [
            "skipped mine on silent-paper, video, both: the dataset of the set has no frames",
        ],
        ["comments"],
    ),
    "does not take part": (
        {"code": LENGTH, "settings": ["video"]},
        "tiny",
        [
            "skipped mine on tiny-paper, comments, both: the submission does not take part",
        ],
        ["video"],
    ),
    "trained elsewhere": (
        {"code": LENGTH, "runs": [{"name": "default"}, {"name": "b", "dataset": "other"}]},
        "tiny",
        ["skipped mine on tiny-paper, run b: it was trained on other"],
        ["video", "comments", "both"],
    ),
    "no dataset": (
        {"code": LENGTH},
        "tiny, no dataset",
        ["skipped mine on tiny-paper, run default: video, both: its dataset tiny"],
        ["comments"],
    ),
}


@pytest.mark.parametrize("case", SKIPPED)
def test_what_is_skipped_is_named(
    request, evaluate, submission, frozen, frozen_without_frames, dataset, case
):
    fields, where, remarks, settings = SKIPPED[case]
    path = submission(**fields)
    sets = [frozen_without_frames] if where == "silent" else [frozen]
    done = evaluate(path, sets=sets, datasets=[] if "no dataset" in where else [dataset])
    assert done.status == 0, done
    lines = [line for line in done.err.splitlines() if not line.startswith("WARNING")]
    assert len(lines) == len(remarks)
    for line, remark in zip(lines, remarks, strict=True):
        assert line.startswith(remark)
    for setting in ("video", "comments", "both"):
        there = scores_of(path, sets[0].name, setting=setting).exists()
        assert there == (setting in settings)


def test_nothing_could_be_evaluated(evaluate, submission, frozen, copy_set, listing):
    path = submission(code=FITTED)
    copied = copy_set(frozen)
    (copied.path / "samples.jsonl.gz").unlink()
    before = listing(path.parent.parent)
    done = evaluate(path, sets=[copied], datasets=[])
    assert done.status == 2
    assert done.err.splitlines()[0].startswith(
        "skipped mine on tiny-paper, all settings: its text is absent, and its dataset tiny"
    )
    assert (
        done.err.splitlines()[-1]
        == f"livebench: {path}: nothing could be evaluated; see the reasons above"
    )
    assert listing(path.parent.parent) == before


def test_absent_text_is_restored(evaluate, submission, frozen, copy_set):
    copied = copy_set(frozen)
    (copied.path / "samples.jsonl.gz").unlink()
    path = submission(code=LENGTH)
    assert evaluate(path, "--setting", "comments", sets=[copied]).status == 0
    for name in ("samples.jsonl.gz", "manifest.json"):
        assert (copied.path / name).read_bytes() == (frozen.path / name).read_bytes()
    assert not scores_of(path, setting="both").exists()


def test_a_scorer_that_fails_leaves_nothing(evaluate, submission, frozen, listing):
    path = submission(code=FAILS)
    done = evaluate(path)
    assert done.status == 2
    assert "Traceback" in done.err  # the author of the code wants to see where
    assert 'raise ValueError("out of order")' in done.err
    last = done.err.splitlines()[-1]
    where = "livebench: mine/default on tiny-paper, blind, "
    assert re.match(rf"{where}samples blind 1-100 to blind 401-\d+: ", last)
    assert last.endswith(
        ": out of order; in the setting blind nothing is shown: score without frames and comments, by "
        "the comment alone (docs/submissions.md), or name another --setting"
    )
    done = evaluate(path, "--setting", "video")
    assert done.err.endswith(": out of order\n")
    assert not [name for name in listing(path) if (path / name).is_file() and "results" in name]
    assert not [name for name in listing(path) if name.endswith("gz") or "/." in name]


def test_a_scorer_that_fails_keeps_the_scores_before(evaluate, submission):
    path = submission(code=LENGTH)
    assert evaluate(path).status == 0
    before = scores_of(path).read_bytes(), result_of(path).read_bytes()
    (path / "other.py").write_text(FAILS)
    card = path / "submission.toml"
    card.write_text(card.read_text().replace("scorer:Mine", "other:Mine"))
    assert evaluate(path).status == 2
    assert (scores_of(path).read_bytes(), result_of(path).read_bytes()) == before


BAD_CARDS = {
    "unknown field": ({"colour": "red"}, "Object contains unknown field `colour`"),
    "no run": ({"runs": []}, "Expected `array` of length >= 1 - at `$.runs`"),
    "no setting": ({"settings": []}, "Expected `array` of length >= 1 - at `$.settings`"),
    "unknown setting": (
        {"settings": ["audio"]},
        "Invalid enum value 'audio' - at `$.settings[0]`; allowed: both, comments, video",
    ),
    "unknown kind": (
        {"kind": "best"},
        "Invalid enum value 'best' - at `$.kind`; allowed: baseline, model, oracle, probe",
    ),
    "two runs of a name": ({"runs": [{"name": "a"}] * 2}, "two runs have the same name; give each"),
    "run outside": ({"runs": [{"name": "../../x"}]}, "Expected `str` matching regex"),
    "run absolute": ({"runs": [{"name": "/tmp/x"}]}, "Expected `str` matching regex"),
    "run hidden": ({"runs": [{"name": ".x"}]}, "Expected `str` matching regex"),
    "run with a line end": ({"runs": [{"name": "a\n"}]}, "Expected `str` matching regex"),
    "bad date": ({"date": "yesterday"}, "Expected `date`, got `str` - at `$.date`"),
}


@pytest.mark.parametrize("case", BAD_CARDS)
def test_a_bad_card_is_refused(submission, refused, frozen, case):
    fields, message = BAD_CARDS[case]
    path = submission(code=LENGTH, **fields)
    found = refused("evaluate", "--submission", path, "--candidates", frozen.path)
    assert found.startswith(f"{path / 'submission.toml'}: ")
    assert message in found


def test_no_submission_no_set(submission, refused, frozen):
    path = submission(code=LENGTH)
    assert refused("evaluate", "--submission", "nowhere", "--candidates", frozen.path) == (
        "nowhere: submission not found; available: mine"
    )
    assert refused("evaluate", "--submission", path).startswith(
        "candidates: no candidate set in it"
    )
    assert refused("evaluate", "--submission", path, "--candidates", "x").startswith(
        "x: set not found; "
    )
    message = refused(
        "evaluate", "--submission", path, "--candidates", frozen.path, "--dataset", "d"
    )
    assert message.startswith("d: dataset not found; ")


def test_a_set_that_was_tampered_with_is_not_evaluated(submission, frozen, copy_set, refused):
    copied = copy_set(frozen)
    lines = gzip.decompress((copied.path / "answers.jsonl.gz").read_bytes())
    forged = lines.replace(b'"correct"', b'"random"', 1)
    (copied.path / "answers.jsonl.gz").write_bytes(gzip.compress(forged, mtime=0))
    path = submission(code=LENGTH)
    options = ("--candidates", copied.path, "--setting", "comments")
    message = refused("evaluate", "--submission", path, *options)
    assert f"{copied.path / 'answers.jsonl.gz'}: changed" in message
