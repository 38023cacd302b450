"""Back ends of lm-evaluation-harness: their scores are those of the model, computed here one by one."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("lm_eval")
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tiny_llama import save_tiny_llama  # noqa: E402 (needs transformers)

from livebench.errors import LiveBenchError  # noqa: E402
from livebench.language_models.language_model import LanguageModel  # noqa: E402
from livebench.language_models.lm_eval_scorer import LMEvalScorer, refuse_secrets  # noqa: E402
from livebench.language_models.prompt import line_of, read_prompt  # noqa: E402
from livebench.scoring.computation import computation_here  # noqa: E402
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


@pytest.fixture
def counting(monkeypatch):
    """A back end that tokenises as those of servers do, `api_models` of lm_eval: without a mark unless
    asked for one; what it is given to score is kept in `asked`."""
    from lm_eval.api.model import TemplateLM
    from lm_eval.models.openai_completions import LocalCompletionsAPI

    class Counting(LocalCompletionsAPI):
        def __init__(self, pretrained, batch_size=1, dtype="auto", **options):
            TemplateLM.__init__(self)
            self.tokenizer = transformers.AutoTokenizer.from_pretrained(pretrained)
            self.tokenizer_backend, self.add_bos_token = "huggingface", False
            self.tokenized_requests = options.get("tokenized_requests", True)
            self.max_length = options.get("max_length", 512)
            self.model, self.asked = "m", []

        def _loglikelihood_tokens(self, requests, **kwargs):
            self.asked += [(context, line) for _, context, line in requests]
            return [(-1.0, False)] * len(requests)

    monkeypatch.setattr("lm_eval.api.registry.get_model", lambda name: Counting)
    return Counting


@pytest.fixture
def scorer_of(counting, folder, monkeypatch):
    """Makes a scorer by a back end that has this model."""

    def make(model, arguments=""):
        class Own(counting):
            def __init__(self, *given, **options):
                super().__init__(*given, **options)
                self.model = model

        monkeypatch.setattr("lm_eval.api.registry.get_model", lambda name: Own)
        return LMEvalScorer("double", f"pretrained={folder}{arguments}")

    return make


def test_a_mark_stands_before_the_context_alone(counting, folder, frozen, dataset):
    """<s>, which the tokenizer puts before a text, once; in a comment it is the text of three bytes."""
    _, sample = next(read_samples(frozen, dataset, "comments"))
    comments = [*sample.comments[:-1], sample.comments[-1]._replace(text="a<s>b")]
    candidate = sample.candidates[0]._replace(text="<s>")
    scorer = LMEvalScorer("double", f"pretrained={folder}")
    found = scorer.score(sample.video_ctx, comments, candidate)
    ((context, line),) = scorer.backend.asked
    tokenizer = scorer.backend.tokenizer
    assert tokenizer.convert_tokens_to_ids("<s>") == 0
    assert (context[0], context.count(0), line.count(0)) == (0, 1, 0)
    assert tokenizer.decode(context[1:]) == read_prompt().context(sample.video_ctx, comments)
    assert [tokenizer.decode([one]) for one in line] == ["<", "s", ">", "\n"]
    assert found.tokens == 4


def test_a_mark_can_be_left_out(counting, folder, frozen, dataset):
    _, sample = next(read_samples(frozen, dataset, "comments"))
    scorer = LMEvalScorer("double", f"pretrained={folder},add_bos_token=False")
    scorer.score(*sample[:2], sample.candidates[0])
    ((context, _),) = scorer.backend.asked
    assert 0 not in context
    assert scorer.backend.tokenizer.decode(context) == read_prompt().context(*sample[:2])


def test_the_mark_is_counted(counting, folder, frozen, dataset):
    """A context that fits with 128 tokens of room but for its mark loses a comment."""
    _, sample = next(read_samples(frozen, dataset, "comments"))
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    size = len(tokenizer(read_prompt().context(*sample[:2]), add_special_tokens=False)["input_ids"])
    for most, dropped in ((size + 129, 0), (size + 128, 1)):
        scorer = LMEvalScorer("double", f"pretrained={folder},max_length={most}")
        assert scorer.score(*sample[:2], sample.candidates[0]).dropped == dropped


def test_texts_whose_mark_is_not_counted_are_refused(counting, folder):
    with pytest.raises(LiveBenchError) as error:
        LMEvalScorer("double", f"pretrained={folder},tokenized_requests=False")
    assert str(error.value) == (
        "--lm-eval double: sends texts, and the server's tokens begin with a mark that it does not "
        "count; leave out tokenized_requests=False"
    )


class Mixed(torch.nn.Module):
    """Weights of 4 bits, say, as integers, and a bias in bfloat16."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(2, dtype=torch.uint8), requires_grad=False)
        self.bias = torch.nn.Parameter(torch.zeros(2, dtype=torch.bfloat16))


BFLOAT16 = SimpleNamespace(model_config=SimpleNamespace(dtype=torch.bfloat16))


@pytest.mark.parametrize(
    ("model", "arguments", "expected"),
    [
        ("m", "", ""),
        ("m", ",dtype=auto", ""),
        ("m", ",dtype=bfloat16", "bfloat16"),
        ("m", ",dtype=half", "float16"),
        ("m", ",dtype=nonsense", ""),
        ("m", ",dtype=nn", ""),
        (SimpleNamespace(llm_engine=BFLOAT16), "", "bfloat16"),
        (SimpleNamespace(llm_engine=BFLOAT16), ",dtype=auto", "bfloat16"),
        (SimpleNamespace(tokenizer_manager=BFLOAT16), "", "bfloat16"),
        (Mixed(), "", "bfloat16"),
        (torch.nn.Linear(1, 1), ",dtype=bfloat16", "float32"),  # what is there counts
    ],
)
def test_what_a_back_end_computes_in(scorer_of, model, arguments, expected):
    scorer = scorer_of(model, arguments)
    assert computation_here(scorer).dtype == expected


def on(device):
    return SimpleNamespace(device_config=SimpleNamespace(device_type=device))


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("a name at a server", ""),
        (SimpleNamespace(llm_engine=SimpleNamespace(vllm_config=on("cuda"))), "cuda"),
        (SimpleNamespace(llm_engine=SimpleNamespace(vllm_config=on("cpu"))), "cpu"),
        (
            SimpleNamespace(
                tokenizer_manager=SimpleNamespace(server_args=SimpleNamespace(device="cuda"))
            ),
            "cuda",
        ),
        (torch.nn.Linear(1, 1, device="meta"), "meta"),
    ],
)
def test_where_a_back_end_computes(scorer_of, model, expected):
    scorer = scorer_of(model)
    assert computation_here(scorer).device == expected


def test_mixed_precision_is_what_it_computes_in(folder):
    arguments = f"pretrained={folder},dtype=float32,mixed_precision_dtype=bfloat16"
    assert LMEvalScorer("hf", arguments, device="cpu").dtype == "bfloat16"


def test_a_back_end_without_a_choice_of_device(counting, folder):
    with pytest.raises(
        LiveBenchError, match="--lm-eval double: has no choice of device; leave out -"
    ):
        LMEvalScorer("double", f"pretrained={folder}", device="cpu")


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        (
            "token=hf_abc",
            "have the argument token in them, and results name them; leave it out: back",
        ),
        ("api_key=abc", "have the argument api_key in them"),
        ("OPENAI_API_KEY=abc", "have the argument OPENAI_API_KEY in them"),
        (" auth_token='abc'", "have the argument auth_token in them"),
        ("use_auth_token=hf_abc", "have the argument use_auth_token in them"),
        ("password=abc", "have the argument password in them"),
        ('header={"Authorization": "Bearer abc"}', "have the argument header in them"),
        ('client={"api-key": "abc"}', "have the argument api-key in them"),
        ("base_url=http://me:abc@h/v1", "have an address with a password in them"),
        ("base_url=http://h/v1?key=abc", "have the argument key in them"),
    ],
)
def test_secrets_are_refused_and_not_repeated(argument, message):
    with pytest.raises(LiveBenchError) as error:
        LMEvalScorer("hf", f"pretrained=x,{argument}")
    assert str(error.value).startswith(f"--model-args: {message}")
    assert "abc" not in str(error.value)


@pytest.mark.parametrize(
    "argument",
    [
        "add_bos_token=True",
        "eos_token=</s>",
        "think_end_token=</think>",
        "tokenizer=x",
        "prefix_token_id=1",
        "token=True",
        "use_auth_token=false",
        "num_key_value_heads=2",
        "base_url=http://h:8000/v1/completions",
        "max_num_batched_tokens=9",
        "pretrained=me@home/token",
    ],
)
def test_what_is_no_secret(argument):
    refuse_secrets(f"x=1,{argument}")


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
