"""The rendered world: the files say what the simulated dataset says, and pictures show their scenes."""

from __future__ import annotations

import colorsys
import itertools
import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av")

from livebench.candidates.candidate_set import CandidateSet
from livebench.data.dataset import Dataset
from livebench.frames.decode import Seconds
from livebench.simulated import simulation
from livebench.simulated.scene_pictures import (
    PICTURE_HEIGHT,
    PICTURE_WIDTH,
    PICTURES_A_SECOND,
    Look,
    draw_pictures,
)
from livebench.simulated.shapes import rgb, shape
from livebench.simulated.world import Scene, World
from livebench.simulated.world_files import render_world

VIDEOS = 10


@pytest.fixture(scope="module", autouse=True)
def short():
    """Videos of 20 to 32 s instead of minutes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulation, "SHORTEST_VIDEO", 20)
        patch.setattr(simulation, "LONGEST_VIDEO", 32)
        yield


@pytest.fixture(scope="module")
def files(tmp_path_factory, short) -> Path:
    """The files of 10 videos. Read only."""
    folder = tmp_path_factory.mktemp("rendered") / "files"
    render_world(folder, seed=3, videos=VIDEOS)
    return folder


def test_imported_files_hold_what_the_simulated_dataset_holds(run, files):
    order = ("--dev", 1, "--test", 3)
    assert run("import", "bilibili", files, "--out", "imported", *order).status == 0
    assert run("simulate", "--out", "made", "--seed", 3, "--videos", VIDEOS, *order).status == 0
    imported, made = Dataset(Path("imported")), Dataset(Path("made"))
    plain = [
        [(v.video_id, v.title, v.category, v.duration) for v in d.videos] for d in (imported, made)
    ]
    assert plain[0] == plain[1]
    assert (imported.info.skipped, imported.info.repaired) == ({}, {})
    ours, theirs = imported.comments, made.comments
    assert np.array_equal(ours.time_ms, theirs.time_ms)
    assert [ours.texts[i] for i in ours.string] == [theirs.texts[i] for i in theirs.string]


def test_the_same_seed_gives_the_same_files(run, files, tmp_path):
    done = run("simulate", "--render", "--out", "again", "--seed", 3, "--videos", 2)
    assert done.status == 0, done
    for name in ("v00001.mp4", "v00001.xml", "v00002.mp4"):
        assert (tmp_path / "again" / name).read_bytes() == (files / name).read_bytes()


def test_a_second_shows_its_scene(files):
    """Against the drawn picture: what is lost in coding is far below what differs between scenes."""
    world = World.default()
    video = simulation.simulate_video(world, 3, 1)
    pictures = draw_pictures(world, 3, "v00001", video.scenes)
    drawn = [*itertools.islice(pictures, 0, None, PICTURES_A_SECOND)]
    decoded = [picture.small(PICTURE_WIDTH) for picture in Seconds(files / "v00001.mp4", 1000)]
    assert len(decoded) == len(drawn) == video.scenes[-1].stop
    assert drawn[0].shape == (PICTURE_HEIGHT, PICTURE_WIDTH, 3)
    distances = np.array(
        [[np.abs(one.astype(float) - two).mean() for two in drawn] for one in decoded]
    )
    assert np.diag(distances).max() < 12
    cuts = [scene.start for scene in video.scenes[1:]]
    assert min(distances[second, second - 1] for second in cuts) > 20


def test_every_thing_has_a_look_of_its_own():
    """Of each slot, with the others held: no two looks are alike."""
    world = World.default()
    first = {slot: world.lists[slot].mains[0] for slot in ("subject", "action", "place", "mood")}
    for slot, name in first.items():
        looks = {}
        for main in world.lists[slot].mains:
            look = vars(Look(world, Scene(0, 1, **{**first, slot: main})))
            key = tuple(v.tobytes() if isinstance(v, np.ndarray) else v for v in look.values())
            looks.setdefault(key, []).append(main)
        assert len(looks) == len(world.lists[slot].mains), (slot, name)


@pytest.mark.parametrize("value", [1.0, 0.4])
@pytest.mark.parametrize("saturation", [1.0, 0.3, 0.0])
@pytest.mark.parametrize("hue", [0, 1 / 6, 1 / 3, 0.5, 0.7, 0.95])
def test_colours(hue, saturation, value):
    """The standard library turns the other way round."""
    theirs = np.array(colorsys.hsv_to_rgb(1 - hue, saturation, value)) * 255
    assert rgb(hue, saturation, value) == pytest.approx(theirs, abs=1e-9)


def test_shapes_differ():
    masks = [shape(kind, 40) for kind in range(8)]
    assert all(0.15 < mask.mean() < 0.85 for mask in masks)
    assert min((a ^ b).mean() for a, b in itertools.combinations(masks, 2)) > 0.05


def test_a_split_is_not_for_files(refused):
    message = refused("simulate", "--render", "--out", "x", "--seed", 1, "--dev", 3)
    assert message.endswith("give --dev and --test to `import bilibili`")
    assert not Path("x").exists()


def test_an_existing_folder_is_refused(refused, tmp_path):
    (tmp_path / "x").mkdir()
    assert "exists already" in refused("simulate", "--render", "--out", "x", "--seed", 1)


CONFIG = """vocabulary = 300
max_words = 12
max_context_words = 12
batch = 64
epochs = 1
learning_rate = 0.003
warmup = 0.05
decay = true
clip = 1.0
drop_frames = 0.1
drop_comments = 0.1
dev_comments = 100

[size]
width = 16
blocks = 1
heads = 2
feed_forward = 32
dropout = 0.0
"""
ENCODER = """
import numpy as np
def colours(pictures):
    return pictures.reshape(len(pictures), -1, 3).mean(1) / 255
def reds(pictures):
    return colours(pictures)[:, :1]
"""


@pytest.mark.slow
def test_the_whole_raw_path_runs_on_files(run, refused, files, tmp_path, submission):
    """Import, features, candidates, training, evaluation; then a set of another encoder's vectors."""
    (tmp_path / "own.py").write_text(ENCODER)
    (tmp_path / "c.toml").write_text(CONFIG)
    protocol = Path(__file__).parents[2] / "livebench/candidates/protocols/paper.toml"
    quiet = protocol.read_text("utf-8").replace("min_comments = 5", "min_comments = 1")
    (tmp_path / "quiet.toml").write_text(quiet, encoding="utf-8")
    steps = [
        f"import bilibili {files} --out datasets/ds --dev 1 --test 3",
        f"features datasets/ds --videos {files} --encoder own:colours",
        "build-candidates datasets/ds --protocol quiet.toml --out candidates/s --max-samples 20",
        "train submissions/mine --dataset datasets/ds --protocol quiet.toml --config c.toml --out "
        "submissions/mine/k",
        "evaluate --submission submissions/mine --setting video",
        "leaderboard",
    ]
    path = submission(entry="livebench_baselines.s2s_i:S2SI", settings=["video"])
    card = path / "submission.toml"
    plain = re.sub(r"(?s)runs = \[.*?\n\]\n", "", card.read_text("utf-8"))
    for step in steps:
        done = run(*step.split())
        assert done.status == 0, (step, done)
        if step.startswith("train"):
            card.write_text(plain + done.out[done.out.index("[[runs]]") :], encoding="utf-8")
    found = CandidateSet(tmp_path / "candidates" / "s")
    assert found.manifest.dataset.encoder.startswith("own:colours;")
    assert "Mine" in (tmp_path / "LEADERBOARD.md").read_text("utf-8")
    again = f"features datasets/ds --videos {files} --encoder own:reds --replace"
    assert run(*again.split()).status == 0
    assert run(*steps[2].replace("/s ", "/other ").split()).status == 0
    message = refused(*steps[4].split(), "--candidates", "candidates/other")
    assert "its frame vectors come from the encoder 'own:reds; weights unknown" in message
    assert "the checkpoint was trained on those of 'own:colours; weights unknown" in message
