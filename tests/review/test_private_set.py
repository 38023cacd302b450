"""A private set: what is published of it, and what a scorer that knows the public answers gets there."""

from __future__ import annotations

import json
import shutil

import pytest

from livebench.candidates.candidate_set import CandidateSet, find_private_sets, find_sets
from livebench.candidates.freeze import verify_set
from livebench.simulated.simulation import simulate_dataset

BY_HEART = """
import json, pathlib
KNOWN = {tuple(pair) for pair in json.loads((pathlib.Path(__file__).parent / "known.json").read_text())}

class Mine:
    def score(self, video_ctx, comments, candidate):
        return float(((comments[0].text if comments else ""), candidate.text) in KNOWN)
"""
RESULT = "results/unseen/default/comments.json"


def answers_by_heart(candidate_set):
    """What whoever has the set writes down: a comment beside the moment, and the correct candidates."""
    pairs = []
    for sample, answer in zip(candidate_set.samples(), candidate_set.answers(), strict=True):
        beside = sample.context[0].text if sample.context else ""
        kept = zip(sample.candidates, answer.types, strict=True)
        pairs += [(beside, text) for text, kind in kept if kind == "correct"]
    return pairs


@pytest.fixture
def project(made_once, tmp_path, run, submission, maintainer):
    """A public and a private set of two simulated worlds, and a submission re-run on both."""
    signed = (
        "--sign-with",
        maintainer.key,
        "--signers",
        maintainer.signers,
        "--no-sandbox",
        "--quiet",
    )
    one = ("--setting", "comments")

    def make():
        build = ("--protocol", "paper", "--max-samples", "40", "--quiet")
        for seed, name in ((1, "world"), (2, "hidden")):
            simulate_dataset(tmp_path / name, seed=seed, videos=30)
        assert run("build-candidates", "world", *build, "--out", "candidates/seen").status == 0
        done = run(
            *("build-candidates", "hidden", *build, "--out", "candidates/unseen"),
            *("--private", "kept"),
        )
        assert done.status == 0, done
        assert "complete; keep it, its seed.txt and its dataset to yourself" in done.out
        path = submission(code=BY_HEART, settings=["comments"])
        (path / "known.json").write_text(
            json.dumps(answers_by_heart(CandidateSet(tmp_path / "candidates" / "seen")))
        )
        for name, dataset in (("candidates/seen", "world"), ("kept/unseen", "hidden")):
            where = ("--candidates", name, "--dataset", dataset)
            done = run("submit", "rerun", "submissions/mine", *where, *one, *signed)
            assert done.status == 0, done

    return made_once(make)


def test_what_is_published(project, listing):
    assert listing(project / "candidates" / "unseen") == ["manifest.json"]
    assert listing(project / "kept" / "unseen") == [
        *("answers.jsonl.gz", "manifest.json", "samples.jsonl.gz", "seed.txt"),
    ]
    published = json.loads((project / "candidates" / "unseen" / "manifest.json").read_text())
    assert (published["seed"], published["dataset"]["recipe"]) == (None, [])
    seed = (project / "kept" / "unseen" / "seed.txt").read_text().strip()
    assert int(seed) > 1 << 64
    assert seed not in json.dumps(published)
    (one,) = find_private_sets(project / "candidates")
    assert (one.name, verify_set(one.path)) == (
        "unseen",
        "private: samples, answers and seed are not here",
    )
    assert [other.name for other in find_sets(project / "candidates")] == ["seen"]
    assert verify_set(project / "kept" / "unseen") == "whole"


def test_the_text_comes_again_from_the_seed(project, run, refused):
    samples = project / "kept" / "unseen" / "samples.jsonl.gz"
    before = samples.read_bytes()
    samples.unlink()
    again = ("build-candidates", "--restore", "kept/unseen", "--dataset", "hidden", "--quiet")
    assert run(*again).status == 0
    assert samples.read_bytes() == before
    (project / "kept" / "unseen" / "seed.txt").write_text("7\n")
    assert "it is not the seed whose hash is in manifest.json" in refused(*again)
    again = ("build-candidates", "--restore", "unseen", "--dataset", "hidden", "--quiet")
    assert "is private: its samples, answers and seed stay with" in refused(*again)


def test_its_scores_are_not_published(project, listing, refused):
    path = project / "submissions" / "mine"
    assert [name for name in listing(path) if "unseen" in name and name.count("/") > 1] == [
        "results/unseen/default",
        RESULT,
    ]
    message = refused("evaluate", "submissions/mine", "--candidates", "kept/unseen")
    assert message.startswith(
        "kept/unseen: is private: its scores would show where the answers are"
    )


def test_who_knows_the_answers_falls(project, run, maintainer):
    done = run("leaderboard", "--signers", maintainer.signers)
    assert done.status == 0, done
    text = (project / "docs/leaderboard/unseen.md").read_text("utf-8")
    section = text.split("# unseen, a private set")[1]
    assert "| submission | setting | MRR on seen | MRR here | change |" in section
    (line,) = [line for line in section.splitlines() if "(../../submissions/mine)" in line]
    public, private, change = (float(cell) for cell in line.split("|")[3:6])
    assert public > 0.9
    assert private < 0.3
    assert change == pytest.approx(private - public, abs=2e-4)


def test_a_row_that_is_not_attested_is_not_shown(project, run, maintainer):
    path = project / "submissions" / "mine" / RESULT
    content = json.loads(path.read_text())
    content["metrics"]["best"]["MRR"]["value"] = 1.0
    path.write_text(json.dumps(content))
    assert run("leaderboard", "--signers", maintainer.signers).status == 0
    text = (project / "docs/leaderboard/unseen.md").read_text("utf-8")
    assert "Nothing has been re-run on it yet." in text
    done = run("submit", "check", "submissions/mine", "--signers", maintainer.signers)
    assert done.status == 1
    assert f"{RESULT}: is of a private set, and not attested" in done.out


def test_scores_of_a_private_set_are_refused(project, run, maintainer):
    path = project / "submissions" / "mine"
    done = run("submit", "check", path, "--signers", maintainer.signers)
    assert (done.status, done.out) == (0, f"{path}: in order\n")
    shutil.copytree(path / "scores" / "seen", path / "scores" / "unseen")
    done = run("submit", "check", path, "--signers", maintainer.signers)
    assert "is of a private set: its scores would show where the answers are" in done.out


def test_signing_again_keeps_its_rows(project, attest, run):
    """A better description needs a new signature, and no new re-run."""
    card = project / "submissions" / "mine" / "submission.toml"
    card.write_text(card.read_text().replace("For a test.", "Knows all answers."))
    signers = attest("submissions/mine")
    assert run("leaderboard", *signers).status == 0
    assert "MRR on seen" in (project / "docs/leaderboard/unseen.md").read_text("utf-8")


def test_the_site_shows_it(project, run, maintainer):
    done = run("site", "--signers", maintainer.signers, "--quiet")
    assert done.status == 0, done
    page = (project / "site" / "index.html").read_text("utf-8")
    section = page.split("unseen, a private set</h2>")[1].split("</section>")[0]
    assert "MRR on seen" in section
    assert section.count("<tr>") == 2
