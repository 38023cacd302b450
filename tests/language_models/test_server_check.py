"""The test of a server before it scores: every way in which one is not fit."""

from __future__ import annotations

import re

import doubles
import pytest
from doubles import Double, quick_server, serving, values

from livebench.errors import LiveBenchError
from livebench.language_models import server_check
from livebench.language_models.server_check import check_server

pytestmark = pytest.mark.usefixtures("without_keys")

UNFIT = {
    "ignores echo": (doubles.without_echo, r"ignores echo: it gave 0 log-probabilities for the 113 to"),
    "no logprobs": (doubles.without_logprobs, "gives no log-probabilities of tokens"),
    "stale": (None, "gives other log-probabilities for the same prompt in another order and batch"),
    "blind": (doubles.blind, "gives the same log-probabilities after any context"),
    "one too late": (doubles.one_too_late, r"says -\d.\d+ of a token that it writes, and -\d.\d+ of"),
    "one too late, spelled as numbers": (
        lambda *asked: doubles.as_vllm_ids(doubles.one_too_late(*asked), *asked[1:]),
        r"says -\d.\d+ of a token that it writes, and -\d.\d+ of",
    ),
    "only chats": (doubles.chats, "only chats: it does not take completions (404: This is a chat"),
    "only chats, in silence": (doubles.one_chats, "only chats: it does not take completions (404: Not"),
    "all 0": (
        doubles.all_zero,
        "gives the same log-probabilities after any context",
    ),
    "not logarithms": (
        lambda answer, prompt, count: values(answer).__setitem__(3, 0.7) or answer,
        "gives log-probabilities that are missing, not numbers, or above 0",
    ),
    "a gap": (
        lambda answer, prompt, count: values(answer).__setitem__(3, None) or answer,
        "gives log-probabilities that are missing, not numbers, or above 0",
    ),
    "infinite": (
        lambda answer, prompt, count: values(answer).__setitem__(3, float("-inf")) or answer,
        "gives log-probabilities that are missing, not numbers, or above 0",
    ),
    "no usage": (
        lambda answer, prompt, count: {**answer, "usage": None},
        "does not answer with one choice and the number of its tokens (usage)",
    ),
    "a web page": (
        lambda answer, prompt, count: (200, "<html>\nWelcome</html>"),
        "does not speak as OpenAI's: it sent <html> Welcome</html>; give the address up to /v1",
    ),
    "an error as 200": (
        lambda answer, prompt, count: (200, {"error": {"message": "logits_all must be True"}}),
        "refused the request (200): logits_all must be True",
    ),
    "always busy": (
        lambda answer, prompt, count: (503, {"message": "loading"}),
        "is busy or broken: it answered 503 to each of 3 requests (loading); scores so far are kept",
    ),
    "a redirect": (
        lambda answer, prompt, count: (302, "", {"Location": "http://127.0.0.1:9/v1/completions"}),
        "refused the request (302)",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("wrong", "message"), UNFIT.values(), ids=UNFIT)
def test_servers_that_are_not_fit_are_refused(wrong, message):
    with serving(Double(wrong or doubles.Stale())) as double:
        with pytest.raises(LiveBenchError) as error:
            check_server(quick_server(double))
        assert str(error.value).startswith(f"{double.url}: ")
        found = re.search(message if "\\" in message else re.escape(message), str(error.value))
        assert found, str(error.value)


def later(change, first=12):
    """A double whose answers change once the prompts have been asked for one by one."""
    return Double(lambda answer, _, count: answer if count <= first else change(answer) or answer)


def each_way(answer):
    """The first token .1 likelier, the next .1 less likely, and so on."""
    found = values(answer)
    found[1:] = [value + 0.1 * (-1) ** place for place, value in enumerate(found[1:])]


def test_the_noise_of_sums_is_that_of_sums():
    """By hand: .1 a token, up and down by turns, leaves .1 of a sum if it has an odd number of tokens,
    and nothing if even. Token by token it is some .05 of the sums."""
    expected = 0.0
    for context in server_check._CONTEXTS:
        for comment in server_check._COMMENTS:
            data = (context + comment).encode()
            places = range(1, len(data))  # nothing is known of the first
            total = sum(doubles.logprob(data[:place], data[place]) for place in places)
            expected = max(expected, 0.1 * (len(places) % 2) / -total)
    assert 1e-4 < expected < 2e-3
    with serving(later(each_way)) as double:
        assert check_server(quick_server(double)).noise == pytest.approx(expected, rel=1e-6)


def scaled(share):
    def change(answer):
        values(answer)[1:] = [value * (1 + share) for value in values(answer)[1:]]

    return change


def turned(answer):
    """Other tokens' log-probabilities: the sum stays."""
    values(answer)[1:-1] = values(answer)[-2:0:-1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (scaled(0.06), ""),
        (scaled(0.064), r"order and batch \(sums differ by 0.064, tokens by 0.064 of the sum\): it may"),
        (turned, r"batch \(sums differ by 0, tokens by 0.\d+ of the sum\): it may reuse those"),
    ],
    ids=["rounding", "more than rounding", "same sums by other tokens"],
)  # fmt: skip
def test_half_precision_ends_at_a_sixteenth(change, message):
    """16 units of rounding of bfloat16, which has 8 bits: 1/16."""
    with serving(later(change)) as double:
        if not message:
            assert check_server(quick_server(double)).noise == pytest.approx(0.06)
            return
        with pytest.raises(LiveBenchError, match=message):
            check_server(quick_server(double))


@pytest.mark.parametrize(
    ("made", "read", "fits"), [(-0.1, -0.5, True), (-0.1, -0.7, False), (-16.0, -16.9, True)]
)
def test_what_is_written_may_differ_by_rounding(made, read, fits):
    """Logits of 32 to 64 are .25 apart in bfloat16."""

    def change(answer, prompt, count):
        values(answer)[-1] = made
        if prompt.endswith("x"):  # what it wrote
            values(answer)[-2] = read
        return answer

    with serving(Double(change)) as double:
        if fits:
            check_server(quick_server(double))
            return
        message = "says -0.1 of a token that it writes, and -0.7 of the same token in a prompt"
        with pytest.raises(LiveBenchError, match=message):
            check_server(quick_server(double))


def test_a_model_that_is_not_there():
    with serving(Double(lambda *_: (404, {"message": "The model `x` does not exist."}))) as double:
        double.models = {"data": [{"id": "b"}, {"id": "a"}]}
        with pytest.raises(LiveBenchError, match="has no model m; choose from a, b"):
            check_server(quick_server(double))


def test_nobody_there():
    double = Double()
    double.close()
    with pytest.raises(LiveBenchError) as error:
        check_server(quick_server(double))
    assert str(error.value).startswith(f"{double.url}: gave no answer to 3 requests: ")
    assert "Connection refused" in str(error.value)
