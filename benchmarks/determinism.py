"""The same candidate set whatever the process: hash seed, number of threads, Python, versions.

    python benchmarks/determinism.py datasets/bilibili --samples 300
    python benchmarks/determinism.py datasets/bilibili --python python3.12 --python python3.13

Runs `build-candidates` on a dataset in processes that differ in PYTHONHASHSEED and in the thread counts
of the numerical libraries; and with every interpreter given, each in a virtual environment in a
temporary folder, with the packages that pip finds for it (torch, which building does not need, is left
out). Prints the hashes of each; exit status 1 if they differ.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent
PACKAGES = (
    "click",
    "jieba",
    "jinja2",
    "msgspec",
    "numpy",
    "pyarrow",
    "scikit-learn",
    "scipy",
    "setuptools",
    "tomli-w",
    "tqdm",
)
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_NUM_THREADS")
ENVIRONMENTS = (("0", 1), ("1", 2), ("12345", 4))
"""PYTHONHASHSEED and thread counts."""


def install(python: str, folder: Path) -> Path:
    """Make a virtual environment with this checkout's LiveBench; return its interpreter."""
    source = folder / "checkout"
    if not source.exists():  # a copy: building leaves files beside the source
        source.mkdir()
        shutil.copytree(CHECKOUT / "livebench", source / "livebench")
        for name in ("setup.cfg", "pyproject.toml", "LICENSE", "README.md"):
            if (CHECKOUT / name).exists():
                shutil.copy(CHECKOUT / name, source)
    place = Path(tempfile.mkdtemp(prefix="venv.", dir=folder))
    subprocess.run([python, "-m", "venv", str(place)], check=True)
    found = place / "bin" / "python"
    pip = [str(found), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    subprocess.run([*pip, *PACKAGES], check=True)
    subprocess.run([*pip, "--no-deps", str(source)], check=True)
    return found


def build(python: Path, dataset: Path, out: Path, options: list[str], environment: dict) -> dict:
    """Build a set in a fresh process; return its manifest."""
    command = [str(python), "-m", "livebench", "build-candidates", str(dataset), "--quiet"]
    subprocess.run(
        [*command, "--out", str(out), *options],
        env={**os.environ, **environment},
        cwd=out.parent,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return json.loads((out / "manifest.json").read_text("utf-8"))


def runs(pythons: list[str], folder: Path) -> Iterator[tuple[str, Path, dict[str, str]]]:
    """What to try: a label, an interpreter, environment variables."""
    for seed, threads in ENVIRONMENTS:
        environment = {"PYTHONHASHSEED": seed, **dict.fromkeys(THREADS, str(threads))}
        yield f"hash seed {seed}, threads {threads}", Path(sys.executable), environment
    for number, python in enumerate(pythons):
        environment = {"PYTHONHASHSEED": str(100 + number)}
        yield (
            "interpreter given, hash seed " + str(100 + number),
            install(python, folder),
            environment,
        )


def main() -> None:
    """Build, print the hashes, compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--samples", type=int, default=300)
    parser.add_argument("--protocol", default="paper")
    parser.add_argument("--python", action="append", default=[], help="May be given several times.")
    options = parser.parse_args()
    wanted = ["--protocol", options.protocol, "--max-samples", str(options.samples)]
    seen = set()
    with tempfile.TemporaryDirectory(prefix="livebench-determinism.") as name:
        folder = Path(name)
        for number, (label, python, environment) in enumerate(runs(options.python, folder)):
            out = folder / f"run{number}" / "set"  # the same name: it is not part of the hash
            out.parent.mkdir()
            manifest = build(python, options.dataset.resolve(), out, wanted, environment)
            versions = ", ".join(f"{name} {found}" for name, found in manifest["versions"].items())
            hashes = {file: entry["sha256"] for file, entry in manifest["files"].items()}
            print(f"{label}: {versions}")
            print(f"  set {manifest['hash'][:16]}", end="")
            print(*[f", {file} {found[:16]}" for file, found in hashes.items()], sep="", flush=True)
            seen.add((manifest["hash"], *hashes.values()))
    print("the same" if len(seen) == 1 else f"DIFFERENT: {len(seen)} sets")
    sys.exit(len(seen) != 1)


if __name__ == "__main__":
    main()
