"""How the files of a source become videos and comments: a function each, named by the source's TOML."""

from __future__ import annotations

from collections.abc import Callable

from livebench.importers.collection import Collection
from livebench.importers.importing import SourceFacts
from livebench.sources.bilibili_crawl import read_bilibili_crawl
from livebench.sources.niconico_archive import read_niconico_archive
from livebench.sources.tree import Tree

PREPARATIONS: dict[str, Callable[[Tree, Collection], SourceFacts]] = {
    "bilibili-crawl": read_bilibili_crawl,
    "niconico-archive": read_niconico_archive,
}
