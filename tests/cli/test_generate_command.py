"""`livebench generate` end to end."""

from __future__ import annotations

import json

import pytest

from livebench.files import gzip_content
from livebench.records import GeneratedRecord, read_records
from livebench.submissions.load import Submission

CODE = (
    "class Mine:\n"
    "    def score(self, v, c, x):\n        return 0.0\n"
    "    def generate(self, v, c, decoding):\n"
    "        return f'{v.title}{len(c)}{decoding.strategy}'\n"
)


@pytest.fixture
def texts():
    def read(folder, candidate_set, setting):
        found = Submission(folder)
        path = found.generated_path(candidate_set.name, found.card.runs[0], setting)
        return {one.sample_id: one.text for one in read_records(path, GeneratedRecord)}, path

    return read


def test_a_comment_for_each_sample_in_each_setting(run, submission, frozen, dataset, texts):
    folder = submission(code=CODE)
    titles = {video.video_id: video.title for video in dataset.videos}
    where = ("--candidates", frozen.path, "--dataset", dataset.path)
    done = run("generate", folder, *where, "--strategy", "beam")
    assert done.status == 0, done.err
    for setting, line in zip(("video", "comments", "both"), done.out.splitlines(), strict=True):
        found, path = texts(folder, frozen, setting)
        assert line.startswith(f"{path}: 60 comments, ")
        for record in frozen.samples():
            title = "" if setting == "comments" else titles[record.video_id]
            shown = 0 if setting == "video" else len(record.context)
            assert found.pop(record.sample_id) == f"{title}{shown}beam"
        assert not found
        about = json.loads(path.with_name(f"{setting}.json").read_text("utf-8"))
        assert about["decoding"] == {
            "strategy": "beam",
            "beam": 5,
            "top_p": 0.9,
            "max_words": 20,
            "seed": 0,
        }
        assert about["texts_sha256"] == gzip_content(path)[0]
        assert (about["set_hash"], about["setting"]) == (frozen.manifest.hash, setting)


def test_a_set_without_text_is_restored(run, submission, frozen, dataset, copy_set, texts):
    copy = copy_set(frozen)
    (copy.path / "samples.jsonl.gz").unlink()
    folder = submission(code=CODE)
    asked = ("generate", folder, "--candidates", copy.path, "--setting", "comments")
    done = run(*asked)
    assert done.status == 2
    assert "its text is absent, and its dataset tiny" in done.err
    assert done.err.endswith(
        f"livebench: {folder}: nothing could be written; see the reasons above\n"
    )
    assert not (folder / "generated").exists()
    done = run(*asked, "--dataset", dataset.path)
    assert done.status == 0, done.err
    assert len(texts(folder, frozen, "comments")[0]) == 60


def test_several_submissions_and_what_is_skipped(run, submission, frozen, dataset, texts):
    folders = [
        submission("one", code=CODE),
        submission("two", code=CODE, settings=["comments"]),
    ]
    asked = ("generate", *folders, "--candidates", frozen.path, "--dataset", dataset.path)
    done = run(*asked)
    assert done.status == 0, done.err
    assert len(done.out.splitlines()) == 4
    assert "skipped two on tiny-paper, video, both: the submission does not take part" in done.err


def test_errors_name_submission_run_set_setting_and_sample(
    refused, run, submission, frozen, dataset
):
    folder = submission(code=CODE.replace("return f'", "return None and f'"))
    first = next(frozen.samples()).sample_id
    asked = ("generate", folder, "--candidates", frozen.path, "--dataset", dataset.path)
    assert refused(*asked) == (
        f"mine/default on tiny-paper, video, sample {first}: the scorer wrote a NoneType; generate must "
        "give a str"
    )
    assert not (folder / "generated").exists() or not any((folder / "generated").rglob("*.gz"))


def test_a_submission_that_does_not_write_stops_all_before_the_work(
    refused, submission, frozen, dataset
):
    good = submission("good", code=CODE)
    silent = submission("silent", code=CODE.partition("    def generate")[0])
    where = ("--candidates", frozen.path, "--dataset", dataset.path)
    message = refused("generate", good, silent, *where)
    assert message.startswith(f"{silent}: scorer:Mine does not write comments")
    assert not (good / "generated").exists()


@pytest.mark.parametrize(
    "option",
    [("--top-p", "0"), ("--top-p", "1.5"), ("--beam", "0"), ("--max-words", "0"), ("--seed", "-1")],
)
def test_impossible_wishes(run, submission, frozen, option):
    done = run("generate", submission(code=CODE), "--candidates", frozen.path, *option)
    assert done.status == 2
    assert option[0] in done.err


def test_a_bundled_probe_does_not_write(refused, frozen, submission):
    folder = submission(entry="livebench.probes.chance:Constant")
    message = refused("generate", folder, "--candidates", frozen.path)
    assert "livebench.probes.chance:Constant does not write comments" in message


def test_comments_that_people_may_have_rated_are_not_overwritten(
    run, refused, submission, frozen, dataset, texts
):
    folder = submission(code=CODE, settings=["comments"])
    asked = ("generate", folder, "--candidates", frozen.path, "--dataset", dataset.path)
    assert run(*asked).status == 0
    _, path = texts(folder, frozen, "comments")
    before = path.read_bytes()
    assert run(*asked).status == 0  # in the same way: they come out the same
    assert path.read_bytes() == before
    message = refused(*asked, "--strategy", "beam")
    assert message.startswith(f"{path}: holds comments that were generated in another way (on ")
    assert message.endswith("; give --overwrite to replace them, or move them away")
    assert "strategy=greedy" in message
    assert path.read_bytes() == before
    assert run(*asked, "--strategy", "beam", "--overwrite").status == 0
    assert path.read_bytes() != before
    path.with_name("comments.json").unlink()
    assert "(it is not known how)" in refused(*asked, "--strategy", "beam")
