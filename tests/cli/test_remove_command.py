"""`livebench remove`: from the list to the leaderboard, and to what `livebench get` brings."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from livebench.candidates.candidate_set import CandidateSet
from livebench.data.dataset import Dataset
from livebench.leaderboard.collect import collect
from livebench.sources.source import Source
from livebench.submissions.load import find_submissions

sys.path.insert(0, str(Path(__file__).parents[1] / "sources"))
from made_up import committed, crawl, source_of

SCORER = """
class Mine:
    def score(self, video_ctx, comments, candidate):
        return len(candidate.text)
"""


@pytest.fixture
def at_hand(tmp_path, dataset, small, copy_set, submission, run):
    """A dataset, two sets of it, one without text, and a submission with a row on the first."""
    shutil.copytree(dataset.path, tmp_path / "datasets" / "tiny")
    found = copy_set(small)
    submission(code=SCORER, settings=["comments"])
    for setting in ("blind", "comments"):
        done = run("evaluate", "mine", "--setting", setting, "--in-process", "--quiet")
        assert done.status == 0, done
    return tmp_path / "datasets" / "tiny", found


def board(tmp_path):
    """Who has a row on the leaderboard of `tiny-small`, and whose stands apart, and why."""
    candidate_set = CandidateSet(tmp_path / "candidates" / "tiny-small")
    submissions = find_submissions(tmp_path / "submissions")
    (section,) = collect([candidate_set], submissions, ["comments"])
    (found,) = section.boards
    return (
        [row.folder for row in found.submission_rows],
        [(row.folder, row.outdated) for row in found.outdated],
    )


def test_from_the_list_to_the_leaderboard(at_hand, run, tmp_path, dataset):
    path, found = at_hand
    bare = tmp_path / "candidates" / "tiny-bare"  # another set of it, of which no text is kept
    asked = ("--protocol", "paper", "--out", bare, "--max-samples", 3, "--quiet")
    assert run("build-candidates", "tiny", *asked).status == 0
    (bare / "samples.jsonl.gz").unlink()
    hashes = {one.name: one.manifest.hash for one in (found, CandidateSet(bare))}
    sample, answer = next(zip(found.samples(), found.answers(), strict=True))
    text = sample.candidates[answer.types.index("correct")]
    listed = run("remove", "tiny", "--text", text, "--dry-run")
    ids = listed.out.split()
    assert any(name.startswith(f"{sample.video_id}@{sample.time}") for name in ids)
    assert Dataset(path).info.fingerprint == dataset.info.fingerprint
    assert board(tmp_path) == (["mine"], [])

    done = run("remove", "tiny", "--text", text, "--quiet")
    assert done.status == 0, done
    renewed = Dataset(path)
    renewed.check_fingerprint()
    assert f"version 1-removed.{len(ids)}, fingerprint {renewed.info.fingerprint[:12]}" in done.out
    assert (path / "removed.txt").read_text("utf-8").count("\t") == len(ids)
    texts = pq.read_table(path / "comments.parquet")["text"].to_pylist()
    assert all("".join(one.split()) != "".join(text.split()) for one in texts)
    for name, old in hashes.items():
        one = CandidateSet(tmp_path / "candidates" / name)
        assert one.manifest.hash != old
        assert one.manifest.dataset.fingerprint == renewed.info.fingerprint
        assert one.manifest.signature in done.out
    assert not CandidateSet(bare).has_text
    for one in CandidateSet(found.path).samples():
        assert text not in {*one.candidates, *(comment.text for comment in one.context)}
    left = {one.name for folder in (path.parent, found.path.parent) for one in folder.iterdir()}
    assert left == {"tiny", "tiny-small", "tiny-bare"}
    assert run("verify").status == 0

    assert board(tmp_path) == ([], [("mine", "another version of the set")])
    for setting in ("blind", "comments"):
        asked = ("--candidates", "tiny-small", "--setting", setting, "--in-process", "--restart")
        assert run("evaluate", "mine", *asked, "--quiet").status == 0
    assert board(tmp_path) == (["mine"], [])


def test_what_is_refused_changes_nothing(at_hand, refused, run, tmp_path, listing, monkeypatch):
    path, _ = at_hand
    before = listing(tmp_path)
    assert "has nothing with the id v01@0.001" in refused("remove", "tiny", "v01@0.001")
    assert "Missing argument 'ID...' or --text" in run("remove", "tiny").err

    def fail(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("livebench.candidates.renew.build_set", fail)
    assert run("remove", "tiny", "v01").status != 0
    assert listing(tmp_path) == before
    monkeypatch.undo()
    assert run("remove", path, "v01", cwd=tmp_path).status == 0
    message = refused("remove", path, "v01")
    assert message.endswith("removed.txt: all of this is on the list already")


def test_what_get_brings_after_a_removal(tmp_path, run, monkeypatch):
    """The list of a known source and its fingerprint are renewed; `get` leaves the same out."""
    folder = tmp_path / "package"
    monkeypatch.setattr("livebench.sources.removed._folder", lambda: folder)
    repository = crawl(tmp_path / "repository")
    source = source_of(repository, {"main": committed(repository)})

    def known():
        path = folder / "known" / f"{source.name}.toml"
        return [msgspec.toml.decode(path.read_bytes(), type=Source)]

    def write(fingerprint):
        path = folder / "known" / f"{source.name}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        content = msgspec.structs.replace(source, fingerprint=fingerprint)
        path.write_bytes(msgspec.toml.encode(content))

    write("")
    for module in ("source", "removed"):
        monkeypatch.setattr(f"livebench.sources.{module}.known_sources", known)
    asked = ("get", source.name, "--from", repository, "--quiet")
    assert run(*asked, "--out", "first").status == 0
    write(Dataset(tmp_path / "first").info.fingerprint)
    some = pq.read_table(tmp_path / "first" / "comments.parquet").to_pylist()[5]
    name = f"{some['video_id']}@{some['time']:g}"
    done = run("remove", tmp_path / "first", name)
    assert done.status == 0 and done.out.count("renewed; commit it") == 2, done
    assert name in (folder / "removed" / f"{source.name}.txt").read_text("utf-8")
    done = run(*asked, "--out", "second")
    assert done.status == 0, done
    first, second = (Dataset(tmp_path / name) for name in ("first", "second"))
    assert first.info == second.info
    assert first.info.fingerprint == known()[0].fingerprint
