"""Loads a causal language model of transformers, or says in one line why that cannot be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from unittest import mock

import torch
from safetensors import SafetensorError

from livebench.errors import LiveBenchError
from livebench.extras import need
from livebench.language_models.free_memory import free_memory
from livebench.language_models.out_of_memory import is_out_of_memory
from livebench.language_models.weights import EXTRA, Weights

CAUSAL, IMAGE_TEXT = "AutoModelForCausalLM", "AutoModelForImageTextToText"
"""The classes of transformers that load a model: by what it can read."""

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_GIGABYTE = 1e9
_UNREADABLE = (OSError, ValueError, KeyError, ImportError)
_CAUSAL = "give a causal language model, one that continues a text"
_SMALLER = "give --dtype bfloat16, a smaller or a quantised model, or another --device"

_CONTINUES = ("CausalLM", "LMHead", "ConditionalGeneration")
"""What the names of architectures that continue a text hold, those of others not."""

_SHOWN = 3

_COMPUTED = ("inv_freq", "position_ids")
"""Ends of names that are no weights: old files have them, newer ones need not."""


def quiet_transformers() -> Any:
    """transformers, which prints no bars: their threads would keep a process from being copied."""
    transformers = need("transformers", EXTRA)
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    return transformers


def device_of(name: str) -> torch.device:
    """The device of a name; `auto` is CUDA where there is one.

    Raises:
        LiveBenchError: torch knows no such device, or it is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise LiveBenchError(
            f"--device {name}", "is no device", "give cpu, cuda or cuda:1"
        ) from None
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        what = f"torch sees {torch.cuda.device_count()} CUDA devices"
        raise LiveBenchError(f"--device {name}", what, "give --device cpu")
    return device


def load_tokenizer(weights: Weights, where: str) -> Any:
    """The tokenizer of a model; raises LiveBenchError if it has none that can be read."""
    transformers = quiet_transformers()
    try:
        with _gguf_read_once(weights):
            return transformers.AutoTokenizer.from_pretrained(weights.folder, **_file(weights))
    except _UNREADABLE as error:
        raise _unreadable(where, "tokenizer", error) from None


def load_processor(weights: Weights, where: str) -> Any:
    """What makes the input of a vision-language model out of texts and pictures.

    Raises:
        LiveBenchError: it cannot be read, or needs a package.
    """
    transformers = quiet_transformers()
    need("PIL.Image", "images")
    try:
        found = transformers.AutoProcessor.from_pretrained(weights.folder)
    except _UNREADABLE as error:
        raise _unreadable(where, "processor", error) from None
    if not hasattr(found, "tokenizer") or not hasattr(found, "image_processor"):
        what = "has no processor of pictures (preprocessor_config.json or processor_config.json)"
        raise LiveBenchError(where, what, "give the whole folder of the model")
    return found


def sees_pictures(weights: Weights) -> bool:
    """Whether a model reads pictures and text (image-text-to-text)."""
    if weights.gguf:
        return False
    transformers = quiet_transformers()
    try:
        config = transformers.AutoConfig.from_pretrained(weights.folder)
    except _UNREADABLE:
        return False  # loading it says why
    return type(config) in transformers.AutoModelForImageTextToText._model_mapping


def load_model(
    weights: Weights, where: str, device: torch.device, dtype: str, *, kind: str = CAUSAL
) -> Any:
    """The model, ready to compute.

    Args:
        kind: CAUSAL or IMAGE_TEXT.

    Raises:
        LiveBenchError: it is no causal language model, needs code of its own, does not fit, or cannot be
            read.
    """
    with _gguf_read_once(weights):
        return _load_model(kind, weights, where, device, dtype)


def _load_model(kind: str, weights: Weights, where: str, device: torch.device, dtype: str) -> Any:
    transformers = quiet_transformers()
    try:
        config = transformers.AutoConfig.from_pretrained(weights.folder, **_file(weights))
    except _UNREADABLE as error:
        raise _unreadable(where, "configuration", error) from None
    loader = getattr(transformers, kind)
    _check_continues(loader, config, where)
    quantised = getattr(config, "quantization_config", None) is not None and not weights.gguf
    if not quantised:
        _check_fits(loader, config, where, device, dtype)
    # Bound for a GPU, each weight goes there when it is read, and never are all in RAM.
    places = {"device_map": {"": device}} if quantised or device.type != "cpu" else {}
    try:
        model, told = loader.from_pretrained(
            weights.folder,
            config=config,
            dtype="auto" if quantised else DTYPES[dtype],
            output_loading_info=True,
            ignore_mismatched_sizes=not quantised,  # they are refused with the missing ones
            **(_file(weights) or {"use_safetensors": True}),
            **places,
        )
    except (*_UNREADABLE, RuntimeError, MemoryError, SafetensorError) as error:
        if is_out_of_memory(error):
            what = f"does not fit into memory when loaded onto {device}"
            raise LiveBenchError(where, what, _SMALLER) from None
        raise _unreadable(where, "weights", error) from None
    if not quantised:  # packages that quantise have names of their own for some
        _check_complete(told, where)
    model.eval().requires_grad_(False)
    if kind == CAUSAL and getattr(config, "is_decoder", True) is False:
        _check_looks_back(model, where)
    return model


def _file(weights: Weights) -> dict[str, Any]:
    if weights.gguf:
        need("gguf", EXTRA)
    return {"gguf_file": weights.gguf} if weights.gguf else {}


@contextmanager
def _gguf_read_once(weights: Weights) -> Iterator[None]:
    """transformers reads the head of a GGUF file, tens of thousands of strings, again for each part; and
    the thread of its bar would keep the process from being copied."""
    if not weights.gguf:
        yield
        return
    gguf, reading = need("gguf", EXTRA), need("transformers.modeling_gguf_pytorch_utils", EXTRA)
    with (
        mock.patch.object(gguf, "GGUFReader", lru_cache(gguf.GGUFReader)),
        mock.patch.object(reading, "tqdm", lambda tensors, **_: tensors),
    ):
        yield


def _check_continues(loader: Any, config: Any, where: str) -> None:
    """Refuse what does not continue texts: encoders, models that embed or classify."""
    if config.is_encoder_decoder:
        raise LiveBenchError(where, "is an encoder-decoder, not a causal language model", _CAUSAL)
    named = getattr(config, "architectures", None) or []
    known = type(config) in loader._model_mapping
    if known and any(part in name for name in named for part in _CONTINUES):
        return
    if known:
        classes = loader._model_mapping[type(config)]
        own = classes if isinstance(classes, list | tuple) else [classes]
        if not named or {one.__name__ for one in own} & set(named):
            return
    what = f"is {' or '.join(named) or config.model_type}, not a causal language model"
    raise LiveBenchError(where, what, _CAUSAL)


def _check_complete(told: Mapping[str, Any], where: str) -> None:
    """Refuse a model of which transformers made up weights; it only warns of them."""
    fix = "give a whole model, with the config.json that belongs to its weights"
    missing = sorted(key for key in told["missing_keys"] if not key.endswith(_COMPUTED))
    if missing:
        what = f"its files lack weights, which would be random: {_some(missing)}"
        raise LiveBenchError(where, what, fix)
    wrong = sorted(key for key, *_ in told["mismatched_keys"])
    if wrong:
        what = f"weights have other shapes than its config.json says: {_some(wrong)}"
        raise LiveBenchError(where, what, fix)


def _check_looks_back(model: Any, where: str) -> None:
    """Refuse an encoder with a head for texts: it sees the tokens that it is to predict."""
    ids = torch.arange(5, 13, device=model.device)[None]
    other = torch.cat([ids[:, :-1], ids[:, :1]], 1)
    with torch.inference_mode():
        first, second = (model(input_ids=one).logits[0, :-1] for one in (ids, other))
    if not torch.allclose(first, second, rtol=1e-5, atol=1e-6):
        what = "sees the whole text at once (is_decoder is false): not a causal language model"
        raise LiveBenchError(where, what, _CAUSAL)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (
        f", ... ({len(names)} in all)" if len(names) > _SHOWN else ""
    )


def _check_fits(loader: Any, config: Any, where: str, device: torch.device, dtype: str) -> None:
    try:
        with torch.device("meta"):
            model = loader.from_config(config)
    except _UNREADABLE as error:
        raise _unreadable(where, "configuration", error) from None
    numbers = sum(parameter.numel() for parameter in model.parameters())
    needed = numbers * DTYPES[dtype].itemsize
    free = free_memory(device)
    if free is not None and needed > free:
        sizes = f"{needed / _GIGABYTE:.1f} GB in {dtype}, and {free / _GIGABYTE:.1f} GB are free"
        raise LiveBenchError(where, f"needs {sizes} on {device}", _SMALLER)


def _unreadable(where: str, part: str, error: Exception) -> LiveBenchError:
    text = str(error)
    if "trust_remote_code" in text or "custom code" in text:
        what = "brings code of its own, which is not run"
        return LiveBenchError(where, what, "write a scorer around it (docs/submissions.md)")
    if isinstance(error, ImportError):
        what = f"its {part} needs a package that is not installed: {' '.join(text.split())[:200]}"
        return LiveBenchError(where, what, "install it")
    what = f"transformers cannot read its {part}: {' '.join(text.split())[:300]}"
    return LiveBenchError(where, what)
