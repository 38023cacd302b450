"""Back ends of lm-evaluation-harness: their scores are those of the model, computed here one by one."""

from __future__ import annotations

import pytest

pytest.importorskip("lm_eval")
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tiny_llama import save_tiny_llama  # noqa: E402 (needs transformers)

from livebench.errors import LiveBenchError  # noqa: E402
from livebench.language_models.language_model import LanguageModel  # noqa: E402
from livebench.language_models.lm_eval_scorer import LMEvalScorer  # noqa: E402
from livebench.language_models.prompt import line_of, read_prompt  # noqa: E402
from livebench.scoring.runner import read_samples  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_llama(tmp_path_factory.mktemp("tiny") / "llama")


@pytest.fixture(scope="module")
def scorer(folder):
    return LMEvalScorer("hf", f"pretrained={folder},dtype=float32", device="cpu", batch="16")


def expected(folder, context: str, line: str) -> tuple[float, int]:
    """The log-likelihood of a line, by one pass over context and line, and its tokens."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.LlamaForCausalLM.from_pretrained(folder).eval()
    before = tokenizer(context)["input_ids"]
    own = tokenizer(line, add_special_tokens=False)["input_ids"]
    assert before[0] == tokenizer.bos_token_id
    with torch.no_grad():
        table = model(torch.tensor([before + own])).logits[0].double().log_softmax(-1)
    found = [float(table[len(before) - 1 + place, token]) for place, token in enumerate(own)]
    return sum(found), len(own)


@pytest.mark.parametrize("setting", ["comments", "blind"])
def test_scores_are_those_of_the_model(scorer, folder, frozen, dataset, setting):
    some = [sample for _, sample in read_samples(frozen, dataset, setting)][:2]
    found = scorer.score_samples([one._replace(candidates=one.candidates[:12]) for one in some])
    for sample, row in zip(some, found, strict=True):
        context = read_prompt().context(*sample[:2])
        for candidate, score in list(zip(sample.candidates, row, strict=False))[:3]:
            total, tokens = expected(folder, context, line_of(candidate))
            assert abs(score.total - total) <= 1e-4 * max(1, abs(total))
            assert score.tokens == tokens
    sample = some[1]
    alone = scorer.score(*sample[:2], sample.candidates[5])
    assert abs(alone.total - found[1][5].total) <= 1e-4 * max(1, abs(alone.total))


def test_scores_are_those_of_hf(scorer, folder, frozen, dataset):
    ours = LanguageModel(str(folder), device="cpu")
    some = [sample for _, sample in read_samples(frozen, dataset, "video")][:2]
    some = [one._replace(candidates=one.candidates[:40]) for one in some]
    theirs = scorer.score_samples(some)
    for row, own in zip(theirs, ours.score_samples(some), strict=True):
        for one, other in zip(row, own, strict=True):
            assert one.tokens == other.tokens
            assert abs(one.total - other.total) <= 1e-4 * max(1, abs(other.total))


def test_long_contexts_lose_their_oldest_comments(tmp_path, frozen, dataset):
    _, sample = next(read_samples(frozen, dataset, "comments"))
    whole = read_prompt().context(*sample[:2])
    folder = save_tiny_llama(tmp_path / "short", longest=190)
    scorer = LMEvalScorer("hf", f"pretrained={folder},dtype=float32", device="cpu")
    found = scorer.score(*sample[:2], sample.candidates[0])
    assert 0 < found.dropped < len(sample.comments)
    context = read_prompt().context(*sample[:2], dropped=found.dropped)
    assert whole.endswith(context.split("\n", 1)[1])
    total, _ = expected(folder, context, line_of(sample.candidates[0]))
    assert abs(found.total - total) <= 1e-4 * max(1, abs(total))


@pytest.mark.parametrize(
    ("model", "arguments", "message"),
    [
        ("nope", "", "--lm-eval nope: has no such back end; choose from anthropic-chat, "),
        ("hf", "x", "cannot be made with 'x': HFLM.__init__() missing 1 required positional argument"),
        ("hf", "pretrained=/no/such", "--lm-eval hf: cannot be made with 'pretrained=/no/such': "),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_told_in_a_line(model, arguments, message):
    with pytest.raises(LiveBenchError) as error:
        LMEvalScorer(model, arguments)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert error.value.__cause__ is None


def test_a_missing_package_of_a_back_end_is_named():
    if __import__("importlib").util.find_spec("vllm") is not None:
        pytest.skip("vllm is here")
    with pytest.raises(
        LiveBenchError, match="--lm-eval vllm: needs a package that is not installed: vl"
    ):
        LMEvalScorer("vllm", "pretrained=x")


def test_without_the_package_the_extra_is_named(monkeypatch):
    modules = __import__("sys").modules
    for name in [name for name in modules if name.split(".")[0] == "lm_eval"]:
        monkeypatch.delitem(modules, name)
    monkeypatch.setitem(modules, "lm_eval", None)
    with pytest.raises(
        LiveBenchError, match=r"lm_eval.*: not installed; install the extra `lm-eval`"
    ):
        LMEvalScorer("hf", "pretrained=x")
