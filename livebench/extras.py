"""Packages that only some commands need: imported when used, and named where they are absent."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from livebench.errors import LiveBenchError


def need(module: str, extra: str) -> ModuleType:
    """Import a module of an extra of setup.cfg.

    Raises:
        LiveBenchError: it is not installed; the message names the extra.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or module.split(".", maxsplit=1)[0] != error.name.split(".")[0]:
            raise
        raise LiveBenchError(
            f"package {error.name}",
            "not installed",
            f"install the extra `{extra}`: pip install -c constraints.txt -e '.[{extra}]'",
        ) from None
