"""Damage at random, in all formats: `benchmarks/damage.py` does it ten thousand times."""

from __future__ import annotations

from collections import Counter

import damaging
import pytest


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
