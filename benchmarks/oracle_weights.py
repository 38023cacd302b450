"""The numbers of the oracle that are not the world's own, varied: mean log p of the comments written.

    livebench simulate --out datasets/simulated-2 --seed 2
    python benchmarks/oracle_weights.py datasets/simulated-2 --moments 1000

Moments are drawn among the seconds with at least 5 comments, with the 5 nearest comments shown; of each,
up to 8 comments are scored as at the middle of the second. Each number is taken times 0.7 and 1.4: those
of `livebench.probes.observer.Weights` in the setting `both`, NAMED_SCENE in the setting `comments`.
Nothing is bounded here.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from math import log
from pathlib import Path
from random import Random

from livebench.data.context import Nearest, context_rows
from livebench.data.dataset import Dataset
from livebench.data.world import World, scene_weights
from livebench.probes import observer as module
from livebench.probes.observer import Observer, Shown, Weights
from livebench.probes.oracle import CHAIN_AGE_S, _read_scenes

MIDDLE_MS = 500
FACTORS = (0.7, 1.4)


def moments(dataset: Dataset, count: int) -> Iterator[tuple[tuple, list[str]]]:
    """What `Observer.belief` takes (scenes, older, title, shown), and comments of the second."""
    comments, scenes = dataset.comments, _read_scenes(dataset.path)
    places = []
    for index in range(len(dataset.videos)):
        seconds = [int(ms) // 1000 for ms in comments.time_ms[comments.of(index)]]
        places += [(index, s) for s in sorted(set(seconds)) if seconds.count(s) >= 5]
    for index, second in Random(0).sample(places, min(count, len(places))):
        rows, video = comments.of(index), dataset.videos[index]
        times = comments.time_ms[rows]
        texts = [comments.texts[i] for i in comments.string[rows]]
        shown = []
        for row in context_rows(times, second, Nearest(5)):
            after = (int(times[row]) - second * 1000) / 1000
            shown.append(Shown(texts[row], after if after < 0 else after - 1))
        here = scenes[video.video_id]
        now = [(w, here[i]) for w, i in scene_weights(second * 1000 + MIDDLE_MS, here)]
        past = max(0, second - CHAIN_AGE_S)
        older = [(1.0, next((s for s in here if s.start <= past < s.stop), here[-1]))]
        own = [texts[i] for i in range(len(texts)) if int(times[i]) // 1000 == second]
        yield (now, older, video.title, shown), own[:8]


def main() -> None:
    """Print the mean log p with the numbers as they are, and with each of them varied."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", type=Path, help="A simulated world.")
    parser.add_argument("--moments", type=int, default=1000)
    options = parser.parse_args()
    found = list(moments(Dataset(options.dataset), options.moments))
    watcher = Observer(World.default())

    def mean(setting: str) -> float:
        total, count = 0.0, 0
        for (now, older, title, shown), own in found:
            known = (now, older, title) if setting == "both" else (None, None, None)
            belief = watcher.belief(*known, shown)
            total += sum(log(belief.probability(text)) for text in own)
            count += len(own)
        return total / count

    print(f"both {mean('both'):.4f}, comments {mean('comments'):.4f}", flush=True)
    for name, value in Weights()._asdict().items():
        for factor in FACTORS:
            watcher.weights = Weights()._replace(**{name: value * factor})
            print(f"both, {name} times {factor}: {mean('both'):.4f}", flush=True)
    watcher.weights, named = Weights(), module.NAMED_SCENE
    for factor in FACTORS:
        module.NAMED_SCENE = named * factor
        print(f"comments, NAMED_SCENE times {factor}: {mean('comments'):.4f}", flush=True)


if __name__ == "__main__":
    main()
