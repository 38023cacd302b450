"""From rendered video files to a leaderboard: the raw path, timed by step, and a test that it sees.

    python benchmarks/rendered.py [--videos 200] [--work DIR]

Every step is a command that a user would give, in a process of its own:

    simulate --render     the simulated world as mp4 and Bilibili XML
    import bilibili       a dataset of the XML; titles and durations from the mp4
    features              one picture a second, encoded by --encoder (small_lite0.py: EfficientNet-Lite0
                          on smaller pictures, so that it does not take most of the time)
    (read-out)            how often a linear map of the vectors, fitted on the training scenes, names the
                          things of a scene of the other videos: can the encoder tell them apart?
    build-candidates      rendered.toml: as `matched`, for a small world; a model that does not look is
                          at chance, however well it knows the language
    train                 S2S-I, from frames alone, settings below
    evaluate              in the setting `video`
    evaluate, shuffled    the same model, when each video has the vectors of another one
    leaderboard           of both

Exit status 1 unless the model's MRR is above chance (the lower end of its 95% interval over videos), and
falls to chance with shuffled vectors (its interval holds chance). With --work the folder is kept, and a
step whose result is in it is not done again.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.resources import files
from pathlib import Path

import msgspec
import numpy as np

from livebench.data.dataset import Dataset
from livebench.frames.attach import replace_frames
from livebench.simulated.simulation import simulate_video
from livebench.simulated.world import SCENE_SLOTS, World
from livebench.submissions.load import Submission
from livebench.training.job import run_table

CHANCE = sum(1 / rank for rank in range(1, 101)) / 100
"""MRR of one correct candidate among 100, in random order."""
PROTOCOL = Path(__file__).resolve().with_name("rendered.toml")
CARD = """name = "{name}"
authors = ["LiveBench"]
date = 2026-11-26
description = "{description}"
entry = "livebench_baselines.s2s_i:S2SI"
kind = "baseline"
settings = ["video"]

"""


class Steps:
    """Runs commands in a folder, and keeps their times."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.rows = folder, []

    def run(self, name: str, *arguments: object) -> str:
        """Run `livebench` with these arguments; print and keep the seconds that it took.

        Returns:
            What the command printed.
        """
        command = [sys.executable, "-m", "livebench", *map(str, arguments)]
        environment = {"OMP_NUM_THREADS": "1", **os.environ}
        environment["PYTHONPATH"] = str(Path(__file__).resolve().parent)  # for small_lite0
        before, started = _children_seconds(), time.perf_counter()
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(command[2:])}\n{done.stdout}{done.stderr}")
        clock, used = time.perf_counter() - started, _children_seconds() - before
        self.rows.append((name, clock, used))
        print(f"{name}: {clock:.1f} s, {used:.1f} CPU s", flush=True)
        return done.stdout


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def config(folder: Path, epochs: int) -> Path:
    """`small`, with as many epochs as a world of this size needs."""
    text = (files("livebench_baselines") / "configs" / "small.toml").read_text("utf-8")
    lines = [
        f"epochs = {epochs}" if line.startswith("epochs") else line for line in text.split("\n")
    ]
    path = folder / "rendered.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def shuffle(source: Path, out: Path) -> None:
    """Copy a dataset, each video with the vectors of another one, repeated where that is shorter."""
    original = Dataset(source)
    videos = original.videos
    order = np.random.default_rng(0).permutation(len(videos))
    other = {
        videos[mine].video_id: videos[theirs]
        for mine, theirs in zip(order, np.roll(order, 1), strict=True)
    }
    shutil.copytree(source, out)

    def vectors(video):
        theirs = other[video.video_id]
        seconds = np.arange(video.frame_count) % theirs.frame_count
        return original.frames(theirs, seconds.tolist()).astype("<f2")

    counts = {video.video_id: video.frame_count for video in videos}
    replace_frames(Dataset(out), counts, vectors, original.frame_width, original.info)


def read_out(source: Path, seed: int) -> None:
    """Print, for each slot of a scene, how often ridge regression names the right thing.

    A training scene is the mean of its vectors; another one the vector of its middle second.
    """
    dataset, world = Dataset(source), World.default()
    vectors, scenes = {True: [], False: []}, {True: [], False: []}
    for video in dataset.videos:
        train = video.split == "train"
        found = simulate_video(world, seed, int(video.video_id[1:])).scenes
        for scene in found:
            middle = (scene.start + scene.stop) // 2
            seconds = range(scene.start, scene.stop) if train else [middle]
            vectors[train].append(dataset.frames(video, seconds).mean(0))
        scenes[train] += found
    known, other = (np.array(vectors[train]) for train in (True, False))
    middle, deviation = known.mean(0), known.std(0) + 1e-3
    known, other = ((rows - middle) / deviation for rows in (known, other))
    products = known @ known.T + 300 * np.eye(len(known))
    for slot in SCENE_SLOTS:
        things = sorted({getattr(scene, slot) for scene in scenes[True]})
        told = np.array([[getattr(s, slot) == thing for thing in things] for s in scenes[True]])
        weights = np.linalg.solve(products, told - told.mean(0))
        best = (other @ known.T @ weights + told.mean(0)).argmax(1)
        pairs = zip(best, scenes[False], strict=True)
        right = np.mean([things[place] == getattr(scene, slot) for place, scene in pairs])
        print(
            f"read-out of {slot}: {right:.2f} right of {len(scenes[False])} scenes, by "
            f"{len(scenes[True])}; always the most frequent: {told.mean(0).max():.2f}"
        )


def mrr(folder: Path, submission: str) -> dict[str, float]:
    """The MRR of the best-placed correct candidate of a submission's only result."""
    (file,) = (folder / "submissions" / submission / "results").glob("*/*/video.json")
    return msgspec.json.decode(file.read_bytes())["metrics"]["best"]["MRR"]


def main() -> None:
    """Run the steps; print times, numbers and the verdict."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--videos", type=int, default=200)
    parser.add_argument("--dev", type=int, help="Default: a tenth.")
    parser.add_argument("--test", type=int, help="Default: a fifth.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--encoder", default="small_lite0:encode")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--samples", type=int, default=1200)
    parser.add_argument("--work", type=Path, help="Keep everything in this folder.")
    options = parser.parse_args()
    dev = options.dev or max(1, options.videos // 10)
    test = options.test or max(1, options.videos // 5)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.work or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        steps = Steps(folder)
        prepare(steps, options, dev, test)
        read_out(folder / "datasets/rendered", options.seed)
        learn(steps, options)
        verdict = judge(steps)
    sys.exit(not verdict)


def prepare(steps: Steps, options: argparse.Namespace, dev: int, test: int) -> None:
    """From files to candidate sets, of the dataset and of its shuffled copy."""
    folder = steps.folder
    if not (folder / "files").exists():
        steps.run(
            "simulate --render",
            *("simulate", "--render", "--out", "files", "--seed", options.seed),
            *("--videos", options.videos),
        )
    if not (folder / "datasets/rendered").exists():
        steps.run(
            "import bilibili",
            *("import", "bilibili", "files", "--out", "datasets/rendered"),
            *("--dev", dev, "--test", test),
        )
    if not Dataset(folder / "datasets/rendered").has_frames:
        steps.run(
            "features",
            *("features", "datasets/rendered", "--videos", "files", "--encoder", options.encoder),
        )
    if not (folder / "shuffled").exists():
        shuffle(folder / "datasets/rendered", folder / "shuffled")
    for dataset, name in (("datasets/rendered", "rendered"), ("shuffled", "rendered-shuffled")):
        if not (folder / "candidates" / name).exists():
            steps.run(
                f"build-candidates ({name})",
                *("build-candidates", dataset, "--protocol", PROTOCOL),
                *("--out", f"candidates/{name}", "--max-samples", options.samples),
            )


def learn(steps: Steps, options: argparse.Namespace) -> None:
    """Train S2S-I and score both sets."""
    folder = steps.folder
    first, second = (folder / "submissions" / name for name in ("s2s-i", "s2s-i-shuffled"))
    first.mkdir(parents=True, exist_ok=True)
    card = CARD.format(name="S2S-I", description="Frames of its own video.")
    (first / "submission.toml").write_text(card + '[[runs]]\nname = "rendered-0"\n')
    checkpoint = first / "checkpoints" / "rendered-0"
    if not (checkpoint / "checkpoint.json").exists():
        steps.run(
            "train",
            *("train", "submissions/s2s-i", "--dataset", "datasets/rendered"),
            *("--protocol", PROTOCOL, "--config", config(folder, options.epochs)),
            *("--out", checkpoint),
        )
    file = checkpoint / "checkpoint.json"
    run = run_table(Submission(first), checkpoint.name, 0, "rendered", file)
    (first / "submission.toml").write_text(card + run)
    shutil.rmtree(second, ignore_errors=True)
    shutil.copytree(first, second, ignore=shutil.ignore_patterns("scores", "results"))
    card = CARD.format(name="S2S-I, shuffled", description="Frames of another video.")
    (second / "submission.toml").write_text(card + run)
    for submission, name, dataset in (
        ("s2s-i", "rendered", "datasets/rendered"),
        ("s2s-i-shuffled", "rendered-shuffled", "shuffled"),
    ):
        steps.run(
            f"evaluate ({name})",
            *("evaluate", "--submission", f"submissions/{submission}", "--setting", "video"),
            *("--candidates", f"candidates/{name}", "--dataset", dataset),
        )


def judge(steps: Steps) -> bool:
    """Render the leaderboard; print times and numbers; say whether the model looks."""
    steps.run("leaderboard", "leaderboard")
    print("\n| step | s | CPU s |\n| --- | --: | --: |")
    for name, clock, used in steps.rows:
        print(f"| {name} | {clock:.0f} | {used:.0f} |")
    print(f"| all | {sum(r[1] for r in steps.rows):.0f} | {sum(r[2] for r in steps.rows):.0f} |\n")
    seeing, blind = (mrr(steps.folder, name) for name in ("s2s-i", "s2s-i-shuffled"))
    for name, found in (("its own frames", seeing), ("shuffled frames", blind)):
        print(f"MRR, {name}: {found['value']:.4f} [{found['low']:.4f}, {found['high']:.4f}]")
    print(f"chance: {CHANCE:.4f}")
    looks, stops = seeing["low"] > CHANCE, blind["low"] <= CHANCE <= blind["high"]
    print(
        f"above chance: {'yes' if looks else 'NO'}; at chance when shuffled: {'yes' if stops else 'NO'}"
    )
    return looks and stops


if __name__ == "__main__":
    main()
