"""Turns well-formed content into content that may not be: the same for the same random numbers."""

from __future__ import annotations

import gzip
import json
from random import Random
from typing import Any

PIECES = [
    b"", b"\x00", b"\n", b'"', b"'", b"[", b"]", b"{", b"}", b",", b":", b"=", b"#", b"\\", b"\\ud800",
    b"\xff", b"\xef\xbb\xbf", b"\r", b"NaN", b"Infinity", b"-Infinity", b"null", b"1e999", b"-1", b"0x1",
    b"1" * 400, b"..", b"../../evil", b"/etc/passwd", b"--help", b"<img src=x>", b"\xe2\x80\xae",
    b"'''", b'"""', b"[[a]]\n", b"a.b = 1\n", b"[" * 5000, b'{"a":' * 5000, b"a." * 5000, b" " * 100_000,
    b"\x1b[2J", b"9" * 5000, b"\xd0", b"\x80\x04\x95", b"PK\x03\x04",
]  # fmt: skip

ODD: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63), 10**30, 0.5, -0.0, 1e-320,
    1e300, 1.5, "", " ", "\x00", "..", "../../evil", "/etc/passwd", "x" * 300_000, "\u202e", "\x85",
    "|", "<b>", "nan", "correct", "train", "--help", [], {}, [[]], [None], ["x"], [1], [-1], {"": 0},
    {"a": {}}, "é" * 50,
]  # fmt: skip


def mutated_bytes(random: Random, content: bytes) -> bytes:
    """Bytes cut out, doubled, flipped and put in; now and then other bytes altogether."""
    how = random.randrange(24)
    if how == 0:
        return b""
    if how == 1:
        return random.randbytes(random.randrange(400))
    if how == 2:
        return content[: random.randrange(len(content) + 1)]
    if how == 3:
        return content + random.choice([content, *PIECES])
    if how == 4:
        return content.decode("utf-8", "replace").encode("utf-16")
    for _ in range(random.choice([1, 1, 1, 2, 4, 16])):
        start = random.randrange(len(content) + 1)
        end = min(len(content), start + random.choice([0, 1, 1, 2, 4, 8, 40]))
        piece = content[start:end]
        flipped = bytes(value ^ (1 << random.randrange(8)) for value in piece)
        content = (
            content[:start] + random.choice([flipped, flipped, piece * 2, *PIECES]) + content[end:]
        )
    return content


def mutated_value(random: Random, value: Any) -> Any:
    """A value with a node of it replaced, removed, doubled or renamed."""
    if not isinstance(value, (dict, list)) or not value or random.random() < 0.04:
        return random.choice(ODD)
    if isinstance(value, dict):
        value = dict(value)
        key = random.choice(list(value))
        how = random.randrange(12)
        if how == 0:
            del value[key]
        elif how == 1:
            value[random.choice(["x", "", "name", key * 2])] = random.choice(ODD)
        elif how == 2:
            value[f"{key}x"] = value.pop(key)
        elif how == 3:
            value[key] = random.choice(ODD)
        else:
            value[key] = mutated_value(random, value[key])
        return value
    place = random.randrange(len(value))
    how = random.randrange(10)
    if how == 0:
        return value[:place] + value[place + 1 :]
    if how == 1:
        return value[: place + 1] + value[place:]
    if how == 2:
        return [*value[:place], random.choice(ODD), *value[place + 1 :]]
    return [*value[:place], mutated_value(random, value[place]), *value[place + 1 :]]


def mutated_json(random: Random, content: bytes) -> bytes:
    """A document of JSON with other values, or with other bytes."""
    if random.random() < 0.4:
        return mutated_bytes(random, content)
    value = json.loads(content)
    for _ in range(random.choice([1, 1, 2])):
        value = mutated_value(random, value)
    return json.dumps(value).encode("utf-8", "surrogatepass")


def mutated_lines(random: Random, content: bytes) -> bytes:
    """JSON Lines: lines lost, doubled, of other values or bytes."""
    lines = content.splitlines()
    for _ in range(random.choice([1, 1, 2])):
        place = random.randrange(len(lines)) if lines else 0
        how = random.randrange(8)
        if not lines or how == 0:
            lines.insert(place, random.choice(PIECES))
        elif how == 1:
            del lines[place]
        elif how == 2:
            lines.insert(place, lines[place])
        else:
            try:
                lines[place] = mutated_json(random, lines[place])
            except ValueError:
                lines[place] = mutated_bytes(random, lines[place])
    return b"\n".join(lines) + b"\n"


def mutated_gzip(random: Random, content: bytes) -> bytes:
    """A gzip file: what is in it, or its own bytes."""
    if random.random() < 0.25:
        return mutated_bytes(random, content)
    return gzip.compress(mutated_lines(random, gzip.decompress(content)), 1, mtime=0)


def mutated_table(random: Random, content: bytes) -> bytes:
    """CSV: cells of other content, rows and columns lost or doubled, or other bytes."""
    if random.random() < 0.4:
        return mutated_bytes(random, content)
    rows = [line.split(b",") for line in content.splitlines()]
    for _ in range(random.choice([1, 1, 3])):
        row = random.choice(rows)
        place = random.randrange(len(row))
        how = random.randrange(6)
        if how == 0:
            del row[place]
        elif how == 1:
            row.insert(place, row[place])
        elif how == 2:
            rows.append(list(row))
        else:
            odd = random.choice(ODD)
            row[place] = random.choice([str(odd).encode(), *PIECES])
        rows = [row for row in rows if row] or [[b""]]
    return b"\n".join(b",".join(row) for row in rows) + b"\n"
