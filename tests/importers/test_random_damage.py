"""Damage at random, in all formats: `benchmarks/damage.py` does it ten thousand times."""

from __future__ import annotations

import time
from collections import Counter

import damaging
import pytest

from livebench.importers.collection import Collection, Options


@pytest.mark.parametrize("name", damaging.FORMATS)
def test_no_undamaged_comment_changes_and_all_are_accounted_for(tmp_path, name):
    total: Counter[str] = Counter()
    for seed in range(60):
        problem, counts = damaging.damage_and_read(name, seed, tmp_path)
        assert not problem
        total.update(counts)
    # That something was damaged, and that most was not.
    assert total["damaged"] > 80
    assert total["left_out"] > 10
    assert total["read"] > 500


def test_the_check_notices_what_it_should(tmp_path, monkeypatch):
    """A reader that changes, loses, or does not count a comment is found."""
    whole = damaging.FORMATS["bilibili XML"]

    def changes(path, collection):
        comments = list(whole.read(path, collection))
        return [*comments[:-1], comments[-1]._replace(text="?")]

    def loses(path, collection):
        return whole.read(path, collection)[1:]

    def counts_nothing(path, collection):
        comments = whole.read(path, collection)
        collection.skipped.clear()
        return comments

    for read, share in ((changes, 0.8), (loses, 0.8), (counts_nothing, 0.2)):
        monkeypatch.setitem(damaging.FORMATS, "bilibili XML", whole._replace(read=read))
        found = [damaging.damage_and_read("bilibili XML", seed, tmp_path)[0] for seed in range(20)]
        assert sum(map(bool, found)) >= 20 * share, read


MANY = 20_000
HOSTILE = {
    "sections that never end": "<i><d p='1,1'>" + "<![CDATA[" * MANY + "</d></i>",
    "sections after the last end": "<i><d p='1,1'>]]>" + "<![CDATA[" * MANY + "</d></i>",
    "sections that would hold comments": "<i>" + "<d p='1,1'><![CDATA[" * MANY + "]]>",
    "asides that never end": "<i>" + "<!--" * MANY,
    "comments that never end": "<i>" + "<d p='1,1'>x" * MANY,
    "attributes": "<i>" + "<d a='b' c" * MANY,
    "asides before the first element": "<!-- -->" * MANY + "x",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_takes_no_longer_than_others(tmp_path, kind):
    """Half a second of a processor is for a file ten times as long; a square of the length, minutes."""
    path = tmp_path / "v.xml"
    path.write_text(HOSTILE[kind], "utf-8")
    started = time.process_time()
    damaging.FORMATS["bilibili XML"].read(path, Collection(Options(skip_bad_rows=True)))
    assert time.process_time() - started < 2
