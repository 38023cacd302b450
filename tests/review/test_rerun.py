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


def with_dtype(project, claimed, again):
    """The number formats that the result and the scorer say."""
    code = project / MINE / "scorer.py"
    code.write_text(code.read_text() + f'    dtype = "{again}"\n')
    for path in (project / MINE).glob("results/*/*/*.json"):
        content = json.loads(path.read_text())
        content["manifest"]["dtype"] = claimed
        path.write_text(json.dumps(content))


def first_ranks(scores, right):
    """By hand, of the correct candidate that is placed best, where candidates tie by expectation."""
    found = []
    for row, of in zip(scores.tolist(), right.tolist(), strict=True):
        best = max(score for score, yes in zip(row, of, strict=True) if yes)
        correct_ones = sum(yes and score == best for score, yes in zip(row, of, strict=True))
        above = sum(score > best for score in row)
        found.append(above + (row.count(best) + 1) / (correct_ones + 1))
    return found


HALVES = [
    # Number format of the claim and of the re-run, by how much the claim is off, and what is said.
    ("bfloat16", "bfloat16", 0.03, "the same within 0.0625 (bfloat16), at most 3.0e-02 * "),
    ("bfloat16", "bfloat16", 0.07, "DIFFERENT, by up to 7.0e-02 * "),
    ("float16", "float16", 0.007, "the same within 0.0078125 (float16), at most 7.0e-03 * "),
    ("bfloat16", "float16", 0.007, "DIFFERENT, by up to 7.0e-03 * "),
    ("float32", "bfloat16", 0.03, "DIFFERENT, by up to 3.0e-02 * "),
]


@pytest.mark.parametrize(("claimed", "again", "off", "said"), HALVES)
def test_the_tolerance_is_that_of_the_number_format_of_both(
    project, rerun, claimed, again, off, said
):
    with_dtype(project, claimed, again)
    honest = np.array([record["scores"] for record in scores_of(project / SCORES)])
    signs = np.where(np.arange(100) % 2, 1, -1)
    claim(project, lambda scores: scores * (1 + off * signs))
    right = correct(project)
    pairs = zip(
        first_ranks(honest, right), first_ranks(honest * (1 + off * signs), right), strict=True
    )
    changed = sum(one != other for one, other in pairs)
    assert changed > 0
    done = rerun(key=None)
    assert done.status == ("DIFFERENT" in said)
    line = done.out.splitlines()[0]
    assert line.startswith(f"{NAME}: {said}")
    assert f"; the rank of the correct comment by sum differs in {changed} of 20 samples" in line
    now = np.array([record["scores"] for record in scores_of(project / SCORES)])
    assert (now == honest).all() == ("same" in said)  # else the claim is still there


@pytest.mark.parametrize("with_blind", [True, False])
def test_ranks_are_compared_as_the_card_declares(project, rerun, with_blind):
    """All candidates tie by pmi, so a hint changes each rank; by sum, not where nothing ties."""
    with_dtype(project, "bfloat16", "bfloat16")
    card = project / MINE / "submission.toml"
    card.write_text(card.read_text() + 'score = "pmi"\n')
    honest = np.array([record["scores"] for record in scores_of(project / SCORES)])
    right = correct(project)
    hinted = honest + np.where(right, 0.01, 0)
    claim(project, lambda scores: scores + np.where(right, 0.01, 0))
    if not with_blind:
        (project / SCORES.replace("comments", "blind")).unlink()
    by_sum = sum(
        one != other
        for one, other in zip(first_ranks(honest, right), first_ranks(hinted, right), strict=True)
    )
    line = rerun(key=None).out.splitlines()[-2]
    counted = "pmi differs in 20" if with_blind else f"sum differs in {by_sum}"
    assert f"; the rank of the correct comment by {counted} of 20 samples; " in line
    assert with_blind or by_sum < 20


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
