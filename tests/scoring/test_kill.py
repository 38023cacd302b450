"""A short turn of benchmarks/kill.py: killed at random times, the same bytes in the end."""

from __future__ import annotations

from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"


@pytest.mark.slow
def test_killed_at_random_times(tmp_path, frozen, copy_set, monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import kill

    copied = copy_set(frozen, tmp_path)
    copied.path.rename(tmp_path / "set")
    manifest = (tmp_path / "set" / "manifest.json").read_text()
    monkeypatch.setattr(kill, "SCORES", kill.SCORES.replace("/set/", "/tiny-paper/"))
    monkeypatch.setattr(kill, "RESULT", kill.RESULT.replace("/set/", "/tiny-paper/"))
    assert '"tiny-paper"' in manifest
    bench = kill.Bench(tmp_path, samples=60, sleep=0.02, seed=1)
    whole = bench.submission("undisturbed")
    status, out = bench.finish(whole)
    assert status == 0, out
    for who, victim in (("parent", kill.itself), ("child", kill.child_of)):
        path = bench.submission(who)
        assert bench.killed(path, 2, victim)
        assert kill.check(bench, path, whole, who)
