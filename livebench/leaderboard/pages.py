"""The rendered pages as files: all are written together, and compared together with what is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from livebench.errors import LiveBenchError
from livebench.files import open_regular, write_text
from livebench.leaderboard.readme import with_table
from livebench.leaderboard.render import BOARD, FOLDER, README

_MARK = "Rendered by `livebench leaderboard`"
"""Stands in every page: what has it, and is rendered no more, is removed."""


def page_paths(board: Path, pages: Mapping[str, str]) -> dict[Path, str]:
    """Where the pages of `render_pages` lie if BOARD is the file `board`: the others lie beside it.

    README.md is among them where it has marks for its table.
    """
    paths = {
        board if address == BOARD else board.parent / address: text
        for address, text in pages.items()
        if address != README
    }
    readme = board.parent / README
    if readme.is_file():
        text = with_table(_text(readme), pages[README])
        paths |= {readme: text} if text is not None else {}
    return paths


def write_pages(board: Path, pages: Mapping[str, str]) -> None:
    """Write all pages, and remove those that were rendered before and are no more.

    Raises:
        LiveBenchError: a folder cannot be written, or the disk is full.
    """
    paths = page_paths(board, pages)
    for path, text in paths.items():
        write_text(path, text)
    for path in _left_over(board, paths):
        path.unlink()


def differing_pages(board: Path, pages: Mapping[str, str]) -> Iterator[tuple[Path, str, str]]:
    """The pages that are not as they should be: path, what is there, and what should be.

    Either text is empty where there is no such page, or should be none.
    """
    paths = page_paths(board, pages)
    for path, text in paths.items():
        present = _text(path) if path.exists() else ""
        if present != text:
            yield path, present, text
    for path in _left_over(board, paths):
        yield path, _text(path), ""


def _text(path: Path) -> str:
    """What a file holds, to the byte: its line ends as they are."""
    with open_regular(path) as file:
        return file.read().decode("utf-8", errors="replace")


def _left_over(board: Path, paths: Mapping[Path, str]) -> list[Path]:
    folder = board.parent / FOLDER
    found = sorted([*folder.glob("*.md"), *folder.glob("*.svg")])
    return [path for path in found if path not in paths and _is_rendered(path)]


def _is_rendered(path: Path) -> bool:
    try:
        return _MARK in _text(path)
    except LiveBenchError:  # a folder, a pipe: nothing that was rendered
        return False
