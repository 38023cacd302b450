"""A hook of mkdocs: the pages of the repository that lie outside docs/ are pages of the site, too.

Their links are written for a reader of the repository. Here a link to a page leads to that page, and one
to any other file (code, submissions) keeps its text alone.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File, Files

OUTSIDE = ("LEADERBOARD.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
LINK = re.compile(r"\[((?:\\.|[^\]\\])+)\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config) -> Files:
    """Add the pages of the folder above docs/."""
    root = Path(config.docs_dir).parent
    for name in OUTSIDE:
        files.append(File.generated(config, name, abs_src_path=str(root / name)))
    return files


def on_page_markdown(markdown: str, page, config, files: Files) -> str:
    """Lead the links of a page to where its targets lie on the site."""
    source = page.file.src_uri
    folder = "" if source in OUTSIDE else posixpath.join("docs", posixpath.dirname(source))

    def led(match: re.Match[str]) -> str:
        text, target, anchor = match.groups()
        path = posixpath.normpath(posixpath.join(folder, target))
        uri = path.removeprefix("docs/")
        if files.get_file_from_path(uri) is None or (uri == path and path not in OUTSIDE):
            exists = (Path(config.docs_dir).parent / path).exists()
            return text if exists else match[0]  # mkdocs reports what does not exist
        return f"[{text}]({posixpath.relpath(uri, posixpath.dirname(source) or '.')}{anchor or ''})"

    return LINK.sub(led, markdown)
