"""An evaluation that is killed gives the same bytes in the end; benchmarks/kill.py kills more often."""

from __future__ import annotations

import killing
import pytest


@pytest.mark.slow
def test_killed_at_random_times(tmp_path, frozen, copy_set):
    copy_set(frozen, tmp_path).path.rename(tmp_path / "set")
    bench = killing.Bench(tmp_path, samples=60, sleep=0.02, seed=1)
    whole = bench.submission("undisturbed")
    status, out = bench.finish(whole)
    assert status == 0, out
    for who, victim in (("parent", killing.itself), ("child", killing.child_of)):
        path = bench.submission(who)
        assert bench.killed(path, 1, victim)
        assert killing.check(bench, path, whole, who)
