"""`livebench export hf`: opened by `datasets`, without a network; text only where it is licensed."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from livebench.audit.set_audit import read_audit
from livebench.candidates.candidate_set import CandidateSet
from livebench.candidates.freeze import restore_set, verify_set
from livebench.data.dataset import Dataset, frames_of
from livebench.data.images import INDEX, index_of
from livebench.export.licences import open_licence
from livebench.scoring.answers import Answers
from livebench.scoring.runner import read_samples

ROOT = Path(__file__).parents[2]
ANSWERS = {"correct", "types", "train_counts", "lengths"}
SHOWN = {
    "blind": set(),
    "video": {"time", "title", "category", "frame_times", "frames", "images"},
    "comments": {"time", "context"},
    "both": {"time", "title", "category", "frame_times", "frames", "images", "context"},
}


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The library `datasets`, with caches of its own and no network."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")  # the extra `hub`
    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)
    datasets.disable_progress_bars()

    def load(folder, config=None):
        cache = tmp_path / "cache"
        return datasets.load_dataset(str(folder), config, split="test", cache_dir=str(cache))

    load.configs = datasets.get_dataset_config_names
    return load


@pytest.fixture
def licensed(tmp_path, dataset):
    """The tiny dataset, licensed, with a picture of every second: the later, the redder."""
    path = tmp_path / "licensed"
    shutil.copytree(dataset.path, path)
    info = msgspec.structs.replace(dataset.info, licence="CC BY 4.0")
    (path / "dataset.toml").write_bytes(msgspec.toml.encode(info))
    pictures = []
    for second in range(60):
        file = io.BytesIO()
        Image.new("RGB", (16, 16), (4 * second, 0, 90)).save(file, "jpeg")
        pictures.append(file.getvalue())
    rows = frames_of(dataset.videos)
    for name, count in rows:
        (path / "images" / name).mkdir(parents=True)
        for second in range(count):
            (path / "images" / name / f"{second}.jpg").write_bytes(pictures[second])
    (path / INDEX).write_bytes(index_of(path, rows)[0])
    return Dataset(path)


def test_a_set_with_text(run, hub, small, licensed, tmp_path):
    """Each config shows what its setting shows, the same as a scorer sees, and the answers."""
    done = run("export", "hf", small.path, "--dataset", licensed.path, "--out", "hub")
    assert done.status == 0, done
    assert done.out == f"hub: 12 samples; {small.manifest.signature}\n"
    out = tmp_path / "hub"
    assert hub.configs(str(out)) == ["blind", "video", "comments", "both"]
    answers = Answers(small)
    for setting in hub.configs(str(out)):
        rows = hub(out, setting)
        texts = {"sample_id", "video_id", "candidates", "candidate_tokens"}
        assert set(rows.column_names) == texts | ANSWERS | SHOWN[setting]
        assert rows["sample_id"][:] == answers.sample_ids
        seen = dict(read_samples(small, licensed, setting))
        for number, row in enumerate(rows):
            sample = seen[row["sample_id"]]
            assert row["candidates"] == [one.text for one in sample.candidates]
            assert row["candidate_tokens"] == [one.tokens for one in sample.candidates]
            if "context" in row:
                said = [(one["text"], one["tokens"], one["time"]) for one in row["context"]]
                assert said == [tuple(one) for one in sample.comments]
            if "frames" in row:
                assert row["frames"] == sample.video_ctx.frames.tolist()
                assert row["frame_times"] == sample.video_ctx.frame_times.tolist()
                assert row["title"] == sample.video_ctx.title
            kinds = rows.features["types"].feature
            assert kinds.int2str(row["types"]) == answers.types[number].tolist()
            assert row["correct"] == answers.correct[number].nonzero()[0].tolist()
            assert row["lengths"] == answers.lengths[number].tolist()
    rows = hub(out)  # the default
    assert "images" in rows.column_names and "context" in rows.column_names
    for row in rows:
        assert len(row["images"]) == len(row["frame_times"]) == 5
        for offset, image in zip(row["frame_times"], row["images"], strict=True):
            red, _, blue = image.getpixel((8, 8))
            assert abs(red - 4 * (row["time"] + offset)) < 8 and abs(blue - 90) < 8


def test_a_set_whose_text_may_not_be_published(run, hub, small, dataset, tmp_path):
    """Ids, answers and the way to restore it; no text of any comment or title, in no file."""
    done = run("export", "hf", small.path, "--dataset", dataset.path, "--out", "hub")
    assert done.status == 0, done
    assert "12 samples, without text" in done.out
    assert "may not be published again: its licence is not one that says so" in done.err
    out = tmp_path / "hub"
    rows = hub(out)
    assert {"sample_id", "video_id", "category", "n_context"} | ANSWERS == set(rows.column_names)
    assert rows["sample_id"][:] == Answers(small).sample_ids
    content = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    card = (out / "README.md").read_text("utf-8")
    for record in small.samples():
        for text in {*record.candidates, *(one.text for one in record.context)}:
            if len(text) > 4:
                assert text.encode() not in content
    assert all(video.title not in card for video in dataset.videos)
    frozen = out / "frozen" / "tiny-small"
    assert f"--restore PATH/frozen/{small.name} --dataset datasets/tiny" in card
    assert verify_set(frozen) == "text absent"
    assert list(restore_set(frozen, dataset).samples()) == list(small.samples())


def test_the_card(run, small, licensed, tmp_path):
    """Its YAML is read by the hub's library; it shows rules, people, citation."""
    hub = pytest.importorskip("huggingface_hub")
    done = run("export", "hf", small.path, "--dataset", licensed.path, "--out", "hub", "--quiet")
    assert done.status == 0 and done.err == "", done
    card = hub.DatasetCard.load(tmp_path / "hub" / "README.md")
    data = card.data
    assert (data.license, data.language, data.size_categories) == ("cc-by-4.0", ["zh"], ["n<1K"])
    assert data.task_categories[0] == "multiple-choice"
    assert [one["config_name"] for one in data.configs if one.get("default")] == ["both"]
    assert data.dataset_info[0]["splits"][0]["num_examples"] == 12
    text = card.text.replace("\\", "")
    for part in (
        "It was not audited",
        "To find out who wrote a comment",
        "Whoever wrote one, or is named in one, can have it",
        "wrong.plausible.count",
        "Candidates a sample: correct ",
        "@misc{livebench",
    ):
        assert part in text


def test_the_card_of_a_real_set(run, tmp_path):
    """Its audit in a table, the source and its terms; from what is committed."""
    hub = pytest.importorskip("huggingface_hub")
    path = ROOT / "candidates" / "bilibili-matched"
    assert run("export", "hf", path, "--out", "hub", "--quiet").status == 0
    card = hub.DatasetCard.load(tmp_path / "hub" / "README.md")
    assert (card.data.license, card.data.license_name) == ("other", "other")
    assert "ids-only" in card.data.tags
    text, audit = card.text.replace("\\", ""), read_audit(CandidateSet(path))
    assert audit is not None and audit.verdict in text
    for name in ("similar to context", "learned: boosted trees on surface features"):
        found = next(one for one in audit.findings if one.probe == name)
        value = found.metrics["MRR"]
        assert f"{value.value:.4f} [{value.low:.4f} to {value.high:.4f}]" in text
    assert "livebench get bilibili\n" in text
    assert "not to publish the comments again" in text


@pytest.mark.parametrize(
    ("licence", "name"),
    [
        ("MIT", "mit"),
        ("CC BY 4.0", "cc-by-4.0"),
        ("cc-by-sa-4.0 International", "cc-by-sa-4.0"),
        ("CC0 1.0", "cc0-1.0"),
        ("Apache-2.0 License", "apache-2.0"),
        ("MPL-2.0 (the archive); the comments are their writers'", ""),
        ("CC BY-ND 4.0", ""),
        ("none found", ""),
        ("", ""),
    ],
)
def test_licences(licence, name):
    assert open_licence(licence) == name


def test_what_is_not_exported(refused, run, small, dataset, tmp_path, monkeypatch):
    arguments = ("--dataset", dataset.path, "--out", "hub")
    private = tmp_path / "private"
    asked = ("--protocol", "paper", "--private", "kept", "--out", "private", "--max-samples", 5)
    assert run("build-candidates", dataset.path, *asked, "--quiet").status == 0
    for path in (private, tmp_path / "kept" / "private"):
        assert "is private: its samples" in refused("export", "hf", path, *arguments)
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    message = refused("export", "hf", small.path, *arguments)
    assert message == (
        "package datasets: not installed; install the extra `hub`: "
        "pip install -c constraints.txt -e '.[hub]'"
    )
    assert not (tmp_path / "hub").exists()
