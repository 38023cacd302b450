"""What does not fit into memory at once is computed in parts; what does not fit at all is one line."""

from __future__ import annotations

import errno
import resource

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("PIL")

from tiny_llama import save_tiny_llama  # noqa: E402 (needs transformers)
from tiny_llava import save_tiny_llava  # noqa: E402

from livebench.errors import LiveBenchError  # noqa: E402
from livebench.language_models import loading  # noqa: E402
from livebench.language_models.language_model import LanguageModel  # noqa: E402
from livebench.language_models.out_of_memory import is_out_of_memory  # noqa: E402
from livebench.language_models.vision_model import VisionLanguageModel  # noqa: E402
from livebench.language_models.weights import find_weights  # noqa: E402
from livebench.scoring.scorer import Comment, Sample, VideoContext  # noqa: E402

EMPTY = VideoContext(0, np.empty((0, 0), np.float32), np.empty(0, np.int64), "", "", "zh")
CANDIDATES = [Comment(text, text) for text in ("ab", "cd", "ef", "gh", "ijk", "lmn", "opq", "rs")]


def exhaust() -> None:
    """More than any machine has: what torch raises on the CPU."""
    torch.empty(1 << 60)


def cuda() -> None:
    raise torch.cuda.OutOfMemoryError


def driver() -> None:
    raise RuntimeError("CUDA error: out of memory")


def cublas() -> None:
    raise RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)")


def python() -> None:
    bytearray(1 << 60)


def numpy() -> None:
    np.empty(1 << 59, np.uint8)


def mapping() -> None:
    raise OSError(errno.ENOMEM, "Cannot allocate memory")


@pytest.mark.parametrize("run", [exhaust, cuda, driver, cublas, python, numpy, mapping])
def test_memory_ran_out(run):
    with pytest.raises(Exception) as raised:
        run()
    assert is_out_of_memory(raised.value)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
        OSError(errno.ENOENT, "No such file"),
        ValueError("out of memory"),
    ],
)
def test_memory_did_not_run_out(error):
    assert not is_out_of_memory(error)


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    return save_tiny_llama(tmp_path_factory.mktemp("models") / "tiny-llama")


@pytest.fixture(scope="module")
def llava(tmp_path_factory):
    return save_tiny_llava(tmp_path_factory.mktemp("models") / "tiny-llava")


@pytest.fixture(params=["text", "pictures"])
def model(request, llama, llava):
    if request.param == "text":
        return LanguageModel(str(llama), device="cpu")
    return VisionLanguageModel(str(llava), device="cpu")


def narrow(model, monkeypatch, most: int, fail=exhaust) -> list[int]:
    """Let memory run out for more than so many candidates at once; gives how many were asked."""
    name, place = ("_by_forest", 0) if isinstance(model, LanguageModel) else ("_continuations", 2)
    whole, asked = getattr(model, name), []

    def small(*arguments):
        asked.append(len(arguments[place]))
        if asked[-1] > most:
            fail()
        return whole(*arguments)

    monkeypatch.setattr(model, name, small)
    return asked


def totals(rows):
    return [score.total for row in rows for score in row]


def test_in_parts(model, monkeypatch):
    sample = Sample(EMPTY, [], CANDIDATES)
    expected = totals(model.score_samples([sample]))
    asked = narrow(model, monkeypatch, most=2)
    assert totals(model.score_samples([sample])) == pytest.approx(expected, rel=1e-5)
    assert max(asked) > 2
    before = len(asked)
    model.score_samples([sample])
    assert max(asked[before:]) <= 2  # what did not fit is not tried again


def test_a_candidate_that_does_not_fit(model, monkeypatch):
    narrow(model, monkeypatch, most=0)
    with pytest.raises(LiveBenchError, match=r"a prompt of \d+ tokens does not fit into the mem"):
        model.score_samples([Sample(EMPTY, [], CANDIDATES)])


@pytest.mark.parametrize("plain", [False, True])
def test_a_context_that_does_not_fit(llava, monkeypatch, plain):
    model = VisionLanguageModel(str(llava), device="cpu", plain=plain)
    monkeypatch.setattr(model.net, "forward", lambda **_: exhaust())
    with pytest.raises(LiveBenchError, match=r"does not fit into the memory of cpu; give fewer"):
        model.score_samples([Sample(EMPTY, [], CANDIDATES)])


def test_another_error_keeps_its_traceback(model, monkeypatch):
    def fail():
        raise RuntimeError("a defect")

    narrow(model, monkeypatch, most=0, fail=fail)
    with pytest.raises(RuntimeError, match="a defect"):
        model.score_samples([Sample(EMPTY, [], CANDIDATES)])


@pytest.mark.parametrize("run", [exhaust, python, mapping])
def test_while_loading(run, llama, monkeypatch):
    monkeypatch.setattr(
        transformers.AutoModelForCausalLM, "from_pretrained", lambda *_, **__: run()
    )
    with pytest.raises(
        LiveBenchError, match=r"does not fit into memory when loaded onto cpu; give"
    ):
        LanguageModel(str(llama), device="cpu")


def test_for_a_gpu_the_model_is_not_loaded_into_ram_first(llama, monkeypatch):
    places = []
    load = transformers.AutoModelForCausalLM.from_pretrained

    def spy(*arguments, device_map=None, **options):
        places.append(device_map)
        return load(*arguments, **options)

    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", spy)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (1 << 40, 1 << 40))
    weights, gpu = find_weights(str(llama)), torch.device("cuda:1")
    loading.load_model(weights, "m", gpu, "float32")
    loading.load_model(weights, "m", torch.device("cpu"), "float32")
    assert places == [{"": gpu}, None]
    # What is free is asked of the GPU.
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (1000, 1 << 40))
    with pytest.raises(LiveBenchError, match=r"0\.0 GB are free on cuda:1"):
        loading.load_model(weights, "m", gpu, "float32")


def test_what_the_sandbox_leaves_is_what_is_free(llama, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1, 1))
    with pytest.raises(
        LiveBenchError, match=r"m: needs 0\.0 GB in float32, and 0\.0 GB are free on cpu"
    ):
        loading.load_model(find_weights(str(llama)), "m", torch.device("cpu"), "float32")
