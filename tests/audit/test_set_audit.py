"""The audit of a candidate set: planted shortcuts are found, and where there is none, none is."""

import json
from math import exp

import msgspec
import numpy as np
import pytest

from livebench.audit.learned_probes import boosted_trees, held_out_scores, surface
from livebench.audit.memory_probes import PROBES
from livebench.audit.probes import Characters, all_probes
from livebench.audit.set_audit import (
    audit_set,
    describe_set_audit,
    has_shortcut,
    judge,
    read_audit,
    write_audit,
)
from livebench.candidates.candidate_set import CandidateSet
from livebench.candidates.freeze import build_set
from livebench.candidates.protocol import load_protocol
from livebench.errors import LiveBenchError
from livebench.scoring.metrics import METRICS, Interval, recall_at
from livebench.scoring.scorer import Comment
from livebench.scoring.significance import shift_p


@pytest.fixture(scope="module")
def matched(world, tmp_path_factory):
    out = tmp_path_factory.mktemp("audited") / "world-matched"
    return build_set(world, load_protocol("matched"), out, max_samples=200)


@pytest.fixture(scope="module")
def audited(matched, world):
    return audit_set(matched, world)


@pytest.fixture(scope="module")
def audited_paper(frozen, dataset):
    return audit_set(frozen, dataset)


def _by_name(audit):
    return {finding.probe: finding for finding in audit.findings}


class TestPaper:
    @pytest.mark.slow
    def test_the_string_lookup_is_found(self, audited_paper):
        finding = _by_name(audited_paper)["not: in training"]
        assert finding.verdict == "shortcut"
        assert finding.metrics["MRR"].value > 2 * audited_paper.chance["MRR"]
        assert has_shortcut(audited_paper)
        assert "without any understanding of the moment" in audited_paper.verdict

    def test_its_mirror_is_none(self, audited_paper):
        assert _by_name(audited_paper)["in training"].verdict == "chance"

    def test_resembling_the_context_is_allowed(self, audited_paper):
        assert _by_name(audited_paper)["similar to context"].family == "content"
        assert _by_name(audited_paper)["not: similar to context"].family == "shortcut"

    def test_each_type_alone(self, audited_paper):
        finding = _by_name(audited_paper)["not: in training"]
        assert set(finding.by_type) == {"plausible", "popular", "random"}
        assert all(alone.mrr.value > alone.chance for alone in finding.by_type.values())


class TestMatched:
    @pytest.mark.slow
    def test_what_is_matched_is_exactly_chance(self, audited):
        # 1 of 100: R@1 1, R@5 5, R@10 10, mean rank 50.5, MRR H(100) / 100
        harmonic = sum(1 / rank for rank in range(1, 101)) / 100
        chance = {"R@1": 1, "R@5": 5, "R@10": 10, "MR": 50.5, "MRR": harmonic}
        for name in ("in training", "not: in training"):
            metrics = _by_name(audited)[name].metrics
            assert {metric: metrics[metric].value for metric in chance} == pytest.approx(chance)
            assert _by_name(audited)[name].verdict == "chance"
            assert _by_name(audited)[name].p > 0.3

    def test_the_place_of_the_correct_one_is_no_shortcut(self, audited):
        assert _by_name(audited)["stored late"].verdict in ("chance", "open")
        assert _by_name(audited)["not: stored late"].verdict in ("chance", "open")

    def test_what_others_show_is_exactly_chance(self, audited):
        harmonic = sum(1 / rank for rank in range(1, 101)) / 100
        found = [finding for finding in audited.findings if finding.family == "memory"]
        assert len(found) == 4 * len(PROBES)
        for finding in found:
            assert finding.metrics["MRR"].value == pytest.approx(harmonic), finding.probe
            assert finding.verdict == "chance"

    def test_chance_against_a_type_alone(self, audited, matched):
        # The correct one among 1 + n: H(1 + n) / (1 + n)
        sizes = [1 + answer.types.count("elsewhere") for answer in matched.answers()]
        expected = np.mean([sum(1 / rank for rank in range(1, n + 1)) / n for n in sizes])
        assert audited.findings[0].by_type["elsewhere"].chance == pytest.approx(expected)


def test_every_probe_but_the_learned_has_its_mirror(matched, world):
    probes = {p.name: p.scores for p in all_probes(matched, world, list(matched.answers()))}
    names = [name for name in probes if not name.startswith(("not: ", "learned: "))]
    assert len(names) == 16 + 2 * len(PROBES)
    for name in names:
        assert (probes[f"not: {name}"] == -probes[name]).all()


def _planted(rng, samples=200, candidates=20):
    videos = [f"v{i // 20}" for i in range(samples)]
    correct = np.zeros((samples, candidates), bool)
    correct[np.arange(samples), rng.integers(0, candidates, samples)] = True
    return videos, correct


def _top(scores, correct):
    """Share of the samples in which the correct one has the highest score; chance is 1/20."""
    return (scores.argmax(axis=1) == correct.argmax(axis=1)).mean()


class TestLearned:
    def test_a_feature_that_tells_is_found(self):
        rng = np.random.default_rng(0)
        videos, correct = _planted(rng)
        features = rng.random(correct.shape) + 0.5 * correct
        ids = np.arange(correct.size).reshape(correct.shape)
        scores = held_out_scores(boosted_trees(features.reshape(-1, 1)), correct, videos, ids)
        assert _top(scores, correct) > 0.25

    def test_what_tells_in_its_own_video_alone_is_not(self):
        """In video k the correct one has k and a little, the others anything."""
        rng = np.random.default_rng(0)
        videos, correct = _planted(rng)
        video = np.repeat(np.arange(10), 20)[:, None]
        features = np.where(correct, video + rng.random(correct.shape) / 10, 0)
        features = np.where(correct, features, 10 * rng.random(correct.shape))
        ids = np.arange(correct.size).reshape(correct.shape)
        rows = np.arange(correct.size)
        fit_predict = boosted_trees(np.column_stack([features.ravel(), np.repeat(video, 20)]))
        own = fit_predict(rows, correct.ravel(), rows).reshape(correct.shape)
        assert _top(own, correct) > 0.5
        held_out = held_out_scores(boosted_trees(features.reshape(-1, 1)), correct, videos, ids)
        assert _top(held_out, correct) < 0.15

    def test_comments_of_the_scored_videos_are_not_fitted_on(self):
        """Each comment has its own feature and is correct in one video, wrong in the others: with them
        in the fit, correct ones would be known as wrong."""
        rng = np.random.default_rng(0)
        videos, correct = _planted(rng)
        ids = np.array([rng.permutation(20) for _ in range(200)])
        seen = []

        def spy(train, is_correct, test):
            seen.append(set(ids.ravel()[train]) & set(ids.ravel()[test]))
            return np.zeros(len(test))

        scores = held_out_scores(spy, correct, videos, ids)
        assert all(not shared for shared in seen)
        assert scores.shape == correct.shape

    def test_a_single_video(self):
        correct = np.eye(20, dtype=bool)
        found = held_out_scores(None, correct, ["v"] * 20, np.zeros((20, 20)))
        assert (found == 0).all()


def test_surface():
    # "哈哈 ab 1 ！": 6 characters, 4 words, 5 distinct, longest run 2
    found = surface("哈哈 ab 1 ！")
    assert found == (6, 4, 1.5, 5 / 6, 2, 2 / 6, 2 / 6, 1 / 6, 1 / 6, 0, 0, 3)


def test_characters_is_a_distribution(dataset):
    scorer = Characters()
    scorer.fit(dataset.split("train"))
    known = [mark for mark in scorer._single if mark != Characters.END]

    def p(text):
        return exp(scorer.score(None, [], Comment(text, text)))

    def ends(text):  # probability of all comments that begin with `text`
        return p(text)

    # After the beginning: p(first mark) summed over marks, "end at once", and the unknown mark, is 1.
    # p(first mark) is p of the comment of that mark alone over p(end | mark).
    total = 0.0
    for mark in known:
        end_given = (scorer._pair[mark + "\n"] + (scorer._single["\n"] + 1) / scorer._total) / (
            scorer._single[mark] + 1
        )
        total += ends(mark) / end_given
    at_once = (scorer._pair["\n\n"] + (scorer._single["\n"] + 1) / scorer._total) / (
        scorer._single["\n"] + 1
    )
    unknown = 1 / scorer._total / (scorer._single["\n"] + 1)
    assert total + at_once + unknown == pytest.approx(1)


def test_shift_p_against_all_shifts():
    # One video: the only shift is of all its samples together, so 100 cases, each as likely.
    places = np.array([[3], [10], [50]])
    means = [np.mean([1 / (1 + (p + shift) % 100) for p in (3, 10, 50)]) for shift in range(100)]
    for observed in (0.01, 0.1, 0.36):
        exact = np.mean([mean >= observed - 1e-9 for mean in means])
        # 10,000 random shifts: the standard error is at most .005
        assert shift_p(places, ["v"] * 3, observed) == pytest.approx(exact, abs=0.02)


def test_shift_p_of_several_correct_ones():
    # The best of the places 0 and 50 is at worst 49 below: 1 / (1 + min) over 100 shifts.
    places = np.array([[0, 50]])
    means = [1 / (1 + min(shift % 100, (50 + shift) % 100)) for shift in range(100)]
    exact = np.mean([mean >= 0.1 for mean in means])
    assert shift_p(places, ["v"], 0.1) == pytest.approx(exact, abs=0.02)


def test_shift_p_is_never_0():
    videos = [f"v{i}" for i in range(100)]
    assert shift_p(np.zeros((100, 1), int), videos, 1.0) == pytest.approx(1 / 10_001)


@pytest.mark.parametrize("together", [True, False])
def test_shift_p_keeps_its_level(together):
    """Of sets without a shortcut 5% come out below .05, whether the samples of a video hang together."""
    rng = np.random.default_rng(0)
    videos = np.repeat([f"v{i}" for i in range(20)], 10)
    found = []
    for seed in range(200):
        places = rng.integers(0, 100, (20, 1) if together else (20, 10))
        places = np.broadcast_to(places, (20, 10)).reshape(-1, 1)
        found.append(shift_p(places, videos, float((1 / (1 + places)).mean()), seed=seed))
    # 200 draws of probability .05: 3 standard deviations are .046
    assert abs(np.mean(np.array(found) < 0.05) - 0.05) < 0.046


@pytest.mark.parametrize(
    ("family", "value", "high", "p", "verdict"),
    [
        ("shortcut", 0.2, 0.3, 0.01, "shortcut"),
        ("memory", 0.2, 0.3, 0.01, "shortcut"),
        ("content", 0.2, 0.3, 0.01, "allowed"),
        ("test text", 0.2, 0.3, 0.01, "reported"),
        ("shortcut", 0.2, 0.3, 0.05, "open"),
        ("memory", 0.2, 0.3, 0.05, "open"),
        ("content", 0.2, 0.3, 0.05, "chance"),
        ("test text", 0.2, 0.3, 0.05, "chance"),
        ("shortcut", 0.11, 0.12, 0.5, "chance"),
        ("shortcut", 0.11, 0.1201, 0.5, "open"),
        ("shortcut", 0.05, 0.06, 1.0, "chance"),
    ],
)
def test_verdicts(family, value, high, p, verdict):
    """Where chance is .1: what beats it, and what leaves more than .02 of room."""
    assert judge(family, Interval(value, 0.0, high), 0.1, p) == verdict


@pytest.mark.slow
def test_one_more_metric_leaves_verdicts_as_they_are(frozen, dataset, audited_paper, monkeypatch):
    """R@50 behind the others, where a reader of the last column would take it for MRR."""
    monkeypatch.setattr("livebench.scoring.metrics.METRICS", [*METRICS, recall_at(50)])
    audited = audit_set(frozen, dataset)
    assert audited.verdict == audited_paper.verdict
    for finding, before in zip(audited.findings, audited_paper.findings, strict=True):
        assert "R@50" in finding.metrics
        metrics = {name: finding.metrics[name] for name in before.metrics}
        assert msgspec.structs.replace(finding, metrics=metrics) == before


class TestFrozen:
    def test_round_trip(self, matched, audited, copy_set):
        copy = copy_set(matched)
        assert read_audit(copy) is None
        write_audit(copy, audited)
        read = read_audit(copy)
        assert describe_set_audit(read) == describe_set_audit(audited)
        assert read.seal

    def test_a_change_is_noticed(self, matched, audited, copy_set):
        copy = copy_set(matched)
        path = write_audit(copy, audited)
        path.write_text(path.read_text("utf-8").replace("shortcut", "allowed", 1), "utf-8")
        with pytest.raises(LiveBenchError, match=r"audit\.json: (changed|Invalid)"):
            read_audit(copy)

    def test_the_audit_of_another_set(self, frozen, audited, copy_set):
        copy = copy_set(frozen)
        write_audit(copy, audited)
        with pytest.raises(
            LiveBenchError, match="another version of the set; run `livebench audit"
        ):
            read_audit(copy)

    def test_another_dataset_is_refused(self, matched, dataset):
        with pytest.raises(LiveBenchError, match=r"not the dataset that .* was built from"):
            audit_set(matched, dataset)


class TestCommand:
    @pytest.mark.slow
    def test_strict(self, run, frozen, dataset, copy_set):
        copy = copy_set(frozen)
        arguments = ("audit", copy.path, "--dataset", dataset.path, "--quiet")
        assert run(*arguments, "--strict").status == 1  # without it 0: test_json
        assert (copy.path / "audit.json").exists()

    @pytest.mark.slow
    def test_json(self, run, frozen, dataset, copy_set):
        copy = copy_set(frozen)
        done = run("audit", copy.path, "--dataset", dataset.path, "--json")
        assert done.status == 0
        found = json.loads(done.out)
        assert found["set_hash"] == frozen.manifest.hash

    @pytest.mark.slow
    def test_the_verdict_is_said_and_verify_looks_at_it(self, run, frozen, dataset, copy_set):
        copy = copy_set(frozen)
        assert "not audited" in run("verify", copy.path).out
        done = run("audit", copy.path, "--dataset", dataset.path)
        assert done.out.splitlines()[-1].endswith("as it beats these probes.")
        assert ", audited, " in run("verify", copy.path).out

    @pytest.mark.slow
    def test_text_absent_is_restored(self, run, frozen, dataset, copy_set):
        copy = copy_set(frozen)
        (copy.path / "samples.jsonl.gz").unlink()
        done = run("audit", copy.path, "--dataset", dataset.path)
        assert done.status == 0
        assert CandidateSet(copy.path).has_text

    def test_no_dataset(self, refused, frozen, copy_set):
        assert "is not available; put it into datasets/, or give --dataset" in refused(
            "audit", copy_set(frozen).path
        )

    def test_of_a_dataset(self, run, dataset):
        assert run("audit", dataset.path, "--strict").status == 0
        assert json.loads(run("audit", dataset.path, "--json").out)["leaks"] == []

    def test_neither_a_set_nor_a_dataset(self, refused, tmp_path):
        assert "not a candidate set" in refused("audit", tmp_path)

    def test_a_dataset_that_leaks_is_refused_unless_allowed(
        self, run, refused, tables, tmp_path, write_table
    ):
        source = tables(tmp_path / "source")
        rows = (source / "videos.csv").read_text("utf-8").splitlines()
        # Every second video gets the title of the one before: some pairs lie in two splits.
        for i in range(2, len(rows), 2):
            title = rows[i - 1].split(",")[1]
            rows[i] = ",".join([rows[i].split(",")[0], title, *rows[i].split(",")[2:]])
        (source / "videos.csv").write_text("\n".join(rows) + "\n", "utf-8")
        run("import", "tables", source, "--out", tmp_path / "d", "--dev", "4", "--test", "10")
        build = ("build-candidates", tmp_path / "d", "--protocol", "paper", "--out")
        line = refused(*build, tmp_path / "refused")
        assert "its splits leak into each other" in line
        assert "--allow-overlap" in line
        assert not (tmp_path / "refused").exists()
        done = run(*build, tmp_path / "allowed", "--allow-overlap")
        assert done.status == 0
        assert "+overlap" in done.out
        assert "+overlap" in CandidateSet(tmp_path / "allowed").manifest.signature
        assert "same title" in " ".join(CandidateSet(tmp_path / "allowed").manifest.overlap)
