"""What is wrong with a submission.toml: all of it, each with its place and its fix."""

from __future__ import annotations

import ast
import datetime
import difflib
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from livebench.errors import LiveBenchError
from livebench.records import check_folder_name, parse_toml
from livebench.review.problems import with_fix
from livebench.submissions.load import Card, Run, Submission, is_entry
from livebench.submissions.own_files import own_path

_FIXES = {
    "name": 'write name = "..." as the leaderboard should show it',
    "authors": 'write authors = ["A. Author", "B. Author"]',
    "date": "write a TOML date without quotes, as in date = 2026-01-31",
    "description": 'write description = "..." in one sentence',
    "settings": 'write some of settings = ["video", "comments", "both"]; `blind` needs no mention',
    "runs": 'give one [[runs]] or more, at the end of the file, each with name = "..."',
    "entry": 'write entry = "module:Class", or leave it out if there are scores only',
    "url": 'write url = "https://...", or leave it out',
    "parameters": "write a whole number, as in parameters = 13_200_000, or leave it out",
    "weights": 'write one of weights = "open", "recipe", "closed" and "none", or leave it out',
    "training_data": 'write one of training_data = "none", "dataset", "other" and "dataset+other", '
    "or leave it out",
    "score": 'write one of score = "sum", "mean", "words+2" and "pmi", or leave it out (sum)',
    "kind": 'write kind = "model", or leave it out; what ships with LiveBench is of another kind',
    "runs.name": "use letters, digits, '.', '_' and '-'; it is the folder of the scores",
    "runs.dataset": 'write dataset = "name of a dataset", or leave it out',
    "runs.fingerprint": "write what dataset.toml of the training data says, or leave it out",
    "runs.seed": "write a whole number, as in seed = 0",
    "runs.arguments": "write arguments = { size = 3 }: they are given to the class by name",
    "runs.checkpoint": 'write checkpoint = "checkpoints/..." of a file in this folder',
    "runs.checkpoint_sha256": "write the 64 hex digits that `sha256sum` prints",
}

_TOML_TYPES = (datetime.datetime, datetime.date, datetime.time)


def check_card(path: Path) -> tuple[dict[str, Any], list[LiveBenchError]]:
    """Read a submission.toml.

    Returns:
        What it says, unchecked, and what is wrong with it.
    """
    try:
        raw = parse_toml(path, dict[str, Any])
    except LiveBenchError as error:
        return {}, [with_fix(error, "write it as docs/submissions.md shows")]
    problems = list(_fields(path, raw, Card))
    given = raw.get("runs")
    runs = [run for run in given if isinstance(run, dict)] if isinstance(given, list) else []
    for number, run in enumerate(runs, 1):
        problems += _fields(path, run, Run, f"runs, number {number}: ")
        problems += _checkpoint(path, run)
    names = [run["name"] for run in runs if isinstance(run.get("name"), str)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        what = f"two have the name {name!r}"
        problems.append(LiveBenchError(path, what, "give each its own name", "runs"))
    entry = raw.get("entry", "")
    if isinstance(entry, str) and entry:
        problems += _entry(path, entry)
    if not problems:
        try:
            Submission(path.parent)
        except LiveBenchError as error:
            problems.append(with_fix(error, "see docs/submissions.md"))
    return raw, problems


def _fields(
    path: Path, raw: dict[str, Any], record_type: type[Card] | type[Run], before: str = ""
) -> Iterator[LiveBenchError]:
    """Args:
    before: stands before the name of each field.
    """
    fields = {field.name: field for field in msgspec.structs.fields(record_type)}
    prefix = "runs." if record_type is Run else ""
    for name in raw.keys() - fields.keys():
        near = difflib.get_close_matches(name, fields, 1)
        fix = f"did you mean {near[0]}?" if near else f"remove it; fields: {', '.join(fields)}"
        yield LiveBenchError(path, "there is no such field", fix, f"{before}{name}")
    for name, field in fields.items():
        fix = _FIXES.get(prefix + name, "see docs/submissions.md")
        if (record_type, name) == (Card, "runs") and isinstance(raw.get(name), list) and raw[name]:
            whole = all(isinstance(run, dict) for run in raw[name])
            what = "" if whole else "a run is not a table"  # each is checked by itself
        else:
            what = _field_problem(raw, field)
        if what:
            yield LiveBenchError(path, what, fix, f"{before}{name}")


def _field_problem(raw: dict[str, Any], field: msgspec.structs.FieldInfo) -> str:
    """What is wrong with a field; empty if nothing is."""
    if field.name not in raw:
        return "is missing" if field.required else ""
    value = raw[field.name]
    try:
        msgspec.convert(value, field.type, builtin_types=_TOML_TYPES)
    except (msgspec.ValidationError, RecursionError) as error:
        what = str(error) or "is nested too deeply"
        return what[:1].lower() + what[1:]
    empty = isinstance(value, str) and field.required and not value.strip()
    return "is empty" if empty else ""


def _checkpoint(path: Path, run: dict[str, Any]) -> Iterator[LiveBenchError]:
    name, digest = run.get("checkpoint", ""), run.get("checkpoint_sha256", "")
    if not isinstance(name, str) or not isinstance(digest, str) or not name:
        return
    try:
        own_path(path.parent, name)
    except LiveBenchError as error:
        what = f"{name!r} {error.what}"
        yield LiveBenchError(path, what, _FIXES["runs.checkpoint"], "checkpoint")
    if digest and not re.fullmatch(r"[0-9a-f]{64}", digest):
        fix = _FIXES["runs.checkpoint_sha256"]
        yield LiveBenchError(path, "is not a sha256", fix, "checkpoint_sha256")


def _entry(path: Path, entry: str) -> Iterator[LiveBenchError]:
    """Looked at, and never run: others' code runs only where somebody asks for scores."""
    if not is_entry(entry):
        what = f"{entry!r} is not two Python names with a colon between them"
        yield LiveBenchError(path, what, _FIXES["entry"], "entry")
        return
    module, name = entry.split(":")
    file = path.parent / f"{module}.py"
    if not file.is_file():
        if importlib.util.find_spec(module.split(".", maxsplit=1)[0]) is None:
            fix = f"put {module}.py into the folder, or install it"
            yield LiveBenchError(path, f"there is no module {module}", fix, "entry")
        return
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        place = f"line {line}" if line else ""
        what = f"is not Python: {getattr(error, 'msg', error)}"
        yield LiveBenchError(file, what, f"`python -m py_compile {file.name}` shows where", place)
        return
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    imported = any(
        name in (alias.asname or alias.name for alias in node.names)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    )
    if name in classes and not _may_score(classes[name]):
        fix = "write def score(self, video_ctx, comments, candidate)"
        line = f"line {classes[name].lineno}"
        yield LiveBenchError(file, f"{name} has no method score", fix, line)
    elif name not in classes and not imported:
        fix = f"its classes are: {', '.join(classes) or 'none'}"
        yield LiveBenchError(path, f"{file.name} has no class {name}", fix, "entry")


def _may_score(node: ast.ClassDef) -> bool:
    """Whether a class has a method score, or may inherit one."""
    own = any(getattr(member, "name", "") == "score" for member in node.body)
    bases = {ast.unparse(base).split(".")[-1] for base in node.bases}
    return own or bool(bases - {"Scorer", "ABC", "object"})


def check_name(path: Path) -> list[LiveBenchError]:
    """The name of the folder is the identity of a submission, and part of paths and addresses."""
    try:
        check_folder_name(path, path.resolve().name)
    except LiveBenchError as error:
        return [error]
    return []
