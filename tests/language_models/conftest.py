"""For tests of servers."""

from __future__ import annotations

import pytest


@pytest.fixture
def without_keys(monkeypatch):
    """No key of the user's goes to a test's server."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
