"""The journal: what was scored survives, is continued only by the same, and comes out the same."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys

import pytest

from livebench.errors import LiveBenchError
from livebench.scoring.journal import Journal

ABOUT = {"submission": "a", "set": "b"}
BLOCKS = [[b'{"sample_id":"v@%d"}\n' % n for n in range(start, start + 3)] for start in (0, 3, 6)]
CONTENT = b"".join(b"".join(block) for block in BLOCKS)


def in_order(journal):
    lines = journal.lines()
    return [lines[f"v@{n}"] for n in range(9)]


def begun(path, blocks=BLOCKS):
    with Journal(path, ABOUT) as journal:
        for block in blocks:
            journal.append(block, 0.5)
    return path.with_name("both.journal")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "scores" / "set" / "both.jsonl.gz"


def test_blocks_in_two_sessions_make_one_file(path, listing):
    begun(path, BLOCKS[:2])
    assert listing(path.parent) == ["both.journal"]
    with Journal(path, ABOUT) as journal:
        assert (journal.samples, journal.seconds) == (6, 1.0)
        assert journal.ids() == [f"v@{n}" for n in range(6)]
        journal.append(BLOCKS[2], 0.25)
        journal.finish(in_order(journal))
        assert listing(path.parent) == ["both.journal", "both.jsonl.gz"]
        journal.remove()
    assert listing(path.parent) == ["both.jsonl.gz"]
    assert gzip.decompress(path.read_bytes()) == CONTENT


def test_the_file_has_the_order_of_the_set_whatever_was_scored_first(path):
    with Journal(path, ABOUT) as journal:
        for block in (BLOCKS[2], BLOCKS[0][::-1], BLOCKS[1]):
            journal.append(block, 0.5)
        journal.finish(in_order(journal))
    assert gzip.decompress(path.read_bytes()) == CONTENT


def test_what_is_left_to_score(path):
    with Journal(path, ABOUT) as journal:
        journal.append([BLOCKS[0][1], BLOCKS[2][0]], 0.5)
        assert journal.left([["v@0", "v@1"], ["v@6"], ["v@2"]]) == [["v@0"], ["v@2"]]
        with pytest.raises(LiveBenchError, match="holds scores of v@6, which is not in the set"):
            journal.left([["v@0", "v@1"]])
        journal.append([BLOCKS[0][1]], 0.5)
        with pytest.raises(LiveBenchError, match="holds scores of v@1 twice; give --restart to"):
            journal.left([["v@0", "v@1"], ["v@6"]])


def test_a_journal_without_a_block_leaves_nothing(path, listing):
    begun(path, [])
    assert listing(path.parent) == []


def test_whatever_was_cut_off_is_scored_again(path):
    whole = begun(path).read_bytes()
    journal = path.with_name("both.journal")
    ends = [whole.index(b'{"block":0'), whole.index(b'{"block":1'), whole.index(b'{"block":2')]
    for cut in range(0, len(whole), 7):
        journal.write_bytes(whole[:cut])
        with Journal(path, ABOUT) as opened:
            kept = max([n for n, end in enumerate([*ends, len(whole)]) if end <= cut], default=0)
            assert opened.samples == 3 * kept
            for block in BLOCKS[kept:]:
                opened.append(block, 0.5)
        assert journal.read_bytes() == whole


@pytest.mark.parametrize("place", range(30, 420, 13))
def test_a_changed_byte_drops_its_block_and_says_what_is_kept(path, listing, place):
    journal = begun(path)
    whole = journal.read_bytes()
    data = bytearray(whole)
    data[place] ^= 1
    journal.write_bytes(data)
    starts = [whole.index(b'{"block":%d' % block) for block in range(3)]
    damaged = sum(place >= start for start in starts) - 1
    try:
        with Journal(path, ABOUT) as opened:
            assert opened.samples == 3 * max(damaged, 0)
            assert opened.ids() == [f"v@{n}" for n in range(opened.samples)]
            said = opened.damage
    except LiveBenchError as error:  # the byte was in what the journal was begun with
        assert place < 70
        assert "was begun with another" in str(error)
        return
    if damaged == 2:  # as after a kill: nothing is lost behind it
        assert said == ""
        return
    lost = f"block {damaged} is damaged; it and the {3 * (2 - damaged)} samples of later blocks are"
    assert (f"{journal}: {lost}" if damaged >= 0 else f"{journal}: is damaged; kept as") in said
    assert said.count("both.journal.1") == 1
    assert journal.with_name("both.journal.1").read_bytes() == data


FORGED = {
    "a size without end": b'{"block":0,"samples":1,"size":99999999999999,"sha256":"","seconds":0.1}\n',
    "a negative size": b'{"block":0,"samples":1,"size":-1,"sha256":"","seconds":0.1}\n',
    "no block": b"\x00" * 100_000,
    "a line without end": b"[" * 1_000_000,
}


@pytest.mark.parametrize("case", FORGED)
def test_what_is_no_block_does_not_count(path, case):
    journal = begun(path, BLOCKS[:1])
    whole = journal.read_bytes()
    journal.write_bytes(whole[: whole.index(b'{"block":0')] + FORGED[case])
    with Journal(path, ABOUT) as opened:
        assert (opened.samples, opened.damage) == (0, "")


def test_whole_blocks_of_no_scores_are_refused(path):
    with Journal(path, ABOUT) as journal:
        journal.append([b"7\n"], 0.1)
        with pytest.raises(LiveBenchError, match="holds something else than scores"):
            journal.ids()


OTHER = {
    "one part": ({"submission": "x", "set": "b"}, "was begun with another submission;"),
    "two parts": (
        {"submission": "x", "set": "y"},
        "was begun with another set and another submission;",
    ),
    "a part more": ({**ABOUT, "version": "2"}, "was begun with another version;"),
}


@pytest.mark.parametrize("case", OTHER)
def test_another_evaluation_does_not_continue_it(path, listing, case):
    about, message = OTHER[case]
    before = begun(path).read_bytes()
    with pytest.raises(LiveBenchError, match=message), Journal(path, about):
        pass
    with Journal(path, about, restart=True) as journal:
        assert journal.samples == 0
        journal.append(BLOCKS[0], 0.5)
    assert listing(path.parent) == ["both.journal", "both.journal.1"]
    assert path.with_name("both.journal.1").read_bytes() == before
    with Journal(path, about, restart=True) as journal:
        assert journal.samples == 0
    assert listing(path.parent) == ["both.journal.1", "both.journal.2"]


def test_two_at_once_are_refused(path):
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom livebench.scoring.journal import Journal\n"
        f"with Journal(Path({str(path)!r}), {ABOUT!r}):\n    print(1, flush=True)\n    sys.stdin.read()"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    other = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    try:
        other.stdout.readline()
        message = "both.journal: is being written by another `livebench evaluate`; wait until"
        with pytest.raises(LiveBenchError, match=message), Journal(path, ABOUT):
            pass
    finally:
        other.communicate()
    with Journal(path, ABOUT) as journal:  # the lock ends with the process that held it
        assert journal.samples == 0


def test_a_full_disk_keeps_the_whole_blocks(path, monkeypatch):
    write = os.pwrite

    def full(handle, data, at):
        if at > 200:
            raise OSError(28, "No space left on device")
        return write(handle, data[:100], at)

    message = r"both\.journal: cannot be written: No space left"
    with pytest.raises(LiveBenchError, match=message) as e, Journal(path, ABOUT) as journal:
        monkeypatch.setattr(os, "pwrite", full)
        for block in BLOCKS:
            journal.append(block, 0.5)
    assert "make room, and run the same command again: it goes on from there" in str(e.value)
    monkeypatch.setattr(os, "pwrite", write)
    with Journal(path, ABOUT) as journal:
        assert journal.samples in (3, 6)
        for block in BLOCKS[journal.blocks :]:
            journal.append(block, 0.5)
        journal.finish(in_order(journal))
    assert gzip.decompress(path.read_bytes()) == CONTENT


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "scores").write_text("a file where a folder should be")
    with (
        pytest.raises(LiveBenchError, match=r"both\.journal: cannot be written: "),
        Journal(tmp_path / "scores" / "both.jsonl.gz", ABOUT),
    ):
        pass


STOPS = """
from pathlib import Path
class Mine:
    def score_samples(self, samples):
        log = Path(__file__).with_name(".log")
        with log.open("a") as file:
            file.write(f"{len(samples)} ")
        if Path(__file__).with_name(".stop").exists() and log.read_text() == "30 30 ":
            raise ValueError("stopped")
        return [[-len(one.text) for one in sample.candidates] for sample in samples]
    def score(self, video_ctx, comments, candidate):
        return -len(candidate.text)
"""


@pytest.fixture
def stopped(submission, frozen, run):
    """An evaluation that stopped in its second block, of 30 samples: its folder, and how to go on."""
    path = submission(code=STOPS)

    def go_on(*options):
        arguments = ["--candidates", frozen.path, "--setting", "comments", *options]
        return run("evaluate", "--submission", path, *arguments)

    (path / ".stop").write_text("")
    done = go_on()
    assert done.status == 2
    assert "ValueError: stopped" in done.err
    kept = path.parent / ".livebench/mine/tiny-paper/default/comments.journal"
    assert f"scored so far: {kept}; the same command goes on from there" in done.err
    (path / ".stop").unlink()
    return path, go_on


def state_of(path):
    return path.parent / ".livebench" / "mine" / "tiny-paper" / "default"


def scores_in(path, name="comments.jsonl.gz"):
    return path / "scores" / "tiny-paper" / "default" / name


def test_evaluate_goes_on_where_it_stopped(stopped, submission, frozen, run, listing):
    path, go_on = stopped
    assert listing(state_of(path)) == ["comments.journal"]
    assert not (path / "scores").exists()  # the scorer sees nothing of what it scored
    done = go_on()
    assert done.status == 0, done
    assert not (path.parent / ".livebench").exists()
    assert listing(scores_in(path).parent) == ["comments.jsonl.gz"]
    other = submission("undisturbed", code=STOPS)
    options = ("--candidates", frozen.path, "--setting", "comments")
    assert run("evaluate", "--submission", other, *options).status == 0
    assert scores_in(other).read_bytes() == scores_in(path).read_bytes()
    # 30, then 30 that failed; 30, and the 3 that are scored afresh, again, shuffled, and alone.
    assert (path / ".log").read_text() == "30 30 30 3 3 3 3 "


CHANGES = {
    "code": (lambda path: (path / "scorer.py").write_text(STOPS + "# changed"), "submission"),
    "a file": (lambda path: (path / "words.txt").write_text("new"), "submission"),
    "a run": (
        lambda path: (path / "submission.toml").write_text(
            (path / "submission.toml")
            .read_text()
            .replace('name = "default"', 'name = "default", seed = 3')
        ),
        "run",
    ),
    "the version": (None, "version"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_what_changed_is_noticed(stopped, monkeypatch, listing, case):
    path, go_on = stopped
    change, part = CHANGES[case]
    if change is None:
        monkeypatch.setattr("livebench.scoring.fingerprint.__version__", "9.9")
    else:
        change(path)
    done = go_on()
    assert done.status == 2
    message = f"comments.journal: was begun with another {part}; give --restart to start over"
    assert message in done.err.splitlines()[-1]
    assert listing(state_of(path)) == ["comments.journal"]
    assert go_on("--restart").status == 0
    assert listing(state_of(path)) == ["comments.journal.1"]
    assert listing(scores_in(path).parent) == ["comments.jsonl.gz"]


def test_what_changed_is_noticed_before_a_scorer_is_made(stopped):
    path, go_on = stopped
    (path / "scorer.py").write_text("raise RuntimeError('made')")
    done = go_on()
    assert "comments.journal: was begun with another submission; " in done.err
    assert "made" not in done.err
    assert "the same command goes on from there" not in done.err
    assert "made" in go_on("--limit", "5").err  # a trial has no journal


def test_what_is_scored_again_after_long_scoring_is_announced(stopped, monkeypatch):
    _, go_on = stopped
    monkeypatch.setattr("livebench.scoring.evaluation._LONG", 0)
    line = "mine/default on tiny-paper, comments: all is scored; 3 samples are scored again, to compare"
    assert line in go_on().err.splitlines()  # 5% of 60
    assert "again" not in go_on("--quiet").err


def test_what_was_begun_in_isolation_is_not_continued_without(stopped):
    _, go_on = stopped
    message = "comments.journal: was begun with another isolation; give --restart to start over"
    assert message in go_on("--in-process").err.splitlines()[-1]


def test_a_changed_description_changes_no_score(stopped):
    path, go_on = stopped
    card = path / "submission.toml"
    card.write_text(card.read_text().replace("For a test.", "For another test."))
    assert go_on().status == 0
