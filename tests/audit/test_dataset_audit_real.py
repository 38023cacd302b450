"""The audit of a dataset of real comments: clean, until a leak is planted."""

from __future__ import annotations

import numpy as np
import pytest
from planting import Plan, some

from livebench.audit.dataset_audit import audit_dataset
from livebench.data.dataset import Dataset, DatasetInfo
from livebench.data.split import split_videos
from livebench.importers.collection import Options
from livebench.importers.importing import import_dataset
from livebench.importers.table_files import read_tables


@pytest.fixture(scope="module")
def real(tmp_path_factory, shared) -> Dataset:
    """The 564 real videos, 364/100/100."""
    if not (shared / "bilibili").is_dir():
        pytest.skip(f"{shared / 'bilibili'} is not here")
    return import_dataset(
        read_tables,
        shared / "bilibili",
        tmp_path_factory.mktemp("real") / "bilibili",
        DatasetInfo("bilibili"),
        Options(dev=100, test=100, skip_bad_rows=True),
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_the_real_data_is_clean_however_it_is_split(real, tmp_path, seed):
    plan = Plan(real)
    ids = [video.video_id for video in plan.videos]
    for number, split in enumerate(split_videos(ids, dev=100, test=100, seed=seed)):
        plan.change(number, split=split)
    audit = audit_dataset(plan.write(tmp_path / "split"))
    assert (audit.leaks, audit.duplicates) == ((), ())


@pytest.mark.slow
def test_leaks_planted_in_the_real_data(real, tmp_path):
    plan = Plan(real)
    busy = [n for n, rows in enumerate(plan.rows) if len(rows) >= 300]
    train, dev, test = (
        [n for n in busy if plan.videos[n].split == s] for s in ("train", "dev", "test")
    )
    whole, most, third, halves, title_of = train[0], test[0], train[1], dev[0], train[2]
    ids = [video.video_id for video in plan.videos]
    plan.add(whole, plan.rows[whole], video_id="x-whole", title="一", split="test")
    plan.add(most, some(plan.rows[most], 0.7), 7250, video_id="x-most", title="二", split="train")
    plan.add(third, some(plan.rows[third], 0.3), 900, video_id="x-third", title="三", split="dev")
    plan.add(halves, some(plan.rows[halves], 0.5, 1), video_id="x-half", title="四")
    plan.rows[halves] = some(plan.rows[halves], 0.5, 2)
    plan.change(dev[1], title=f"【{plan.videos[title_of].title}】")
    audit = audit_dataset(plan.write(tmp_path / "planted"))
    assert {(leak.kind, leak.splits, leak.videos) for leak in audit.leaks} == {
        ("same comments", ("train", "test"), (ids[whole], "x-whole")),
        ("same comments", ("train", "test"), (ids[most], "x-most")),
        ("same comments", ("train", "dev"), (ids[third], "x-third")),
        ("same title", ("train", "dev"), tuple(sorted((ids[title_of], ids[dev[1]])))),
    }
    assert [(d.kind, d.split, d.videos) for d in audit.duplicates] == [
        ("same comments", "dev", (ids[halves], "x-half"))
    ]


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.3, 0.1])
def test_real_comments_copied_from_training_into_test(real, tmp_path, share):
    plan = Plan(real)
    rng = np.random.default_rng(0)
    train = np.concatenate(
        [rows for v, rows in zip(plan.videos, plan.rows, strict=True) if v.split == "train"]
    )
    for number, video in enumerate(plan.videos):
        if video.split == "test":
            rows = plan.rows[number]
            copied = rng.choice(train, round(len(rows) * share), replace=False)
            plan.rows[number] = np.concatenate([copied, some(rows, 1 - share)])
    audit = audit_dataset(plan.write(tmp_path / "planted"))
    assert [(leak.kind, leak.splits) for leak in audit.leaks] == [
        ("shared comments", ("test", "train"))
    ]
    planted = {video.video_id for video in plan.videos if video.split == "test"}
    assert set(audit.leaks[0].videos) <= planted
    assert len(audit.leaks[0].videos) >= (90 if share == 0.3 else 10)
    assert audit.duplicates == ()
