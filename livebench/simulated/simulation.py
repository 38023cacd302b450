"""Samples a simulated world and writes it as a dataset, with its latent state.

    scenes.parquet   video_id, scene, start, stop (seconds), subject, action, place, mood
    talks.parquet    video_id, talk, start, stop (seconds), topic
    latent.parquet   one row per comment, in the order of comments.parquet: kind; scene and talk of its
                     second (rows of scenes.parquet and talks.parquet)

Videos and comments are the same with any machine, Python and numpy: each video is drawn from its own
`random.Random`, seeded by a string, by arithmetic that IEEE 754 defines to the last bit (no logarithms,
no powers). Frame vectors come from numpy, rounded to float16.
"""

from __future__ import annotations

import bisect
import hashlib
import math
from pathlib import Path
from random import Random
from typing import NamedTuple

import msgspec
import numpy as np

from livebench.data.dataset import Dataset, DatasetInfo, Video
from livebench.data.dataset_writer import write_dataset
from livebench.data.split import split_videos
from livebench.errors import LiveBenchError
from livebench.files import check_absent
from livebench.simulated.grammar import Words
from livebench.simulated.world import CHANGE, SCENE_SLOTS, Scene, Talk, World

SHORTEST_VIDEO, LONGEST_VIDEO = 120, 480
"""In seconds."""

_HEAT = {0.3: 6, 1.0: 2, 2.6: 4}
"""How lively viewers are: factor, and the weight, out of 12, of stretches with it."""
_SPONTANEOUS = 1.0
"""Spontaneous comments per second, in a stretch of factor 1 of a video of mean popularity."""
_BRANCHING = 0.4
"""Mean number of further comments that a comment excites (Poisson)."""
_EXCITED_SCALE_MS = 1200
"""c in the density of their delay d in ms, 2 / c * (1 + d / c)**-3: half of them within 0.41 c."""

_WIDTH = 192
_SHOWN = 4.0
"""Magnitude of a thing in a frame vector, on an axis of its own."""
_DRIFT, _NOISE = 0.25, 0.25
"""Standard deviations, on each axis, of the drift within a video and of the noise of each second."""


class SimulatedComment(NamedTuple):
    """A comment of a video; `scene` and `talk` of its second are indices into the video's lists."""

    time_ms: int
    text: str
    kind: str
    scene: int
    talk: int


class SimulatedVideo(NamedTuple):
    """A video, its scenes and talks, and its comments in order of time."""

    video_id: str
    title: str
    category: str
    scenes: list[Scene]
    talks: list[Talk]
    comments: list[SimulatedComment]

    @property
    def seconds(self) -> int:
        return self.scenes[-1].stop


def simulate_dataset(
    out: Path, *, seed: int, videos: int = 720, dev: int | None = None, test: int | None = None
) -> Dataset:
    """Sample a world and write it.

    A video depends only on the seed and its own id: adding videos does not change the others (but may
    change their split).

    Args:
        out: folder of the dataset; must not exist.
        seed: any whole number.
        videos: how many.
        dev, test: how many of them are for development and test; by default a tenth and a fifth, at
            least one each.

    Raises:
        LiveBenchError: `out` cannot be written, or no video is left for training.
    """
    if videos < 1:
        raise LiveBenchError("--videos", f"{videos} is below 1", "give at least 1")
    check_absent(Path(out))  # fail before the work, not after it
    dev = max(1, videos // 10) if dev is None else dev
    test = max(1, videos // 5) if test is None else test
    ids = [f"v{number:05d}" for number in range(1, videos + 1)]
    splits = split_videos(ids, dev=dev, test=test, seed=seed)
    world = World.default()
    made = [simulate_video(world, seed, number) for number in range(1, videos + 1)]
    rows = [
        Video(
            video.video_id,
            video.title,
            video.category,
            duration=float(video.seconds),
            split=split,
            frame_count=video.seconds,
        )
        for video, split in zip(made, splits, strict=True)
    ]
    info = DatasetInfo(
        name="simulated",
        source=f"livebench simulate --seed {seed} --videos {videos}",
        licence="MIT",
        citation="LiveBench, docs/simulated-world.md",
        version=str(seed),
        encoder=f"an axis for each thing of a scene, drift, noise; width {_WIDTH}",
        split={"dev": dev, "test": test, "seed": seed},
        recipe=f"simulate --seed {seed} --videos {videos} --dev {dev} --test {test}".split(),
    )
    by_id = {video.video_id: video for video in made}
    sizes = [len(video.comments) for video in made]
    comments = [comment for video in made for comment in video.comments]
    return write_dataset(
        out,
        info,
        rows,
        comment_video=np.repeat(np.arange(videos), sizes),
        comment_time_ms=np.array([comment.time_ms for comment in comments], np.int64),
        comment_texts=[comment.text for comment in comments],
        frames=lambda video: frame_vectors(world, seed, by_id[video.video_id]),
        finish=lambda folder, order: _write_latent(folder, order, made),
    )


def simulate_video(world: World, seed: int, number: int) -> SimulatedVideo:
    """Sample a video, by its number from 1, of the world with this seed."""
    video_id = f"v{number:05d}"
    random = Random(f"livebench/{seed}/{video_id}")
    category = world.categories.sample(random)
    drawn = random.random()
    seconds = SHORTEST_VIDEO + int(
        (LONGEST_VIDEO - SHORTEST_VIDEO) * drawn * drawn
    )  # short ones are more frequent
    shown = {slot: world.scene_words(slot, category) for slot in SCENE_SLOTS}
    scenes = [
        Scene(start, stop, **{slot: words.sample(random) for slot, words in shown.items()})
        for start, stop in stretches(seconds, random)
    ]
    topics = world.lists["topic"].mains_in("")
    talks = [Talk(*stretch, topics.sample(random)) for stretch in stretches(seconds, random)]
    title = _title(world, category, scenes, number, random)
    popularity = 0.75 + 0.5 * random.random()
    times = comment_times(seconds, popularity, random)
    comments = _comments(world, scenes, talks, times, random)
    return SimulatedVideo(video_id, title, category, scenes, talks, comments)


def stretches(seconds: int, random: Random) -> list[tuple[int, int]]:
    """Divide a video: at each second, a new stretch (start, stop) begins with probability `CHANGE`."""
    starts = [0, *(second for second in range(1, seconds) if random.random() < CHANGE)]
    return list(zip(starts, [*starts[1:], seconds], strict=True))


def _title(world: World, category: str, scenes: list[Scene], number: int, random: Random) -> str:
    """A title that names two of the video's scenes."""
    first, second = (scenes[int(len(scenes) * random.random())] for _ in range(2))
    names = {
        "category": category,
        "subject": first.subject,
        "subject2": second.subject,
        "place": first.place,
        "place2": second.place,
        "number": str(number),
    }
    slots = {name: Words({word: 1.0}) for name, word in names.items()}
    return world.grammar.sample("video_title", slots, random)


def comment_times(seconds: int, popularity: float, random: Random) -> list[int]:
    """Times in ms, ascending, of a Hawkes process whose base rate changes with liveliness.

    Sampled by clusters: spontaneous comments are a Poisson process, and each comment excites a Poisson
    number of further ones with power-law delays.
    """
    heats = Words({str(heat): float(share) for heat, share in _HEAT.items()})
    waiting = []
    for start, stop in stretches(seconds, random):
        rate = _SPONTANEOUS * popularity * float(heats.sample(random))
        for second in range(start, stop):
            count = _poisson(rate, random)
            waiting += [second * 1000 + int(1000 * random.random()) for _ in range(count)]
    times = []
    while waiting:
        time = waiting.pop()
        times.append(time)
        for _ in range(_poisson(_BRANCHING, random)):
            # Inverse of the distribution function 1 - (1 + d / c)**-2; IEEE 754 roots are exact.
            delay = _EXCITED_SCALE_MS * (1 / math.sqrt(1 - random.random()) - 1)
            if time + delay < seconds * 1000:
                waiting.append(time + int(delay))
    return sorted(times)


def _poisson(mean: float, random: Random) -> int:
    """Draw from a Poisson distribution by inversion; for means up to about 20."""
    # exp(-mean), by its series at mean / 64: the same on any machine, unlike math.exp.
    small, term, total = -mean / 64, 1.0, 1.0
    for power in range(1, 16):
        term *= small / power
        total += term
    for _ in range(6):
        total *= total
    drawn, count, probability = random.random(), 0, total
    while drawn >= probability and count < 1000:
        drawn -= probability
        count += 1
        probability *= mean / count
    return count


def _comments(
    world: World, scenes: list[Scene], talks: list[Talk], times: list[int], random: Random
) -> list[SimulatedComment]:
    """Sample comments, which are independent given scene and talk of their second."""
    scene_starts = [scene.start for scene in scenes]
    talk_starts = [talk.start for talk in talks]
    comments = []
    for time in times:
        scene = bisect.bisect(scene_starts, time // 1000) - 1
        talk = bisect.bisect(talk_starts, time // 1000) - 1
        kind, text = world.sample(scenes[scene], talks[talk].topic, random)
        comments.append(SimulatedComment(time, text, kind, scene, talk))
    return comments


def frame_vectors(world: World, seed: int, video: SimulatedVideo) -> np.ndarray:
    """One vector per second: float16 [seconds, _WIDTH].

    Each of the scene's four things is `_SHOWN` on its own axis, as if a detector had found it; added to
    that are a slow drift over the video (autoregressive, 0.95 per second) and independent noise in each
    second.
    """
    axes = {
        thing: axis
        for axis, thing in enumerate(
            (slot, main) for slot in SCENE_SLOTS for main in world.lists[slot].mains
        )
    }
    seconds = video.seconds
    steps = _normal(f"{seed}/{video.video_id}/drift", seconds)
    noise = _normal(f"{seed}/{video.video_id}/noise", seconds)
    keep = 0.95
    vectors = np.zeros((seconds, _WIDTH))
    for scene in video.scenes:
        shown = [axes[slot, getattr(scene, slot)] for slot in SCENE_SLOTS]
        vectors[scene.start : scene.stop, shown] = _SHOWN
    drift = steps[0]
    for second in range(seconds):
        if second:
            drift = keep * drift + math.sqrt(1 - keep * keep) * steps[second]
        vectors[second] += _DRIFT * drift + _NOISE * noise[second]
    return vectors.astype(np.float16)


def _normal(name: str, rows: int) -> np.ndarray:
    digest = hashlib.sha256(f"livebench/{name}".encode()).digest()
    generator = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))
    return generator.standard_normal((rows, _WIDTH))


def _write_latent(folder: Path, order: np.ndarray, videos: list[SimulatedVideo]) -> None:
    """Write scenes, talks and latent.parquet; `order`: the sampled index of each written comment."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows: dict[str, list[dict[str, object]]] = {"scenes": [], "talks": [], "latent": []}
    for video in videos:
        scene_row, talk_row = len(rows["scenes"]), len(rows["talks"])
        for comment in video.comments:
            scene, talk = scene_row + comment.scene, talk_row + comment.talk
            rows["latent"].append({"kind": comment.kind, "scene": scene, "talk": talk})
        for name, states in (("scene", video.scenes), ("talk", video.talks)):
            rows[f"{name}s"] += [
                {"video_id": video.video_id, name: number, **msgspec.structs.asdict(state)}
                for number, state in enumerate(states)
            ]
    rows["latent"] = [rows["latent"][row] for row in order.tolist()]
    for name, table in rows.items():
        pq.write_table(pa.Table.from_pylist(table), folder / f"{name}.parquet")
