"""What is not installed: tests are skipped for it, but not where all must be there."""

from __future__ import annotations

import shutil

import pytest


@pytest.mark.parametrize("ci", ["", "false"])
def test_what_is_absent_is_skipped(absent, monkeypatch, ci):
    monkeypatch.setenv("CI", ci)
    with pytest.raises(pytest.skip.Exception, match="no such thing"):
        absent("no such thing")


def test_in_ci_tests_without_a_browser_fail_and_say_so_in_a_line(request, monkeypatch):
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(pytest.fail.Exception, match="no browser is installed") as found:
        request.getfixturevalue("browser")
    assert "\n" not in str(found.value)
