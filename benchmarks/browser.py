"""An installed Chromium, driven by Playwright, for what is measured or drawn in a browser."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def launched() -> Iterator:
    """Playwright's browser, without a window; exit status 2 and one line where there is none."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _stop("Playwright is not installed (pip install -e '.[benchmarks]')")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        _stop(f"no browser is installed (looked for {', '.join(BROWSERS)}; Debian: chromium)")
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    flags = ["--disable-gpu", "--disable-background-networking", *["--no-sandbox"] * root]
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, headless=True, args=flags)
        yield found
        found.close()


def _stop(what: str) -> None:
    print(what, file=sys.stderr)
    sys.exit(2)
