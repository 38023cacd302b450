"""What tests do with a rater's page in a browser."""

from __future__ import annotations

from pathlib import Path


def done(page) -> int:
    return int(page.locator("#done").inner_text())


def reloaded(page, expected: int) -> None:
    """Reload until so many ratings are shown, some seconds at most.

    A busy Chromium writes storage and history down some time after it was told to, and a page that is
    there before sees neither. What is lost stays lost.
    """
    for _ in range(10):
        page.wait_for_timeout(300)
        page.reload()
        if done(page) == expected:
            return
    assert done(page) == expected


def pressed(page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def downloaded(page, press: str = "d") -> bytes:
    with page.expect_download() as found:
        page.keyboard.press(press)
    assert found.value.suggested_filename == "R1.csv"
    return Path(found.value.path()).read_bytes()
