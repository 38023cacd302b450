"""Samples of the protocol `paper`, against what the protocol says, read from the dataset anew."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter

import numpy as np
import pyarrow.parquet as pq
import pytest

from livebench.candidates.freeze import build_set
from livebench.candidates.protocol import load_protocol
from livebench.data.dataset import Dataset
from livebench.data.tokens import words_of
from livebench.files import gzip_content

MOST = ("samples.jsonl.gz", "answers.jsonl.gz")


def table_of(dataset):
    """(video, second, tokens, text, time) of each comment, in the order of the dataset."""
    table = pq.read_table(dataset.path / "comments.parquet")
    columns = [table[name].to_pylist() for name in ("video_id", "time", "tokens", "text")]
    return [
        (video, int(time * 1000 + 0.5) // 1000, tokens, text, time)
        for video, time, tokens, text in zip(*columns, strict=True)
    ]


@pytest.fixture(scope="module")
def rows(dataset):
    return table_of(dataset)


@pytest.fixture(scope="module")
def train(dataset, rows):
    """How often each comment occurs in training."""
    videos = {video.video_id for video in dataset.videos if video.split == "train"}
    return Counter(tokens for video, _, tokens, _, _ in rows if video in videos)


@pytest.fixture(scope="module")
def pairs(frozen):
    return list(zip(frozen.samples(), frozen.answers(), strict=True))


def of_type(sample, answer, kind):
    found = zip(sample.candidate_tokens, answer.types, strict=True)
    return {tokens for tokens, one in found if one == kind}


def second_of(rows, sample):
    return [row[2] for row in rows if row[:2] == (sample.video_id, sample.time)]


def test_which_moments(dataset, rows, pairs, frozen):
    test = {video.video_id for video in dataset.videos if video.split == "test"}
    counts = Counter(row[:2] for row in rows if row[0] in test)
    expected = sorted(moment for moment, count in counts.items() if count >= 5)
    assert [(sample.video_id, sample.time) for sample, _ in pairs] == expected
    assert len(expected) == 60
    assert [sample.sample_id for sample, _ in pairs] == [f"{v}@{s}" for v, s in expected]
    few = sum(count < 5 for count in counts.values())
    assert frozen.manifest.left_out == {"too few comments": few}
    assert frozen.manifest.videos == len({video for video, _ in expected})


def test_a_hundred_distinct_candidates(pairs):
    for sample, _ in pairs:
        assert len(set(sample.candidate_tokens)) == len(sample.candidate_tokens) == 100
        words = [words_of(text) for text in sample.candidates]
        assert words == sample.candidate_tokens


def test_correct_are_the_first_five_of_the_second_merged(rows, pairs):
    merged = 0
    for sample, answer in pairs:
        expected = set(second_of(rows, sample)[:5])
        merged += len(expected) < 5
        assert of_type(sample, answer, "correct") == expected
    assert merged  # the data has such a case


def test_no_other_comment_of_the_second_is_a_candidate(rows, pairs):
    more = 0
    for sample, answer in pairs:
        wrong = set(sample.candidate_tokens) - of_type(sample, answer, "correct")
        assert not wrong & set(second_of(rows, sample))
        more += len(set(second_of(rows, sample))) > 5
    assert more


def test_wrong_ones_come_from_training(train, pairs):
    for sample, answer in pairs:
        for tokens, kind, count in zip(
            sample.candidate_tokens, answer.types, answer.train_counts, strict=True
        ):
            assert count == train[tokens]
            assert count or kind == "correct"


def reference_plausible(train, title):
    """The 50 training comments nearest to the title, from a dense matrix and a full sort."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    strings = sorted(train)
    vectorizer = TfidfVectorizer(token_pattern=r"[^ ]+", lowercase=False)
    dense = vectorizer.fit_transform(strings).toarray() @ vectorizer.transform([title]).toarray().T
    similarity = np.round(dense[:, 0], 9)
    order = np.argsort(-similarity, kind="stable")
    return [strings[place] for place in order if similarity[place] > 0][:50]


def test_types_in_the_order_of_filling(dataset, rows, train, pairs):
    titles = {video.video_id: words_of(video.title) for video in dataset.videos}
    nearest = {name: reference_plausible(train, titles[name]) for name in titles}
    popular = sorted(train, key=lambda tokens: (-train[tokens], tokens))[:20]
    shared = 0
    for sample, answer in pairs:
        taken = set(second_of(rows, sample))
        plausible = [one for one in nearest[sample.video_id] if one not in taken][:30]
        assert of_type(sample, answer, "plausible") == set(plausible)
        expected = [one for one in popular if one not in taken and one not in plausible]
        assert of_type(sample, answer, "popular") == set(expected)
        shared += len(expected) < 20
        assert Counter(answer.types)["random"] == 100 - sum(
            answer.types.count(kind) for kind in ("correct", "plausible", "popular")
        )
    assert shared


def test_random_ones_are_uniform_over_distinct_comments(train, pairs):
    """Frequent comments are drawn no more often than rare ones: a chi-square over all samples."""
    from scipy.stats import chisquare

    candidates = Counter()
    possible = Counter()
    for sample, answer in pairs:
        random = of_type(sample, answer, "random")
        open_to_it = set(train) - set(sample.candidate_tokens) | random
        for tokens in open_to_it:
            possible[min(train[tokens], 3)] += len(random) / len(open_to_it)
        candidates.update(min(train[tokens], 3) for tokens in random)
    groups = sorted(possible)
    observed = [candidates[group] for group in groups]
    expected = np.array([possible[group] for group in groups])
    assert len(groups) == 3
    assert chisquare(observed, expected * sum(observed) / expected.sum()).pvalue > 1e-4


def test_counts_and_lengths(frozen, pairs, dataset):
    categories = {video.video_id: video.category for video in dataset.videos}
    types = Counter()
    for sample, answer in pairs:
        assert answer.sample_id == sample.sample_id
        assert answer.video_id == sample.video_id
        assert answer.category == categories[sample.video_id]
        assert answer.n_context == len(sample.context)
        assert answer.lengths == [len(tokens.split(" ")) for tokens in sample.candidate_tokens]
        types.update(answer.types)
    assert frozen.manifest.types == types
    assert sum(types.values()) == 100 * len(pairs)


def test_context(rows, pairs):
    for sample, _ in pairs:
        middle = sample.time + 0.5
        video = [row for row in rows if row[0] == sample.video_id]
        others = [
            (round(abs(row[4] - middle), 3), place, row)
            for place, row in enumerate(video)
            if row[1] != sample.time
        ]
        expected = [(row[4], row[2]) for _, _, row in sorted(others)[:5]]
        assert [(one.time, one.tokens) for one in sample.context] == expected
        assert all(words_of(one.text) == one.tokens for one in sample.context)


def test_frames(dataset, pairs):
    counts = {video.video_id: video.frame_count for video in dataset.videos}
    ends = 0
    for sample, _ in pairs:
        frames = range(counts[sample.video_id])
        expected = sorted(frames, key=lambda frame, s=sample: (abs(frame - s.time), frame))[:5]
        assert sample.frames == expected
        ends += sample.time >= len(frames)
    assert ends  # a moment past the last frame


def test_the_order_of_candidates_tells_nothing(pairs):
    places = {kind: [] for kind in ("correct", "plausible", "popular", "random")}
    for _, answer in pairs:
        for place, kind in enumerate(answer.types):
            places[kind].append(place)
    for kind, found in places.items():
        # 49.5 in the mean, within four standard deviations of a mean of so many
        assert abs(np.mean(found) - 49.5) < 4 * np.sqrt((100**2 - 1) / 12 / len(found)), kind
    tenths = np.bincount(np.array(places["correct"]) // 10, minlength=10)
    assert tenths.min() > 0


def test_the_same_candidate_stands_at_other_places_in_other_samples(pairs):
    places = [
        sample.candidate_tokens.index(sorted(sample.candidate_tokens)[50]) for sample, _ in pairs
    ]
    assert len(set(places)) > 20


def hashes(path):
    return [gzip_content(path / name)[0] for name in MOST]


def test_a_smaller_maximum_gives_some_of_the_same_samples(dataset, crowded, pairs, tmp_path):
    whole = {sample.sample_id: (sample, answer) for sample, answer in pairs}
    before = set()
    for maximum in (1, 7, 30, 59, 60, 500):
        found = build_set(
            dataset, load_protocol(str(crowded)), tmp_path / f"{maximum}", max_samples=maximum
        )
        some = list(zip(found.samples(), found.answers(), strict=True))
        names = [sample.sample_id for sample, _ in some]
        assert len(names) == len(set(names)) == min(maximum, 60)
        assert names == [name for name in whole if name in set(names)]  # by video and second
        assert before <= set(names)
        for sample, answer in some:
            assert (sample, answer) == whole[sample.sample_id]
        assert found.manifest.left_out.get("beyond the maximum", 0) == max(0, 60 - maximum)
        before = set(names)


def test_another_seed_draws_others_and_the_same_seed_the_same(dataset, crowded, frozen, tmp_path):
    again = build_set(dataset, load_protocol(str(crowded)), tmp_path / "tiny-paper")
    other = build_set(dataset, load_protocol(str(crowded)), tmp_path / "other", seed=1)
    assert hashes(again.path) == hashes(frozen.path)
    assert again.manifest.hash == frozen.manifest.hash
    for one, two in zip(frozen.samples(), other.samples(), strict=True):
        assert one.sample_id == two.sample_id
        assert one.candidates != two.candidates


def test_the_other_split(dataset, tmp_path):
    found = build_set(dataset, load_protocol("paper"), tmp_path / "dev", split="dev")
    dev = {video.video_id for video in dataset.videos if video.split == "dev"}
    assert {sample.video_id for sample in found.samples()} == dev
    assert found.manifest.split == "dev"


@pytest.mark.slow
def test_the_same_bytes_in_another_process(dataset, crowded, frozen, tmp_path):
    out = tmp_path / "tiny-paper"
    command = [sys.executable, "-m", "livebench", "build-candidates", str(dataset.path)]
    environment = {**os.environ, "PYTHONHASHSEED": "1234", "OMP_NUM_THREADS": "1"}
    subprocess.run(
        [*command, "--protocol", str(crowded), "--out", str(out), "--quiet"],
        env={**environment, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        check=True,
        capture_output=True,
        cwd=tmp_path,
    )
    for name in ("samples.jsonl.gz", "answers.jsonl.gz", "manifest.json"):
        assert (out / name).read_bytes() == (frozen.path / name).read_bytes()


def test_too_small_a_dataset(tmp_path, run, refused, write_table, listing):
    """One training video with 90 distinct comments, one test video with a moment of 5 others."""
    write_table(
        tmp_path / "src" / "videos.csv",
        [
            ("video_id", "title", "category", "duration"),
            ("a", "一", "x", 100),
            ("b", "二", "x", 100),
        ],
    )
    arguments = ("--dev", 0, "--test", 1, "--seed")
    moment = [("b", 10 + k / 10, f"对{k}") for k in range(5)]

    def build(count, out):
        rows = [("a", k, f"一 {k}") for k in range(count)] + moment
        write_table(tmp_path / "src" / "comments.csv", [("video_id", "time", "text"), *rows])
        for seed in range(50):  # until b is for test
            name = f"{out}-{seed}"
            assert run("import", "tables", "src", "--out", name, *arguments, seed).status == 0
            if Dataset(tmp_path / name).videos[1].split == "test":
                return name
        return None

    name = build(94, "small")
    before = listing(tmp_path)
    message = refused("build-candidates", name, "--protocol", "paper", "--out", "sets/x", "--quiet")
    assert message == (
        f"{name}, video b, second 10: only 99 distinct candidates of 100; import more training videos"
    )
    assert [one for one in listing(tmp_path) if one not in before] in ([], ["sets"])
    enough = build(95, "enough")
    done = run("build-candidates", enough, "--protocol", "paper", "--out", "sets/x")
    assert done.status == 0, done
    assert "1 samples of 1 videos" in done.out


def test_a_title_without_a_known_word_is_named(tmp_path, run, tables):
    folder = tables(tmp_path / "src")
    path = folder / "videos.csv"
    changed = path.read_text("utf-8").splitlines()
    changed = [
        changed[0],
        *(f"{row.split(',')[0]},xyzzy{n},,60" for n, row in enumerate(changed[1:])),
    ]
    path.write_text("\n".join(changed), "utf-8")
    options = ("--dev", 4, "--test", 10, "--seed", 1)
    assert run("import", "tables", folder, "--out", "d", *options).status == 0
    done = run("build-candidates", "d", "--protocol", "paper", "--out", "sets/x")
    assert done.status == 0, done
    manifest = json.loads((tmp_path / "sets" / "x" / "manifest.json").read_text("utf-8"))
    assert len(manifest["without_plausible"]) == 10
    assert "plausible" not in manifest["types"] or manifest["types"]["plausible"] == 0
    for name in manifest["without_plausible"]:
        assert f"video {name}: a sample has no plausible candidate" in done.err


BAD = {
    "no dataset": (
        ("nowhere", "--protocol", "paper", "--out", "x"),
        "nowhere: dataset not found; ",
    ),
    "no protocol": (("{}", "--protocol", "papers", "--out", "x"), "papers: protocol not found; "),
    "no protocol file": (("{}", "--protocol", "p.toml", "--out", "x"), "p.toml: no such file"),
    "nothing": ((), "build-candidates: neither"),
    "no out": (("{}", "--protocol", "paper"), "build-candidates: neither"),
    "both": (("{}", "--restore", "{}", "--out", "y"), "build-candidates: neither"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_built(dataset, tmp_path, refused, listing, case):
    arguments, message = BAD[case]
    found = refused("build-candidates", *(one.format(dataset.path) for one in arguments))
    assert found.startswith(message)
    assert listing(tmp_path) == []


def test_an_existing_set_is_kept(dataset, frozen, copy_set, refused, tmp_path, listing):
    copied = copy_set(frozen)
    before = listing(tmp_path), hashes(copied.path)
    message = refused("build-candidates", dataset.path, "--protocol", "paper", "--out", copied.path)
    assert message == f"{copied.path}: exists already; remove it or choose another --out"
    assert (listing(tmp_path), hashes(copied.path)) == before


def test_draws_are_sha256():
    from livebench.draws import draw

    digest = hashlib.sha256("7\0v@1\0哈 哈".encode()).hexdigest()
    assert draw(7, "v@1", "哈 哈") == int(digest[:32], 16)
