"""What a scorer computed with, for the record: device, number format, and whether it used torch."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import msgspec

from livebench import __version__
from livebench.scoring.scorer import Scorer

if TYPE_CHECKING:
    import torch


class Computation(msgspec.Struct, frozen=True):
    """What a scorer computed with, once it has scored.

    Attributes:
        device, dtype: as torch names them ("cuda:0", "bfloat16"); `dtype` is empty if unknown.
        torch: whether torch was loaded in the process that scored.
    """

    device: str = "cpu"
    dtype: str = ""
    torch: bool = False


def computation_here(scorer: Scorer) -> Computation:
    """What a scorer in this process computes with.

    Taken from its attributes `device` and `dtype`, or else from the parameters of the first torch module
    among its attributes. Anything without torch is assumed to run on the CPU.
    """
    parameter = _parameter(vars(scorer).values())
    device = getattr(scorer, "device", None) or (
        parameter.device if parameter is not None else "cpu"
    )
    dtype = getattr(scorer, "dtype", None) or (parameter.dtype if parameter is not None else "")
    return Computation(str(device), str(dtype).removeprefix("torch."), "torch" in sys.modules)


def _parameter(values: Iterable[Any]) -> torch.Tensor | None:
    """The first parameter of the first torch module among some values."""
    if "torch" not in sys.modules:
        return None
    from torch import nn

    modules = (value for value in values if isinstance(value, nn.Module))
    return next((parameter for module in modules for parameter in module.parameters()), None)


def versions_used(*packages: str, torch: bool) -> dict[str, str]:
    """The versions of LiveBench, Python and some packages; of torch only if it was used."""
    names = [*packages, "torch"] if torch else packages
    return {
        "livebench": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in names},
    }
