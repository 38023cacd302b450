"""What a scorer computed with, for the record: device, number format, and whether it used torch."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import msgspec

from livebench import __version__
from livebench.scoring.scorer import Scorer

if TYPE_CHECKING:
    import torch


class Computation(msgspec.Struct, frozen=True):
    """What a scorer computed with, once it has scored.

    Attributes:
        device, dtype: as torch names them ("cuda:0", "bfloat16"); empty if unknown.
        torch: whether torch was loaded in the process that scored.
        parameters: of the model; 0 if unknown.
        model: what a scorer of a language model says of it (`model`, `revision`, `weights_sha256`,
            `prompt`): the attribute `about` of the scorer.
    """

    device: str = "cpu"
    dtype: str = ""
    torch: bool = False
    parameters: int = 0
    model: dict[str, str] = {}


def computation_here(scorer: Scorer) -> Computation:
    """What a scorer in this process computes with.

    Taken from its attributes `device` (empty: unknown) and `dtype`, or else from the first parameter of
    the torch modules among its attributes, which are counted. Anything without torch is assumed to run
    on the CPU.
    """
    parameters = _parameters(vars(scorer).values())
    first = parameters[0] if parameters else None
    device = getattr(scorer, "device", None)
    if device is None:
        device = "cpu" if first is None else first.device
    dtype = getattr(scorer, "dtype", None) or (first.dtype if first is not None else "")
    return Computation(
        str(device),
        str(dtype).removeprefix("torch."),
        "torch" in sys.modules,
        sum(parameter.numel() for parameter in parameters),
        getattr(scorer, "about", {}),
    )


def _parameters(values: Iterable[Any]) -> list[torch.Tensor]:
    """The parameters of the torch modules among some values, each once."""
    if "torch" not in sys.modules:
        return []
    from torch import nn

    modules = (value for value in values if isinstance(value, nn.Module))
    return list({id(p): p for module in modules for p in module.parameters()}.values())


def readers_of_weights(computation: Computation) -> list[str]:
    """The packages whose versions decide what became of the files of a language model, if LiveBench
    loaded one."""
    loaded = "weights_sha256" in computation.model
    return [name for name in ("transformers", "tokenizers", "gguf") if loaded and find_spec(name)]


def versions_used(*packages: str, torch: bool) -> dict[str, str]:
    """The versions of LiveBench, Python and some packages; of torch only if it was used."""
    names = [*packages, "torch"] if torch else packages
    return {
        "livebench": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in names},
    }
