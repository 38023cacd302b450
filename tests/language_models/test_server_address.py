"""Addresses and keys of servers: what is taken for one, and who is told a key."""

from __future__ import annotations

import doubles
import pytest
from doubles import KEY, Double, serving

from livebench.errors import LiveBenchError
from livebench.language_models.completions import CompletionsServer, base_url
from livebench.language_models.server_scorer import ServerScorer


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("http://h:8000", "http://h:8000/v1"),
        ("http://h:8000/", "http://h:8000/v1"),
        ("http://h/v1/completions", "http://h/v1"),
        (" https://h/api/v1/ ", "https://h/api/v1"),
    ],
)
def test_addresses(given, expected):
    assert base_url(given) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("h:8000", "--openai: 'h:8000' is no address of a server; write it like http://127.0"),
        ("ftp://h/v1", "is no address of a server"),
        ("http://me:secret@h/v1", "more in it than host and path; put the key into OPENAI_API_KEY"),
        ("http://h/v1?key=secret", "more in it than host and path"),
    ],
)
def test_addresses_that_are_refused(given, message):
    with pytest.raises(LiveBenchError) as error:
        base_url(given)
    assert message in str(error.value)
    assert "secret" not in str(error.value)


def test_a_key_goes_to_its_own_server_alone_and_into_no_message(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with serving(Double()) as own, serving(Double(doubles.refuses_key)) as other:
        monkeypatch.setenv("OPENAI_BASE_URL", own.url.removesuffix("/v1"))
        ServerScorer(own.url, "m")
        assert set(own.keys) == {f"Bearer {KEY}"}
        with pytest.raises(LiveBenchError):
            ServerScorer(other.url, "m")
        assert set(other.keys) == {None}
        monkeypatch.setenv("OPENAI_BASE_URL", other.url)
        with pytest.raises(LiveBenchError) as error:
            ServerScorer(other.url, "m")
        assert "refuses the key (401): Incorrect API key provided: ***." in str(error.value)
        assert f"OPENAI_BASE_URL={other.url}" in str(error.value)


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "urllib3", None)
    with pytest.raises(LiveBenchError, match="urllib3: not installed; install the extra `openai`"):
        CompletionsServer("http://127.0.0.1:1", "m")
