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
        ("h:8000", "--openai: is no address of a server; write it like http://127.0"),
        ("ftp://h/v1", "is no address of a server"),
        ("http://me:secret@h/v1", "more in it than host and path; put the key into OPENAI_API_KEY"),
        (
            "me:secret@h:8000/v1",
            "--openai: an address is written into results, and this one has more",
        ),
        ("http://h/v1?key=secret", "more in it than host and path"),
        ("http://h/v1#secret", "more in it than host and path"),
        ("http://me:secret", "--openai: is no address of a server; write it like http://127.0"),
        ("http://[::1/v1", "--openai: is no address of a server; write it like http://127.0"),
        ("http://h:99999/v1", "--openai: is no address of a server; write it like http://127.0"),
    ],
)
def test_addresses_that_are_refused(given, message):
    with pytest.raises(LiveBenchError) as error:
        base_url(given)
    assert message in str(error.value)
    assert "secret" not in str(error.value)
    assert error.value.__cause__ is None


def test_the_variable_is_named_whose_address_is_none(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "me:secret@h")
    with pytest.raises(LiveBenchError) as error:
        ServerScorer("http://h/v1", "m")
    assert str(error.value).startswith("OPENAI_BASE_URL: an address is written into results")
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("space", ["\r", "\n", "\r\n", " "])
def test_white_space_around_a_key_is_not_sent(monkeypatch, space):
    """A variable that was read from a file often ends so."""
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}{space}")
    with serving(Double()) as double:
        monkeypatch.setenv("OPENAI_BASE_URL", double.url + space)
        ServerScorer(double.url, "m")
        assert set(double.keys) == {f"Bearer {KEY}"}


@pytest.mark.parametrize(
    "key", ["sk-sec\nret", "sk-secret\u2026", "sk-se\x7fcret", "sk-\u00e9secret"]
)
def test_a_key_that_cannot_be_sent_is_refused_and_not_repeated(monkeypatch, key):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with serving(Double()) as double:
        monkeypatch.setenv("OPENAI_BASE_URL", double.url)
        with pytest.raises(LiveBenchError) as error:
            ServerScorer(double.url, "m")
        assert not double.asked
    assert str(error.value) == (
        "OPENAI_API_KEY: has a character in it that no key has: a line end, or one beyond ASCII; "
        "copy the key again"
    )
    assert error.value.__cause__ is None


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
