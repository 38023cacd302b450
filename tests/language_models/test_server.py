"""A model on a server: the same numbers as on paper, long contexts, busy servers, and what rows say."""

from __future__ import annotations

import json
import re
import threading

import doubles
import numpy as np
import pytest
from doubles import KEY, Double, quick_server, serving, told, values

from livebench.candidates.freeze import build_set
from livebench.candidates.protocol import load_protocol
from livebench.errors import LiveBenchError
from livebench.language_models.prompt import line_of, read_prompt
from livebench.language_models.server_scorer import ServerScorer
from livebench.scoring.runner import read_samples
from livebench.submissions.load import SERVER_ENTRY

pytestmark = pytest.mark.usefixtures("without_keys")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Waits of milliseconds between tries."""
    monkeypatch.setattr("livebench.language_models.server_scorer.FIRST_WAIT", 0.001)


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
