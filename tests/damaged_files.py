"""Files of scores and manifests that are damaged at random, made by hypothesis."""

from __future__ import annotations

import gzip
import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from livebench.candidates.candidate_set import CandidateSet
from livebench.candidates.freeze import build_set
from livebench.candidates.protocol import load_protocol
from livebench.data.dataset import Dataset
from livebench.errors import LiveBenchError, one_line
from livebench.records import parse_json
from livebench.scoring.result import Result
from livebench.simulated.simulation import simulate_dataset
from livebench.submissions.load import Submission
from livebench.submissions.validate import read_scores

IDS = [f"v{n}@30" for n in range(6)]
HASH = "0123456789abcdef"

ODD_NUMBERS = st.sampled_from(
    ["NaN", "Infinity", "-Infinity", "1e999", "-1e-999", "1" * 400, "0x1", "1_000", "+1", ".5", "-"]
)
ODD_TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["\x00", "\ufeff", "\u202e", "..", "../x", "/etc/x", "|", "<b>", "\x1b[2J"]),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), ODD_TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(ODD_TEXTS, inner, max_size=3)
    ),
    max_leaves=8,
)
PIECES = st.one_of(
    st.binary(max_size=20),
    ODD_NUMBERS.map(str.encode),
    ODD_TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from([b'"', b"[", b"]", b"{", b"}", b",", b"\n", b"=", b"'''", b"\\", b"\\ud800", b"#"]),
    st.tuples(st.sampled_from([b"[", b'{"a":', b"a.", b"[[a]]\n", b"{a={", b"\x00", b" ", b"\n", b"9"]),
              st.sampled_from([100, 5_000, 100_000])).map(lambda many: many[0] * many[1]),
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Some of the bytes cut out, doubled, replaced; or other bytes altogether."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = draw(st.integers(start, min(len(content), start + 40)))
        middle = draw(st.one_of(PIECES, st.just(b""), st.just(content[start:end] * 2)))
        content = content[:start] + middle + content[end:]
    how = draw(st.integers(0, 19))
    if how == 0:
        return draw(st.binary(max_size=200))
    if how == 1:
        return content.decode("utf-8", "replace").encode("utf-16")
    if how == 2:
        return b"\xef\xbb\xbf" + content
    return content[: draw(st.integers(0, len(content)))] if how == 3 else content


def score_line(name: str) -> bytes:
    """A line as it should be."""
    scores = [round(-0.37 * n, 2) for n in range(100)]
    return json.dumps({"sample_id": name, "scores": scores}).encode()


@st.composite
def score_files(draw: st.DrawFn) -> bytes:
    """A file of scores: lines lost, doubled, damaged, or of other values; and its gzip damaged."""
    lines = [score_line(name) for name in IDS]
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(lines) - 1))
        how = draw(st.integers(0, 5))
        if how == 0:
            lines[place:place] = [lines[place]]
        elif how == 1 and len(lines) > 1:
            del lines[place]
        elif how == 2:
            field = draw(st.sampled_from(["sample_id", "scores", "token_counts", "set_hash", "x"]))
            record = {**json.loads(score_line(IDS[0])), field: draw(VALUES)}
            lines[place] = json.dumps(record).encode()
        elif how == 3:
            lines[place] = lines[place].replace(b"-0.37", draw(ODD_NUMBERS).encode(), 1)
        else:
            lines[place] = draw(damaged(lines[place]))
    data = gzip.compress(b"\n".join(lines) + b"\n", 1, mtime=0)
    how = draw(st.integers(0, 9))
    if how == 0:
        return data[: draw(st.integers(0, len(data)))]
    if how == 1:
        return draw(damaged(data))
    return data + draw(st.binary(max_size=30)) if how == 2 else data


class Kind(NamedTuple):
    """Files of a kind: how they are made, their name, and what reads them."""

    files: st.SearchStrategy[bytes]
    name: str
    read: Callable[[Path], object]


CARD = b"""name = "Mine"
authors = ["A. Author"]
date = 2026-01-02
description = "For a test."
settings = ["video", "comments"]
entry = "scorer:Mine"
url = "https://example.org"
listwise = false
[[runs]]
name = "default"
dataset = "world"
seed = 3
arguments = {size = 3, words = ["a", "b"], deep = {x = 1.5}}
checkpoint = "checkpoints/model.json"
checkpoint_sha256 = "00"
"""


def kinds(folder: Path) -> dict[str, Kind]:
    """All kinds; the manifests that are damaged are those of a small simulated set, made in `folder`."""
    dataset = simulate_dataset(folder / "world", seed=0, videos=30)
    candidate_set = build_set(dataset, load_protocol("paper"), folder / "set", max_samples=5)
    manifest = (candidate_set.path / "manifest.json").read_bytes()
    results = Path(__file__).parent.parent.glob("submissions/popularity/results/*/*/*.json")
    return {
        "scores": Kind(score_files(), "s.jsonl.gz", lambda path: read_scores(path, IDS, HASH)),
        "card": Kind(damaged(CARD), "submission.toml", lambda path: Submission(path.parent)),
        "result": Kind(
            damaged(min(results).read_bytes()), "r.json", lambda path: parse_json(path, Result)
        ),
        "set": Kind(damaged(manifest), "manifest.json", lambda path: CandidateSet(path.parent)),
        "dataset": Kind(
            damaged((dataset.path / "dataset.toml").read_bytes()),
            "dataset.toml",
            lambda path: Dataset(path.parent),
        ),
    }


def read_all(kind: Kind, folder: Path, examples: int) -> tuple[Counter, list[float]]:
    """Make so many files, and read each; return how often it was read or refused, and the seconds.

    Raises:
        Exception: whatever else than LiveBenchError a reader raised.
    """
    folder.mkdir(exist_ok=True)
    counts: Counter[str] = Counter()
    seconds: list[float] = []

    @settings(
        max_examples=examples,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(content=kind.files)
    def run(content: bytes) -> None:
        path = folder / kind.name
        path.write_bytes(content)
        started = time.perf_counter()
        try:
            kind.read(path)
            counts["read"] += 1
        except LiveBenchError as error:
            counts["refused"] += 1
            line = one_line(str(error), 4000)
            assert line.isprintable() and str(folder) in line, line
        seconds.append(time.perf_counter() - started)

    run()
    return counts, seconds
