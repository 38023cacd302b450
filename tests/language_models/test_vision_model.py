"""Vision-language models: a small one with random weights on pixels of the rendered world."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

pytest.importorskip("av")
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("PIL")

from tiny_llama import save_tiny_llama  # noqa: E402 (needs transformers)
from tiny_llava import save_tiny_llava  # noqa: E402

from livebench.cli.main import main  # noqa: E402
from livebench.data.dataset import Dataset  # noqa: E402
from livebench.data.images import NO_IMAGES  # noqa: E402
from livebench.errors import LiveBenchError  # noqa: E402
from livebench.language_models.loading import sees_pictures  # noqa: E402
from livebench.language_models.prompt import line_of, read_prompt  # noqa: E402
from livebench.language_models.vision_model import VisionLanguageModel  # noqa: E402
from livebench.language_models.weights import find_weights  # noqa: E402
from livebench.scoring.plan import VISION_ENTRY  # noqa: E402
from livebench.scoring.scorer import Comment, Sample, VideoContext  # noqa: E402
from livebench.simulated import simulation  # noqa: E402
from livebench.simulated.world_files import render_world  # noqa: E402
from livebench.submissions.entry import installed_class  # noqa: E402

ENCODER = "def means(pictures):\n    return pictures.reshape(len(pictures), -1, 3).mean(1) / 255\n"
SECONDS = [7, 6, 8, 5, 9]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory) -> Dataset:
    """Videos of the rendered world, their pictures kept by `features`."""
    folder = tmp_path_factory.mktemp("rendered")
    (folder / "mean_colours.py").write_text(ENCODER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulation, "SHORTEST_VIDEO", 14)
        patch.setattr(simulation, "LONGEST_VIDEO", 16)
        patch.chdir(folder)
        render_world(folder / "files", seed=3, videos=3)
        for step in (
            "import bilibili files --out ds --dev 1 --test 1 --min-comments 1 --quiet",
            "features ds --videos files --encoder mean_colours:means --keep-images 96 --quiet",
        ):
            with pytest.raises(SystemExit) as ended:
                main(step.split())
            assert not ended.value.code
    return Dataset(folder / "ds")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_llava(tmp_path_factory.mktemp("tiny") / "llava")


@pytest.fixture(scope="module")
def model(folder):
    return VisionLanguageModel(str(folder), device="cpu")


def sample_of(dataset: Dataset, video: int = 0, candidates: int = 100) -> Sample:
    """A moment with 5 pictures, 4 comments and so many candidates."""
    one = dataset.videos[video]
    texts = [dataset.comments.texts[k % len(dataset.comments.texts)] for k in range(candidates)]
    listed = [Comment(text, text) for text in dict.fromkeys([*texts, "好", *map(str, range(100))])]
    around = [Comment(text, text, k - 2.5) for k, text in enumerate(texts[:4])]
    video_ctx = VideoContext(
        7,
        dataset.frames(one, SECONDS),
        np.array(SECONDS) - 7,
        one.title,
        one.category,
        language="zh",
        images=dataset.images(one, SECONDS),
    )
    return Sample(video_ctx, around, listed[:candidates])


def close(found, expected) -> bool:
    pairs = zip(found, expected, strict=True)
    return all(abs(a - b) <= 1e-4 * max(1, abs(b)) for a, b in pairs)


def totals(row):
    return [score.total for score in row]


def with_images(sample: Sample, images) -> Sample:
    return sample._replace(video_ctx=sample.video_ctx._replace(images=images))


def test_scores_are_those_of_the_model(model, folder, rendered):
    """By one pass of transformers over pictures, prompt and comment, put together by hand."""
    sample = sample_of(rendered)
    found = model.score_samples([sample])[0]
    processor = transformers.AutoProcessor.from_pretrained(folder)
    net = transformers.LlavaForConditionalGeneration.from_pretrained(folder).eval()
    pictures = [sample.video_ctx.images[SECONDS.index(second)] for second in sorted(SECONDS)]
    context = "<image>" * 5 + "\n" + read_prompt().context(*sample[:2])
    assert "标题：" in context
    before = processor(text=context, images=pictures, return_tensors="pt")
    for place in (0, 41, 99):
        line = processor.tokenizer(line_of(sample.candidates[place]), add_special_tokens=False)
        ids = torch.tensor([line["input_ids"]])
        with torch.no_grad():
            logits = net(
                input_ids=torch.cat([before["input_ids"], ids], 1),
                pixel_values=before["pixel_values"],
            ).logits[0]
        told = logits[-ids.shape[1] - 1 : -1].double().log_softmax(-1)
        expected = float(told.gather(1, ids[0][:, None]).sum())
        assert close([found[place].total], [expected])
        assert found[place].tokens == ids.shape[1]
    assert model.shares_contexts
    assert model.about["prompt"].startswith("lines-1@")


def test_alone_and_among_100_and_without_sharing(model, folder, rendered):
    sample = sample_of(rendered)
    found = totals(model.score_samples([sample, sample_of(rendered, 1)])[0])
    alone = [model.score(*sample[:2], sample.candidates[place]).total for place in range(0, 100, 9)]
    assert close(alone, found[::9])
    plain = VisionLanguageModel(str(folder), device="cpu", plain=True)
    few = sample._replace(candidates=sample.candidates[:12])
    assert close(totals(plain.score_samples([few])[0]), found[:12])
    small = VisionLanguageModel(str(folder), device="cpu", batch=100)
    assert close(totals(small.score_samples([few])[0]), found[:12])


def test_pictures_change_the_scores_and_those_of_other_videos_otherwise(model, rendered):
    sample = sample_of(rendered, candidates=20)
    own = totals(model.score_samples([sample])[0])
    other = rendered.images(rendered.videos[1], SECONDS)
    third = rendered.images(rendered.videos[2], SECONDS)
    rows = [own] + [
        totals(model.score_samples([with_images(sample, images)])[0])
        for images in (NO_IMAGES, other, third)
    ]
    for place, row in enumerate(rows):
        for before in rows[:place]:
            assert np.abs(np.subtract(row, before)).max() > 0.05
    again = rendered.images(rendered.videos[0], SECONDS)
    assert totals(model.score_samples([with_images(sample, again)])[0]) == own


def test_the_nearest_pictures_in_order_of_time(folder, rendered):
    """Two of the nearest are 7 and 6; the order in which they come is that of time."""
    sample = sample_of(rendered, candidates=5)
    nearest = VisionLanguageModel(str(folder), device="cpu", pictures=2)
    found = totals(nearest.score_samples([sample])[0])
    (video,) = rendered.videos[:1]
    two = sample.video_ctx._replace(
        images=rendered.images(video, [6, 7]), frame_times=np.array([-1, 0])
    )
    all_five = VisionLanguageModel(str(folder), device="cpu")
    assert totals(all_five.score_samples([sample._replace(video_ctx=two)])[0]) == found
    turned = two._replace(frame_times=np.array([0, -1]))
    assert totals(all_five.score_samples([sample._replace(video_ctx=turned)])[0]) != found


def test_blind_shows_one_context(model, rendered):
    nothing = VideoContext(0, np.empty((0, 0)), np.empty(0, np.int64), "", "", language="zh")
    sample = sample_of(rendered, candidates=20)._replace(video_ctx=nothing, comments=[])
    rows = model.score_samples([sample, sample._replace(candidates=sample.candidates[::-1])])
    assert totals(rows[0]) == totals(rows[1])[::-1]


def test_a_chat_model_is_asked_by_its_template(tmp_path, rendered):
    chat = VisionLanguageModel(str(save_tiny_llava(tmp_path / "c", chat=True)), device="cpu")
    assert chat.about["prompt"].endswith("+chat")
    sample = sample_of(rendered, candidates=5)
    opening = chat._opening(sample.video_ctx)
    text = chat._processor.tokenizer.decode(opening.ids[0])
    assert text.startswith("<s>user 01.01.2025:" + "<image>" * 20 + "请续写一个视频的实时弹幕")
    assert text.count("<s>") == 1
    assert text.endswith("最后写当前时刻的弹幕。assistant:\n")
    found = totals(chat.score_samples([sample])[0])
    assert found != totals(chat.score_samples([with_images(sample, NO_IMAGES)])[0])


def test_long_contexts_lose_their_oldest_comments(tmp_path, rendered):
    short = save_tiny_llava(tmp_path / "short", longest=260)
    model = VisionLanguageModel(str(short), device="cpu")
    sample = sample_of(rendered, candidates=3)
    comments = [Comment("哈" * 30, "", -float(k)) for k in range(1, 9)]
    (found,) = model.score_samples([sample._replace(comments=comments)])
    assert {0 < one.dropped < 8 for one in found} == {True}
    with pytest.raises(
        LiveBenchError, match=r"can read 260 tokens, and the prompt takes .* fewer pic"
    ):
        video_ctx = sample.video_ctx._replace(title="长" * 200)
        model.score_samples([sample._replace(video_ctx=video_ctx)])


def test_a_processor_that_takes_fewer_pictures_is_one_line(model, rendered, monkeypatch):
    def refuse(**_):
        raise ValueError("too many\nimages")

    refuse.chat_template = None
    monkeypatch.setattr(model, "_processor", refuse)
    with pytest.raises(LiveBenchError) as error:
        model._opening(sample_of(rendered).video_ctx)
    assert str(error.value).endswith(
        ": its processor does not take 5 pictures: too many images; "
        "write `pictures = N` in the run's arguments, a smaller N"
    )
    assert "pictures" in inspect.signature(VisionLanguageModel).parameters


def test_the_entry_of_models_that_see():
    assert installed_class(VISION_ENTRY) is VisionLanguageModel


def test_models_that_see_are_recognised(folder, tmp_path):
    assert sees_pictures(find_weights(str(folder)))
    assert not sees_pictures(find_weights(str(save_tiny_llama(tmp_path / "llama"))))


def test_without_pillow_the_extra_is_named(folder, monkeypatch):
    modules = __import__("sys").modules
    monkeypatch.setitem(modules, "PIL", None)
    monkeypatch.delitem(modules, "PIL.Image")
    with pytest.raises(
        LiveBenchError, match=r"package PIL.*: not installed; install the extra `im"
    ):
        VisionLanguageModel(str(folder), device="cpu")
