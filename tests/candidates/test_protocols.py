"""The files of the protocols: what is refused, and what each of the released codes' rules builds."""

from collections import Counter

import pytest

from livebench.candidates.build import Builder
from livebench.candidates.protocol import bundled_protocols, load_protocol, protocol_fields
from livebench.errors import LiveBenchError


@pytest.mark.parametrize("name", bundled_protocols())
def test_every_field_has_a_reason(name):
    protocol = load_protocol(name)
    assert protocol.name == name
    explained = {"name", "version", "summary", "source", *protocol.reasons}
    assert set(protocol_fields(protocol)) == explained


@pytest.fixture
def paper_text():
    from importlib.resources import files

    folder = files("livebench.candidates") / "protocols"
    return (folder / "paper.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("max_samples = 5000\n", "", "missing required field `max_samples` - at `$.moments`"),
        ("max_samples = 5000", "max_samples = 0", "`int` >= 1 - at `$.moments.max_samples`"),
        ("max_samples = 5000", 'max_samples = "x"', "Expected `int`, got `str`"),
        ("min_comments = 5", "min_comment = 5", "unknown field `min_comment` - at `$.moments`"),
        ('query = "title"', 'query = "plot"', "Invalid enum value 'plot' - at `$.wrong[0].query`"),
        ('type = "popular"', 'type = "famous"', "Invalid value 'famous' - at `$.wrong[1].type`"),
        ('type = "popular"', 'type = "random"', "unknown field"),
        ('rule = "nearest"', 'rule = "far"', "Invalid value 'far' - at `$.context.rule`"),
        ('splits = ["train"]', "splits = []", "`$.pool.splits`"),
        (
            "alike = []",
            'alike = ["train_count"]',
            "pool.alike: needs a single correct",
        ),
        ("count = 100", "count = 10", "the counts and correct.count make 65 candidates of 100"),
        (
            "min_characters = 1",
            "min_characters = 2000000",
            "min_characters: above comments.max",
        ),
        ('"wrong.order"', '"wrong.odor"', "reasons.wrong.odor: there is no field of this name"),
        ("[comments]", "[comments", "line"),
    ],
)
def test_a_wrong_file_is_refused_with_file_and_field(tmp_path, paper_text, old, new, message):
    assert old in paper_text
    path = tmp_path / "mine.toml"
    path.write_text(paper_text.replace(old, new, 1), "utf-8")
    with pytest.raises(LiveBenchError) as error:
        load_protocol(str(path))
    assert str(error.value).startswith((f"{path}: ", f"{path}, "))
    assert message in str(error.value)


def test_random_must_come_last(tmp_path, paper_text):
    path = tmp_path / "mine.toml"
    head, plausible, popular, rest = paper_text.split("[[wrong]]")
    last, tail = rest.split("[context]")
    swapped = "[[wrong]]".join([head, last, plausible, popular])
    path.write_text(f"{swapped}\n[context]{tail}", "utf-8")
    with pytest.raises(LiveBenchError, match="the last type is not random"):
        load_protocol(str(path))


def test_a_protocol_of_ones_own(tmp_path, paper_text):
    path = tmp_path / "mine.toml"
    path.write_text(paper_text.replace('name = "paper"', 'name = "mine"'), "utf-8")
    assert load_protocol(str(path)).name == "mine"


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(
        LiveBenchError, match="nice: protocol not found; available: lancopku, live, matched"
    ):
        load_protocol("nice")


def _rows(dataset, video_id):
    """(second, string) of the comments of a video, in order."""
    number = next(i for i, video in enumerate(dataset.videos) if video.video_id == video_id)
    part = dataset.comments.of(number)
    strings = [dataset.comments.strings[i] for i in dataset.comments.string[part]]
    return list(zip((dataset.comments.time_ms[part] // 1000).tolist(), strings, strict=True))


def _built(dataset, name, count=30):
    return list(Builder(dataset, load_protocol(name), split="test", seed=0).samples(count))


def _typed(sample, answer):
    return zip(sample.candidate_tokens, answer.types, strict=True)


def test_opennmt(dataset):
    built = _built(dataset, "opennmt")
    assert len(built) > 10
    for sample, answer in built:
        correct = {t for t, k in _typed(sample, answer) if k == "correct"}
        around = [comment.tokens for comment in sample.context]
        assert len(around) == 5
        assert not correct & set(around)
        rows = _rows(dataset, sample.video_id)
        near = Counter(s for second, s in rows if abs(second - sample.time) <= 3)
        assert not Counter(around) - near
        assert all(2 <= len(t.replace(" ", "")) <= 50 for t in sample.candidate_tokens)


def test_opennmt_draws_its_context_anew_for_each_seed(dataset):
    contexts = {
        tuple(comment.time for comment in sample.context)
        for seed in range(5)
        for sample, _ in Builder(
            dataset, load_protocol("opennmt"), split="test", seed=seed
        ).samples(5000)
        if sample.time == 11
    }
    assert len(contexts) > 5


def test_videoic(dataset):
    built = _built(dataset, "videoic")
    assert len(built) == 30
    train = Counter(s for v in dataset.split("train").videos for _, s in _rows(dataset, v.video_id))
    frames = {video.video_id: video.frame_count for video in dataset.videos}
    for sample, answer in built:
        assert sorted(sample.frames) == list(range(sample.time - 5, sample.time + 6))
        assert sample.time + 5 < frames[sample.video_id]
        rows = _rows(dataset, sample.video_id)
        window = [s for t, s in rows if 0 < abs(t - sample.time) <= 5]
        assert Counter(c.tokens for c in sample.context) == Counter(window)
        popular = [t for t, k in _typed(sample, answer) if k == "popular"]
        assert all(train[string] > 100 for string in popular)


def test_lancopku_takes_whole_seconds_before_first(dataset):
    for sample, _ in _built(dataset, "lancopku"):
        rows = _rows(dataset, sample.video_id)
        order = [sample.time + step * sign for step in (1, 2, 3) for sign in (-1, 1)]
        expected = [s for near in order for t, s in rows if t == near][:5]
        assert [comment.tokens for comment in sample.context] == expected


class TestCommands:
    def test_list(self, run):
        done = run("protocols")
        assert done.status == 0
        assert [line.split()[0] for line in done.out.splitlines()[::2]] == bundled_protocols()

    def test_diff_shows_values_and_reasons(self, run):
        done = run("protocols", "diff", "paper", "lancopku")
        lines = done.out.splitlines()
        assert "wrong.plausible.query" in lines
        at = lines.index("wrong.plausible.query")
        assert lines[at + 1].split()[:2] == ["paper", "title"]
        assert lines[at + 2].split()[:2] == ["lancopku", "context"]
        assert "joined" in lines[at + 2]
        assert "correct.count" not in lines

    def test_diff_of_one_with_itself_is_empty(self, run):
        assert run("protocols", "diff", "paper", "paper").out == ""

    def test_show(self, run):
        out = run("protocols", "show", "matched").out
        assert "wrong.list.distance" in out

    def test_diff_of_an_unknown_one(self, refused):
        assert "x: protocol not found" in refused("protocols", "diff", "paper", "x")
