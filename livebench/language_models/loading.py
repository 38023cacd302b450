"""Loads a causal language model of transformers, or says in one line why that cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest import mock

import torch

from livebench.errors import LiveBenchError
from livebench.extras import need
from livebench.language_models.weights import EXTRA, Weights

CAUSAL, IMAGE_TEXT = "AutoModelForCausalLM", "AutoModelForImageTextToText"
"""The classes of transformers that load a model: by what it can read."""

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_GIGABYTE = 1e9
_NEED_A_PACKAGE = (ImportError, ModuleNotFoundError)


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
    except (OSError, ValueError, KeyError, *_NEED_A_PACKAGE) as error:
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
    except (OSError, ValueError, KeyError, *_NEED_A_PACKAGE) as error:
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
    except (OSError, ValueError, KeyError, *_NEED_A_PACKAGE):
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
    except (OSError, ValueError, KeyError, *_NEED_A_PACKAGE) as error:
        raise _unreadable(where, "configuration", error) from None
    loader = getattr(transformers, kind)
    if kind == CAUSAL:
        _check_causal(transformers, config, where)
    quantised = getattr(config, "quantization_config", None) is not None and not weights.gguf
    if not quantised:
        _check_fits(loader, config, where, device, dtype)
    places = {"device_map": device} if quantised else {}
    try:
        model = loader.from_pretrained(
            weights.folder,
            config=config,
            dtype="auto" if quantised else DTYPES[dtype],
            **(_file(weights) or {"use_safetensors": True}),
            **places,
        )
        model = model if quantised else model.to(device)
    except (MemoryError, torch.cuda.OutOfMemoryError):
        raise LiveBenchError(where, f"does not fit into the memory of {device}", _SMALLER) from None
    except (OSError, ValueError, KeyError, RuntimeError, *_NEED_A_PACKAGE) as error:
        raise _unreadable(where, "weights", error) from None
    return model.eval().requires_grad_(False)


_SMALLER = "give --dtype bfloat16, a smaller or a quantised model, or another --device"


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


def _check_causal(transformers: Any, config: Any, where: str) -> None:
    fix = "give a causal language model, one that continues a text"
    named = getattr(config, "architectures", None) or []
    if config.is_encoder_decoder:
        raise LiveBenchError(where, "is an encoder-decoder, not a causal language model", fix)
    known = type(config) in transformers.AutoModelForCausalLM._model_mapping
    causal = any("CausalLM" in name or "LMHead" in name for name in named)
    if not known or (named and not causal and any("MaskedLM" in name for name in named)):
        what = f"is {' or '.join(named) or config.model_type}, not a causal language model"
        raise LiveBenchError(where, what, fix)


def _check_fits(loader: Any, config: Any, where: str, device: torch.device, dtype: str) -> None:
    with torch.device("meta"):
        model = loader.from_config(config)
    numbers = sum(parameter.numel() for parameter in model.parameters())
    needed = numbers * DTYPES[dtype].itemsize
    free = _free_memory(device)
    if free is not None and needed > free:
        sizes = f"{needed / _GIGABYTE:.1f} GB in {dtype}, and {free / _GIGABYTE:.1f} GB are free"
        raise LiveBenchError(where, f"needs {sizes} on {device}", _SMALLER)


def _free_memory(device: torch.device) -> int | None:
    """Bytes that are free on a device; None if unknown."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None


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
