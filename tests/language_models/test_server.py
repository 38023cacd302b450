"""A model on a server: the same numbers as on paper, and every way in which a server is not fit."""

from __future__ import annotations

import json
import re
import threading

import doubles
import numpy as np
import pytest
from doubles import KEY, Double, serving, told, values

from livebench.candidates.freeze import build_set
from livebench.candidates.protocol import load_protocol
from livebench.errors import LiveBenchError
from livebench.language_models import server_check
from livebench.language_models.completions import CompletionsServer
from livebench.language_models.prompt import line_of, read_prompt
from livebench.language_models.server_check import check_server
from livebench.language_models.server_scorer import ServerScorer
from livebench.scoring.runner import read_samples
from livebench.submissions.load import SERVER_ENTRY


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Waits of milliseconds between tries."""
    monkeypatch.setattr("livebench.language_models.server_scorer.FIRST_WAIT", 0.001)


def quick_server(double, **options):
    return CompletionsServer(double.url, "m", first_wait=0.001, **options)


def test_scores_are_those_of_the_model(frozen, dataset):
    some = [sample for _, sample in read_samples(frozen, dataset, "both")][:3]
    prompt = read_prompt()
    with serving(Double()) as double:
        scorer = ServerScorer(double.url, "m")
        found = scorer.score_samples(some)
        for sample, row in zip(some, found, strict=True):
            context = prompt.context(sample.video_ctx, sample.comments)
            assert "标题：" in context
            for candidate, one in zip(sample.candidates, row, strict=True):
                line = line_of(candidate)
                assert one.total == pytest.approx(doubles.score(context, line), rel=1e-9)
                assert one.tokens == len(line.encode())
        alone = scorer.score(*some[0][:2], some[0].candidates[7])
        assert alone == found[0][7]
        assert scorer.remark == ""


def test_blind_asks_for_each_candidate_once(frozen, dataset):
    some = [sample for _, sample in read_samples(frozen, dataset, "blind")][:4]
    distinct = {line_of(one) for sample in some for one in sample.candidates}
    with serving(Double()) as double:
        scorer = ServerScorer(double.url, "m")
        before = len(double.asked)
        scorer.score_samples(some)
        asked = double.asked[before:]
    assert len(asked) == 1 + len(distinct) == len(set(asked))
    assert len(distinct) < 400


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


@pytest.mark.parametrize("wrong", [doubles.without_bos, doubles.as_vllm, doubles.as_vllm_ids])
def test_servers_that_are_fit_in_their_own_way(wrong, frozen, dataset):
    _, sample = next(read_samples(frozen, dataset, "comments"))
    with serving(Double(wrong)) as double:
        scorer = ServerScorer(double.url, "m")
        (found,) = scorer.score_samples([sample])
    context = read_prompt().context(*sample[:2])
    expected = [doubles.score(context, line_of(one)) for one in sample.candidates]
    assert np.allclose([one.total for one in found], expected, rtol=1e-9)


def test_half_precision_is_told():
    with serving(Double(doubles.noisy)) as double:
        scorer = ServerScorer(double.url, "m")
    assert re.match(
        r"the server's sums of log-probabilities differ by up to 0.00\d+", scorer.remark
    )


def test_a_tokenizer_that_joins_context_and_comment_is_refused(frozen, dataset):
    _, sample = next(read_samples(frozen, dataset, "comments"))
    with serving(Double(doubles.joins)) as double:
        scorer = ServerScorer(double.url, "m")
        with pytest.raises(
            LiveBenchError, match="its tokenizer joins the end of the context and the"
        ):
            scorer.score_samples([sample])


def test_busy_servers_are_asked_again_and_many_at_a_time(frozen, dataset):
    """Each third request is refused at first; so are the numbers the same, and no more are lost."""
    refused: set[str] = set()
    lock = threading.Lock()

    def busy(answer, prompt, count):
        with lock:
            again = prompt in refused
            refused.add(prompt)
        if again or count % 3:
            return answer
        return (429, {"message": "slow down"}, {"Retry-After": "0"}) if count % 2 else (500, "oops")

    _, sample = next(read_samples(frozen, dataset, "comments"))
    with serving(Double(busy, wait=0.01)) as double:
        scorer = ServerScorer(double.url, "m", concurrency=8)
        (found,) = scorer.score_samples([sample])
        assert 4 <= double.most <= 8
    context = read_prompt().context(*sample[:2])
    assert found[3].total == pytest.approx(doubles.score(context, line_of(sample.candidates[3])))


def test_a_slow_server_is_waited_for_so_long():
    with serving(Double(wait=0.4)) as double:
        server = quick_server(double, timeout=0.1)
        with pytest.raises(LiveBenchError, match=r"gave no answer to 2 requests: Read timed out"):
            server.logprobs("a\n", tries=2)
        assert len(double.asked) == 2


def test_long_contexts_lose_their_oldest_comments(frozen, dataset):
    _, sample = next(read_samples(frozen, dataset, "comments"))
    prompt = read_prompt()
    whole = prompt.context(*sample[:2])
    most = len(whole.encode()) - 10 + 128

    def short(answer, prompt, count):
        if len(prompt.encode()) <= most:
            return answer
        return 400, {"message": "This model's maximum context length is less."}

    for models in ({"max_model_len": most}, {}):
        with serving(Double(short, models=models)) as double:
            scorer = ServerScorer(double.url, "m")
            (found,) = scorer.score_samples([sample._replace(candidates=sample.candidates[:2])])
        assert found[0].dropped > 0 or not models
        if models:
            context = prompt.context(*sample[:2], dropped=found[1].dropped)
            assert len(context.encode()) <= most - 128
            line = line_of(sample.candidates[1])
            assert found[1].total == pytest.approx(doubles.score(context, line))


def test_a_long_comment_costs_context(frozen, dataset):
    """Of a context that leaves less room than it takes; other candidates keep theirs."""
    _, sample = next(read_samples(frozen, dataset, "comments"))
    prompt = read_prompt()
    most = len(prompt.context(*sample[:2]).encode()) + 130
    long = sample.candidates[0]._replace(text="x" * 150)
    short = sample.candidates[1]

    def limited(answer, text, count):
        size = len(text.encode())
        said = (
            f"This model's maximum context length is {most} tokens. However, your prompt contains"
        )
        error = {"message": said, "type": "BadRequestError", "param": "input_tokens", "code": 400}
        return answer if size < most else (400, {"error": error})

    for models in ({"max_model_len": most}, {}):
        with serving(Double(limited, models=models)) as double:
            scorer = ServerScorer(double.url, "m")
            ((first, second),) = scorer.score_samples([sample._replace(candidates=[long, short])])
        for one, candidate, dropped in ((first, long, 1), (second, short, 0)):
            context, line = prompt.context(*sample[:2], dropped=dropped), line_of(candidate)
            assert one.dropped == dropped
            assert one.total == pytest.approx(doubles.score(context, line))


def test_a_comment_that_is_too_long_by_itself(frozen, dataset):
    _, sample = next(read_samples(frozen, dataset, "comments"))
    long = sample.candidates[0]._replace(text="x" * 1000)

    def limited(answer, text, count):
        return answer if len(text) < 900 else (400, {"message": "too long"})

    with serving(Double(limited)) as double:
        scorer = ServerScorer(double.url, "m")
        with pytest.raises(LiveBenchError, match=r"refused the request \(400\): too long"):
            scorer.score_samples([sample._replace(candidates=[long])])


def test_a_server_that_reads_very_little(frozen, dataset):
    """Less than a comment is given: nothing of the context is left."""
    _, sample = next(read_samples(frozen, dataset, "comments"))
    with serving(Double(models={"max_model_len": 100})) as double:
        scorer = ServerScorer(double.url, "m")
        ((found,),) = scorer.score_samples([sample._replace(candidates=sample.candidates[:1])])
    assert found.dropped == len(sample.comments)


@pytest.fixture(scope="module")
def small_set(dataset_without_frames, crowded, tmp_path_factory):
    """4 samples."""
    out = tmp_path_factory.mktemp("sets") / "small"
    return build_set(dataset_without_frames, load_protocol(str(crowded)), out, max_samples=4)


@pytest.fixture
def on_server(submission):
    """Writes a submission whose model is on a server."""

    def write(url, folder="mine"):
        runs = [{"name": "r", "arguments": {"url": url, "model": "m"}}]
        return submission(folder, entry=SERVER_ENTRY, runs=runs)

    return write


def scores_of(path):
    (file,) = path.glob("scores/*/r/*.jsonl.gz")
    return file.read_bytes()


def test_a_server_that_dies_loses_no_block(run, on_server, small_set, monkeypatch):
    """It dies in the second block; the same command goes on there, and the bytes are those of a run that
    nothing happened to."""
    monkeypatch.setattr("livebench.scoring.questions.BATCH", 1)
    order = ("--candidates", small_set.path, "--setting", "blind", "--quiet")
    with serving(Double()) as whole:
        path = on_server(whole.url, "whole")
        assert run("evaluate", path, *order).status == 0
        expected, asked = scores_of(path), len(whole.asked)
    last = 210  # after the check and the first hundred candidates
    with serving(
        Double(lambda answer, _, count: answer if count < last else (503, "dying"))
    ) as first:
        path = on_server(first.url)
        done = run("evaluate", path, *order)
        assert done.status == 2
        assert f"{first.url}: is busy or broken: it answered 503 to each of 7" in done.err
        assert "fresh process" not in done.err
        assert "scored so far: " in done.err
        assert not list(path.glob("scores/*/r/*"))
    with serving(Double(port=first.port)) as second:
        assert run("evaluate", path, *order).status == 0
        assert len(second.asked) < asked - 50
    assert scores_of(path) == expected


def test_result_and_row_say_that_a_server_scored(run, on_server, small_set, refused, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with serving(Double()) as double:
        monkeypatch.setenv("OPENAI_BASE_URL", double.url)
        path = on_server(double.url)
        folder = small_set.path
        order = ("evaluate", path, "--candidates", folder, "--setting", "comments", "--quiet")
        message = refused(*order, "--sandbox")
        assert message.startswith(
            "--sandbox: has no network, and the model of this submission is on a"
        )
        done = run(*order)
        assert done.status == 0
    (file,) = path.glob("results/*/r/comments.json")
    result = json.loads(file.read_text())
    assert (result["manifest"]["isolation"], result["manifest"]["memory"]) == ("server", "server")
    assert result["manifest"]["device"] == "server"
    assert result["plausibility"]["fresh"]["samples"] == 0
    everything = (
        b"".join(one.read_bytes() for one in path.parent.rglob("*") if one.is_file())
        + (done.out + done.err).encode()
    )
    assert KEY.encode() not in everything
    assert run("leaderboard", "--sets", folder.parent, "--out", "board.md").status == 0
    root = path.parent.parent
    board = "".join(page.read_text() for page in root.glob("docs/leaderboard/*.md"))
    assert "claimed, a server" in board
    assert "scored by a server: LiveBench sees neither its model nor what it remembers" in board


def test_told_is_what_a_completion_is():
    """By hand: three tokens, and the one that follows."""
    answer = told("ab\n")
    assert answer["choices"][0]["logprobs"]["tokens"] == ["a", "b", "\n", "x"]
    assert values(answer)[:2] == [None, doubles.logprob(b"a", ord("b"))]
    assert answer["usage"] == {"prompt_tokens": 3, "completion_tokens": 1}
