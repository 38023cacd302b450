"""`livebench submit rerun` and `attest`: what is signed is what our own run gave."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from forgeries import hints

from livebench.attestation.attestation import Attestation, read_attestation
from livebench.candidates.candidate_set import CandidateSet
from livebench.submissions.load import Submission

MINE = "submissions/mine"
PLACE = "silent-paper/default/comments"
SCORES, RESULT = f"{MINE}/scores/{PLACE}.jsonl.gz", f"{MINE}/results/{PLACE}.json"
NAME = "mine/default on silent-paper, comments"


@pytest.fixture
def rerun(run, maintainer):
    """Re-runs `mine` in a process of its own; the sandbox is for tests/isolation."""

    def call(*options, key=maintainer.key):
        signed = ("--sign-with", key) if key else ()
        signers = ("--signers", maintainer.signers)
        only = ("--setting", "comments", "--no-sandbox", "--quiet")
        return run("submit", "rerun", MINE, *only, *signers, *signed, *options)

    return call


def scores_of(path):
    lines = gzip.decompress(path.read_bytes()).splitlines()
    return [json.loads(line) for line in lines]


def claim(project, change):
    """Rewrite the claimed scores; `change` maps float64 [samples, 100]."""
    path = project / SCORES
    records = scores_of(path)
    new = change(np.array([record["scores"] for record in records]))
    lines = (
        json.dumps({**record, "scores": row.tolist()}) + "\n"
        for record, row in zip(records, new, strict=True)
    )
    path.write_bytes(gzip.compress("".join(lines).encode(), mtime=0))


def correct(project):
    answers = CandidateSet(project / "candidates" / "silent-paper").answers()
    return np.array([[kind == "correct" for kind in one.types] for one in answers])


def test_the_same_to_the_byte(project, rerun, maintainer):
    before = (project / SCORES).read_bytes()
    done = rerun()
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines() == [
        f"{NAME}: the same to the byte",
        f"{MINE}: attested by tester@example.org, 1 result",
    ]
    assert (project / SCORES).read_bytes() == before
    attestation = read_attestation(Submission(project / MINE), maintainer.signers)
    assert isinstance(attestation, Attestation)
    assert list(attestation.files) == ["scorer.py", "submission.toml"]
    (row,) = attestation.rows
    assert (row.candidate_set, row.setting, row.run) == ("silent-paper", "comments", "default")


def test_hints_within_the_tolerance_are_not_kept(project, rerun):
    """The difference is as small as that of other hardware, and would break every tie rightly."""
    honest = (project / SCORES).read_bytes()
    claim(project, lambda scores: hints(scores, correct(project)))
    done = rerun()
    assert done.status == 0
    assert done.out.startswith(f"{NAME}: the same within 0.0001, at most ")
    assert "those of the re-run are kept" in done.out
    assert (project / SCORES).read_bytes() == honest


def test_invented_scores_are_different(project, rerun):
    claim(project, lambda scores: np.where(correct(project), 0.0, scores))
    files = {path: path.read_bytes() for path in (project / MINE).rglob("*") if path.is_file()}
    done = rerun()
    assert done.status == 1
    assert done.out.startswith(f"{NAME}: DIFFERENT, by up to ")
    assert done.out.endswith(f"{MINE}: not attested, and nothing was written\n")
    assert {path: path.read_bytes() for path in files} == files
    assert not (project / MINE / "attestation.json").exists()


def test_a_scorer_does_not_see_what_it_claimed(project, rerun):
    code = (
        "import pathlib\n"
        "class Mine:\n"
        "    def score(self, video_ctx, comments, candidate):\n"
        "        return float(len(list(pathlib.Path(__file__).parent.rglob('*.jsonl.gz'))))\n"
    )
    (project / MINE / "scorer.py").write_text(code)
    claim(project, np.zeros_like)
    assert rerun().status == 0
    assert {value for record in scores_of(project / SCORES) for value in record["scores"]} == {0}


def test_without_a_key_it_stays_claimed(project, rerun):
    done = rerun(key=None)
    assert done.out.endswith(f"{MINE}: re-run; its rows stay claimed without --sign-with\n")
    assert not (project / MINE / "attestation.json").exists()


def test_an_oracle_is_not_run(project, run):
    card = project / MINE / "submission.toml"
    card.write_text('kind = "oracle"\n' + card.read_text())
    done = run("submit", "rerun", MINE)
    assert done.status == 2
    assert "'oracle' is for what ships with LiveBench; write kind = \"model\"" in done.err


def test_who_signs_must_be_a_maintainer(project, run, maintainer):
    done = run("submit", "attest", MINE, "--sign-with", maintainer.key)
    assert done.status == 2
    assert "is not a key of " in done.err
    done = run("submit", "attest", MINE, "--sign-with", "nokey", "--signers", maintainer.signers)
    assert (done.status, done.err.startswith("livebench: nokey: cannot sign: ")) == (2, True)


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [
        ("evaluated", "self-reported", "is of scores that LiveBench did not make"),
        ("kind", "probe", "was made by another submission than submission.toml says"),
        ("seed", 7, "was made with other arguments than submission.toml says"),
        ("files", {}, "was made from other files: scorer.py differs"),
        ("files", {"scorer.py": "00"}, "was made from other files: scorer.py differs"),
    ],
)
def test_results_of_another_submission_are_not_signed(project, run, maintainer, field, value, what):
    path = project / RESULT
    content = json.loads(path.read_text())
    content["manifest"][field] = value
    path.write_text(json.dumps(content))
    options = ("--sign-with", maintainer.key, "--signers", maintainer.signers)
    done = run("submit", "attest", MINE, *options)
    assert (done.status, done.out) == (2, "")
    assert f"{RESULT}: {what}; " in done.err


def test_checkpoints_need_not_be_here(project, attest, maintainer):
    """What was trained is not committed: the result has its hash, and so has the card."""
    digest = "ab" * 32
    card = project / MINE / "submission.toml"
    named = (
        f'{{ name = "default", checkpoint = "checkpoints/a/m", checkpoint_sha256 = "{digest}" }}'
    )
    card.write_text(card.read_text().replace('{ name = "default" }', named))
    beside = {"checkpoints/a/m": digest, "checkpoints/a/weights": "cd" * 32}
    for path in (project / MINE).glob("results/*/*/*.json"):
        content = json.loads(path.read_text())
        content["manifest"]["files"] |= beside
        path.write_text(json.dumps(content))
    attest(MINE)
    assert read_attestation(Submission(project / MINE), maintainer.signers)


def test_without_ssh_keygen(project, refused, attest, monkeypatch):
    signers = attest(MINE)
    monkeypatch.setenv("PATH", "/nowhere")
    assert refused("leaderboard", *signers).startswith("ssh-keygen: is not installed, and ")


def test_claims_for_another_version_of_the_set_are_none(project, rerun):
    path = project / RESULT
    content = json.loads(path.read_text())
    content["manifest"]["set_hash"] = "ab" * 32
    path.write_text(json.dumps(content))
    claim(project, lambda scores: scores + 1)
    done = rerun()
    assert done.status == 0
    assert done.out.startswith(f"{NAME}: new: none were claimed for this version of the set\n")


def test_results_for_another_version_of_the_set_are_not_signed(project, run, maintainer):
    results = list((project / MINE).glob("results/*/*/*.json"))
    for path in results:
        content = json.loads(path.read_text())
        content["manifest"]["set_hash"] = "ab" * 32
        path.write_text(json.dumps(content))
    options = ("--sign-with", maintainer.key, "--signers", maintainer.signers)
    done = run("submit", "attest", MINE, *options)
    assert (done.status, done.out) == (0, f"{MINE}: attested by tester@example.org, 0 results\n")
    assert (
        done.err == f"{MINE}: {len(results)} results left out: of other sets, or other versions\n"
    )
