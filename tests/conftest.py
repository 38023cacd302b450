"""What the tests share: a tiny dataset of invented comments, a frozen set of it, the command line."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple, NoReturn

import msgspec
import numpy as np
import pytest
from hypothesis import settings
from tiny_tables import write_csv, write_tables

from livebench.candidates.candidate_set import CandidateSet
from livebench.candidates.freeze import build_set
from livebench.candidates.protocol import load_protocol
from livebench.cli.main import main
from livebench.data.dataset import Dataset, DatasetInfo, Video
from livebench.data.dataset_writer import write_dataset
from livebench.importers.collection import Options
from livebench.importers.importing import import_dataset
from livebench.importers.table_files import read_tables

settings.register_profile("tests", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("tests")

ROOT = Path(__file__).parent.parent
LONGEST = (
    "site/",
    "baselines/",
    "audit/",
    "human/",
    "simulated/",
    "isolation/",
    "leaderboard/",
    "data/",
)


def pytest_configure(config: pytest.Config) -> None:
    """Workers use all cores, so each of them, and what it starts, computes with one thread."""
    if config.getoption("numprocesses", None):
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(name, "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest first, so that no worker is left with it alone in the end."""

    def place(item: pytest.Item) -> int:
        name = item.path.relative_to(ROOT / "tests").as_posix()
        return next((k for k, start in enumerate(LONGEST) if name.startswith(start)), len(LONGEST))

    items.sort(key=place)


SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def tables() -> Callable[..., Path]:
    """Writes the tiny dataset as tables into a folder."""
    return write_tables


@pytest.fixture(scope="session")
def write_table() -> Callable[[Path, Iterable[Iterable[object]]], None]:
    return write_csv


def _tiny(folder: Path, name: str, *, frames: bool) -> Dataset:
    source = write_tables(folder / f"{name}-source", frames=frames)
    return import_dataset(
        read_tables, source, folder / name, DatasetInfo(name), Options(dev=4, test=10, seed=1)
    )


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """26 videos of 60 s (12 train, 4 dev, 10 test) with frame vectors of width 4. Read only."""
    return _tiny(tmp_path_factory.mktemp("tiny"), "tiny", frames=True)


@pytest.fixture(scope="session")
def dataset_without_frames(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The same videos and comments without frames. Read only."""
    return _tiny(tmp_path_factory.mktemp("silent"), "silent", frames=False)


@pytest.fixture(scope="session")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of `paper` without `moments.apart`: most of the tiny dataset's 60 moments show what is
    correct in another."""
    text = (files("livebench.candidates") / "protocols" / "paper.toml").read_text("utf-8")
    rule = ("apart = ", '"moments.apart" = ')
    kept = [line for line in text.splitlines(keepends=True) if not line.startswith(rule)]
    path = tmp_path_factory.mktemp("protocols") / "paper.toml"
    path.write_text("".join(kept), "utf-8")
    return path


@pytest.fixture(scope="session")
def frozen(
    dataset: Dataset, crowded: Path, tmp_path_factory: pytest.TempPathFactory
) -> CandidateSet:
    """A set of the tiny dataset by `crowded`, 60 samples. Read only."""
    out = tmp_path_factory.mktemp("sets") / "tiny-paper"
    return build_set(dataset, load_protocol(str(crowded)), out)


@pytest.fixture(scope="session")
def small(
    dataset: Dataset, crowded: Path, tmp_path_factory: pytest.TempPathFactory
) -> CandidateSet:
    """As `frozen`, with 12 samples: for what takes long. Read only."""
    out = tmp_path_factory.mktemp("sets") / "tiny-small"
    return build_set(dataset, load_protocol(str(crowded)), out, max_samples=12)


@pytest.fixture(scope="session")
def frozen_without_frames(
    dataset_without_frames: Dataset, crowded: Path, tmp_path_factory: pytest.TempPathFactory
) -> CandidateSet:
    """A set by `crowded` of at most 20 samples whose dataset has no frames. Read only."""
    out = tmp_path_factory.mktemp("sets") / "silent-paper"
    return build_set(dataset_without_frames, load_protocol(str(crowded)), out, max_samples=20)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """28 videos of 200 s (2 train, 2 dev, 24 test) in two categories, 5 comments every 4 s: of the
    video alone, and, of another length, of its category, and common ones. Read only."""
    videos, video, times, texts = [], [], [], []
    for number in range(28):
        split = "train" if number < 2 else "dev" if number < 4 else "test"
        category = "甲乙"[number % 2]
        videos.append(Video(f"v{number:02}", f"标题{number}", category, 200, split))
        for k in range(50 * 5):
            kind = (k * 7 + number) % 10
            if kind < 6:
                text = f"{number:02}{k:03}"  # of this video alone
            elif kind < 8:
                text = f"{category}{k * (number + 3) % 500:05}"
            else:
                text = f"同{k * (number + 5) % 500:05}"
            videos_row = k // 5 * 4 + (k % 5) / 10
            video.append(number)
            times.append(round(videos_row * 1000))
            texts.append(text)
    return write_dataset(
        tmp_path_factory.mktemp("matched") / "world",
        DatasetInfo("world", tokenizer="none"),
        videos,
        comment_video=np.array(video),
        comment_time_ms=np.array(times),
        comment_texts=texts,
        comment_tokens=texts,
    )


@pytest.fixture
def copy_set(tmp_path: Path) -> Callable[..., CandidateSet]:
    """Copies a set into a folder (by default tmp_path/candidates), to be damaged."""

    def copy(found: CandidateSet, folder: Path | None = None) -> CandidateSet:
        target = (folder or tmp_path / "candidates") / found.name
        shutil.copytree(found.path, target)
        return CandidateSet(target)

    return copy


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `made_once` keeps what the first test of a module made; not there before."""
    return tmp_path_factory.mktemp("kept") / "made"


@pytest.fixture
def made_once(kept: Path, tmp_path: Path) -> Callable[[Callable[[], None]], Path]:
    """Fills tmp_path as a function does: it is called in the first test of a module, then copied."""

    def fill(make: Callable[[], None]) -> Path:
        if kept.exists():
            shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
        else:
            make()
            shutil.copytree(tmp_path, kept)
        return tmp_path

    return fill


class Done(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    """Runs `livebench ...` in this process, in a folder (by default tmp_path)."""

    def call(*arguments: object, cwd: Path | None = None) -> Done:
        monkeypatch.chdir(cwd or tmp_path)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Done(int(ended.value.code or 0), out, err)

    return call


@pytest.fixture
def refused(run: Callable[..., Done]) -> Callable[..., str]:
    """Runs a command that the user must mend: status 2, one line, no traceback; gives that line."""

    def call(*arguments: object, cwd: Path | None = None) -> str:
        done = run(*arguments, cwd=cwd)
        assert done.status == 2, done
        assert done.err.startswith("livebench: "), done.err
        assert done.err.count("\n") == 1, done.err
        return done.err.removeprefix("livebench: ").strip()

    return call


class Maintainer(NamedTuple):
    """A key of SSH, and a file that allows it to attest."""

    key: Path
    signers: Path


def make_maintainer(folder: Path, name: str = "tester@example.org") -> Maintainer:
    """Make a key without a passphrase in `folder`."""
    key, signers = folder / "key", folder / "allowed_signers"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key], check=True
    )
    signers.write_text(f'{name} namespaces="livebench" {key.with_suffix(".pub").read_text()}')
    return Maintainer(key, signers)


@pytest.fixture(scope="session")
def maintainer(tmp_path_factory: pytest.TempPathFactory) -> Maintainer:
    """Whose attestations count where `--signers` says so. Read only."""
    return make_maintainer(tmp_path_factory.mktemp("maintainer"))


@pytest.fixture
def attest(run: Callable[..., Done], maintainer: Maintainer) -> Callable[..., list[str]]:
    """Attests submissions, by their folders; gives the options that make it count."""
    signers = ["--signers", str(maintainer.signers)]

    def call(*paths: object, cwd: Path | None = None) -> list[str]:
        done = run("submit", "attest", *paths, "--sign-with", maintainer.key, *signers, cwd=cwd)
        assert done.status == 0, done
        return signers

    return call


def names_in(folder: Path) -> list[str]:
    """All files and folders below `folder`, hidden ones included, as relative paths."""
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*"))


@pytest.fixture(scope="session")
def listing() -> Callable[[Path], list[str]]:
    return names_in


CARD = {
    "name": "Mine",
    "authors": ["A. Author"],
    "date": "2026-01-02",
    "description": "For a test.",
    "settings": ["video", "comments", "both"],
    "runs": [{"name": "default"}],
}


@pytest.fixture
def submission(tmp_path: Path) -> Callable[..., Path]:
    """Writes a submission: fields of its card, and `code` for scorer.py; gives its folder."""

    def write(
        folder: str = "mine", *, code: str = "", within: Path | None = None, **fields: object
    ) -> Path:
        path = (within or tmp_path / "submissions") / folder
        path.mkdir(parents=True)
        if code:
            (path / "scorer.py").write_text(code, encoding="utf-8")
            fields.setdefault("entry", "scorer:Mine")
        card = msgspec.toml.encode({**CARD, **fields}).decode()
        card = card.replace(f'date = "{CARD["date"]}"', f"date = {CARD['date']}")
        (path / "submission.toml").write_text(card, encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not here")
    return SHARED


BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def absent() -> Callable[[str], NoReturn]:
    """Skips a test for what is not installed, which is said; where CI=true it fails: all is there."""

    def skip_or_fail(what: str) -> NoReturn:
        if os.environ.get("CI") == "true":
            pytest.fail(
                f"{what}, and CI=true: tests that need it may not be skipped", pytrace=False
            )
        pytest.skip(what)

    return skip_or_fail


@pytest.fixture(scope="module")
def browser(absent):
    """An installed Chromium, driven by Playwright."""
    try:
        from playwright import sync_api
    except ImportError:
        absent("Playwright is not installed (pip install -e '.[test]')")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        absent(f"no browser is installed (looked for {', '.join(BROWSERS)}; Debian: chromium)")
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=path, headless=True, args=[*FLAGS, *["--no-sandbox"] * root]
        )
        yield found
        found.close()
