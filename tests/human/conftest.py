"""What the tests of human evaluation share: generated comments of the tiny set, and sheets of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from simulated_raters import Qualities, draw_raters, simulate

from livebench.human.analysis.ratings import Ratings
from livebench.human.sheets.key import CRITERIA, Key
from livebench.human.sheets.sheet import SheetPlan, make_sheets
from livebench.records import GeneratedRecord, write_records
from livebench.submissions.load import Submission

WRITERS = {
    "echo": lambda sample: sample.context[0].text if sample.context else "哈",
    "laughing": lambda sample: f"哈哈哈{sample.time}",
    "question": lambda sample: f"{sample.video_id} 是 什么",
}
"""By submission, what it writes for a sample."""

QUALITIES = Qualities(
    {
        "echo": (4.4, 3.2, 3.3),
        "laughing": (4.6, 2.6, 3.4),
        "question": (3.6, 2.2, 2.2),
        "human": (4.7, 3.6, 4.1),
    }
)


@pytest.fixture(scope="session")
def write_generated() -> Callable[..., Path]:
    """Writes what a submission generated for a set: texts by sample_id."""

    def write(folder: Path, set_name: str, texts: dict[str, str], setting: str = "both") -> Path:
        path = folder / "generated" / set_name / "default" / f"{setting}.jsonl.gz"
        write_records(path, [GeneratedRecord(name, text) for name, text in texts.items()])
        return path

    return write


@pytest.fixture
def writers(frozen, submission, write_generated) -> list[Path]:
    """Three submissions with generated comments for the tiny set."""
    samples = list(frozen.samples())
    paths = []
    for name, written in WRITERS.items():
        paths.append(submission(name))
        write_generated(paths[-1], frozen.name, {one.sample_id: written(one) for one in samples})
    return paths


@pytest.fixture
def sheets(tmp_path, frozen, dataset, writers) -> tuple[Path, Key]:
    """Sheets of 12 moments for three raters, and the key."""
    out = tmp_path / "human" / "tiny"
    plan = SheetPlan(moments=12, raters=3, repeats=3, seed=5)
    return out, make_sheets(out, frozen, dataset, [Submission(path) for path in writers], plan)


@pytest.fixture
def watched(browser):
    """Opens a page in a context of its own, and sees to it that nothing goes wrong or out."""
    contexts, wrong = [], []

    def open_page(path: Path, context=None, **options):
        if context is None:
            context = browser.new_context(locale="en-GB", accept_downloads=True, **options)
            contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
        page.on(
            "request",
            lambda one: (
                None if one.url.startswith(("file:", "blob:", "data:")) else wrong.append(one.url)
            ),
        )
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture(scope="session")
def rated() -> Callable[..., Ratings]:
    """Simulated ratings of a key."""

    def rate(key: Key, *kinds: str, seed: int = 0, world: Qualities = QUALITIES) -> Ratings:
        generator = np.random.default_rng(seed)
        raters = draw_raters(generator, kinds or ["honest"] * len(key.raters))
        return simulate(key, raters, generator, world)

    return rate


@pytest.fixture(scope="session")
def ratings_of() -> Callable[..., Ratings]:
    """Ratings from plain lists: values [raters][items][CRITERIA], or [raters][items] for all."""

    def make(key: Key, values, again=None) -> Ratings:
        def full(found) -> np.ndarray:
            array = np.asarray(found, float)
            return np.repeat(array[:, :, None], len(CRITERIA), axis=2) if array.ndim == 2 else array

        first = full(values)
        second = np.full(first.shape, np.nan) if again is None else full(again)
        names = [rater.rater for rater in key.raters[: len(first)]]
        return Ratings(key, names, [], first, second, dict.fromkeys(names, 0), None, [])

    return make
