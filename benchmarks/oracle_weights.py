"""How the numbers of `livebench.probes.observer` were chosen: mean log p of comments, numbers varied.

    livebench simulate --out /tmp/seed2 --seed 2
    python benchmarks/oracle_weights.py /tmp/seed2 [MOMENTS]

Moments are seconds with at least 5 comments, with the 5 nearest comments shown.
"""

from __future__ import annotations

import sys
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


def moments(dataset: Dataset, count: int):
    """(scenes, older, title, shown), and the comments of the second."""
    comments, scenes = dataset.comments, _read_scenes(dataset.path)
    places = []
    for index in range(len(dataset.videos)):
        seconds = [int(ms) // 1000 for ms in comments.time_ms[comments.of(index)]]
        places += [(index, s) for s in sorted(set(seconds)) if seconds.count(s) >= 5]
    for index, second in Random(0).sample(places, count):
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
    """Print the mean log p for each number times 0.7, 1 and 1.4."""
    found = list(moments(Dataset(Path(sys.argv[1])), int(sys.argv[2]) if len(sys.argv) > 2 else 1000))
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
        for factor in (0.7, 1.4):
            watcher.weights = Weights()._replace(**{name: value * factor})
            print(f"both {name} * {factor}: {mean('both'):.4f}", flush=True)
    watcher.weights = Weights()
    for share in (0.2, 0.35, 0.5):
        module.NAMED_SCENE = share
        print(f"comments NAMED_SCENE {share}: {mean('comments'):.4f}", flush=True)


if __name__ == "__main__":
    main()
