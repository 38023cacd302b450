"""Models that keep the positions of the last picture: those of Qwen-VL and their kin."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
Image = pytest.importorskip("PIL.Image")

from tiny_qwen_vl import tiny_qwen_vl  # noqa: E402 (needs transformers)

from livebench.language_models import vision_model  # noqa: E402
from livebench.language_models.prompt import line_of, read_prompt  # noqa: E402
from livebench.language_models.vision_model import VisionLanguageModel  # noqa: E402
from livebench.scoring.scorer import Comment, Sample, VideoContext  # noqa: E402


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("qwen") / "vl"
    return folder, *tiny_qwen_vl(folder)


@pytest.fixture
def model(parts, monkeypatch):
    folder, net, processor = parts
    monkeypatch.setattr(vision_model, "load_model", lambda *_, **__: net)
    monkeypatch.setattr(vision_model, "load_processor", lambda *_: processor)
    return VisionLanguageModel(str(folder), device="cpu")


def shown(pictures: int) -> Sample:
    """A moment with so many pictures, 2 comments and 12 candidates."""
    images = [Image.new("RGB", (56, 56))] * pictures
    times = np.arange(pictures) - pictures
    video = VideoContext(7, np.zeros((pictures, 2)), times, "T", "c", language="zh", images=images)
    texts = ["a", "b c", "好", "好看", "a b c d", "哈哈哈", "c b", "d", "看", "e f", "g", "不好看"]
    around = [Comment("好", "好", -1.0), Comment("a b", "a b", 0.0)]
    return Sample(video, around, [Comment(text, text) for text in texts])


def test_pictures_seen_before_change_no_score(model, parts):
    """Without pictures: by one pass of transformers over each text, in a model that saw none."""
    assert model.shares_contexts
    _, net, processor = parts
    sample = shown(0)
    model.score_samples([shown(2)])
    found = [one.total for one in model.score_samples([sample])[0]]
    net.model.rope_deltas = None
    for place, total in enumerate(found):
        context = processor.tokenizer(read_prompt().context(*sample[:2]))["input_ids"]
        text = line_of(sample.candidates[place])
        line = processor.tokenizer(text, add_special_tokens=False)["input_ids"]
        with torch.no_grad():
            logits = net(input_ids=torch.tensor([[*context, *line]]), use_cache=False).logits[0]
        told = logits[-len(line) - 1 : -1].double().log_softmax(-1)
        expected = float(told.gather(1, torch.tensor(line)[:, None]).sum())
        assert total == pytest.approx(expected, rel=1e-4)


def test_another_number_of_pictures_before_changes_no_score(model):
    first = [one.total for one in model.score_samples([shown(1)])[0]]
    model.score_samples([shown(3)])
    again = [one.total for one in model.score_samples([shown(1)])[0]]
    assert again == pytest.approx(first, rel=1e-6)


def test_a_model_whose_positions_go_wrong_is_computed_plainly(model, monkeypatch):
    """The check at the start shows a text after a picture."""
    monkeypatch.setattr(VisionLanguageModel, "_forget_pictures", lambda _: None)
    assert not model._agrees()
