"""`livebench compare`: what a reviewer pastes."""

from __future__ import annotations

import msgspec
import pytest

from livebench.leaderboard.comparison import Compared
from livebench.scoring.metrics import METRICS

CODE = (
    "class Mine:\n    def score(self, v, c, x):\n        return SIGN * len(x.text) + len(x.words)\n"
)


@pytest.fixture
def project(made_once, frozen, frozen_without_frames, dataset, copy_set, submission, run):
    """Two sets, and two submissions that were evaluated on them in the setting `comments`."""

    def make():
        copy_set(frozen)
        copy_set(frozen_without_frames)
        for name, sign in (("short", "-1"), ("long", "1")):
            submission(name, code=CODE.replace("SIGN", sign), settings=["comments"])
            done = run("evaluate", "--submission", f"submissions/{name}", "--quiet", "--json")
            assert done.status == 0, done

    return made_once(make)


def test_in_words_and_as_json(project, run):
    done = run("compare", "short", "submissions/long", "--json", cwd=project)
    assert done.status == 0, done
    found = [msgspec.json.decode(line, type=Compared) for line in done.out.splitlines()]
    assert [one.set_name for one in found] == ["silent-paper", "tiny-paper"]
    assert {one.setting for one in found} == {"comments"}
    # Holm over two: the smaller p counts twice
    p = sorted(one.comparison.metrics["MRR"].p for one in found)
    expected = [min(1, 2 * p[0]), max(min(1, 2 * p[0]), p[1])]
    assert sorted(one.p_holm for one in found) == pytest.approx(expected)

    done = run("compare", "short", "long", cwd=project)
    assert done.status == 0
    table, *parts = done.out.split("### ")[1:]
    rows = [line for line in table.splitlines() if line.startswith("| ")][2:]
    for row, one in zip(rows, found, strict=True):
        mrr = one.comparison.metrics["MRR"]
        ahead = "short" if mrr.difference.value > 0 else "long"
        better = ahead if mrr.p < 0.05 else "not significant"
        assert row.startswith(f"| {one.set_name}, comments | {mrr.first.value:.4f} | ")
        assert row.endswith(f" | {mrr.p:.4f} | {better} |")
    for part, one in zip(parts, found, strict=True):
        comparison, mrr = one.comparison, one.comparison.metrics["MRR"]
        assert part.startswith(f"short and long on {one.set_name}, setting `comments`\n")
        assert (
            f"On {comparison.samples} samples of {comparison.videos} videos, short reaches" in part
        )
        assert (
            f"short reaches MRR {mrr.first.value:.4f} (95% interval {mrr.first.low:.4f} to" in part
        )
        assert f"The difference of {mrr.difference.value:.4f} (95% interval" in part
        assert f"p = {mrr.p:.4f}; {one.p_holm:.4f} after Holm over 2 comparisons)." in part
        wins = comparison.by_sample
        assert f"short ranks a correct comment higher in {wins.first} of" in part
        assert f"long in {wins.second} (equal: {wins.equal})" in part
        rows = [line for line in part.splitlines() if line.startswith("| ")]
        assert [row.split(" | ")[0].strip("| ") for row in rows[2 : 2 + 5]] == [
            metric.name for metric in METRICS
        ]
        assert len(rows) == 2 + len(METRICS) + 2 + len(comparison.largest)
        assert part.rstrip().endswith(f"`{one.signature}`")
        assert "-0.0000" not in part


def test_with_itself(project, run):
    done = run("compare", "short", "short", "--candidates", "candidates/tiny-paper", cwd=project)
    assert done.status == 0
    assert "The difference of 0.0000 (95% interval 0.0000 to 0.0000) is not significant" in done.out
    assert "(p = 1.0000)" in done.out
    assert "differ most" not in done.out


def test_refused(project, refused, submission):
    message = refused("compare", "short", "absent", cwd=project)
    assert message == "absent: submission not found; available: long, short"
    submission("empty")
    message = refused("compare", "short", "empty", cwd=project)
    assert message.startswith(
        "submissions/short and submissions/empty: do not both have scores for any current set; run "
    )
    message = refused("compare", "short", "long", "--setting", "video", cwd=project)
    assert "in the setting video" in message
