"""How many comments a context is short of, by hand: each is 4 letters and a line end, 5 tokens.

The prompt is ":" and a line end (2 tokens, and `<s>` before them where a model has it), then comments.
"""

from __future__ import annotations

import numpy as np
import pytest
from doubles import Double, serving
from tiny_llama import save_tiny_llama
from tiny_llava import save_tiny_llava

from livebench.language_models.language_model import LanguageModel
from livebench.language_models.server_scorer import ServerScorer
from livebench.scoring.scorer import Comment, Sample, VideoContext

CONTEXT = ":\n{% for comment in comments %}{{ comment.text }}\n{% endfor %}"
PROMPT = {
    "name": "short",
    "version": 1,
    "languages": {"en": {"context": CONTEXT, "instruction": "Go on."}},
}
NOTHING = VideoContext(0, np.empty((0, 0), np.float32), np.empty(0, np.int64), "", "", "en")


def sample(comments: int, *candidates: str) -> Sample:
    around = [Comment(f"abc{place}", "", -float(place)) for place in range(comments)]
    return Sample(NOTHING, around, [Comment(text, text) for text in candidates])


SHORT, LONG = "xy", "x" * 19

# With 40 tokens in all, 10 are for a comment, and 3 + 5 * 5 fit into the other 30; beside a comment of
# 19 letters and a line end 3 + 3 * 5 into 20.
BY_FORTY = [
    (sample(0, SHORT, LONG), [0, 0]),
    (sample(3, SHORT, LONG), [0, 0]),
    (sample(4, SHORT, LONG), [0, 1]),
    (sample(5, SHORT), [0]),
    (sample(6, SHORT), [1]),
    (sample(8, SHORT, LONG, SHORT), [3, 5, 3]),
]
# With 163 tokens, 128 are for a comment, and 35 for the context: 2 or 3 + 6 * 5.
BY_ROOM = [
    (sample(0, SHORT), [0]),
    (sample(6, SHORT, LONG), [0, 0]),
    (sample(7, SHORT, LONG), [1, 1]),
    (sample(8, LONG, SHORT), [2, 2]),
]


def check(scorer, cases):
    """In one batch, in another order, and each candidate alone."""
    samples, expected = zip(*cases, strict=True)
    for order in (1, -1):
        found = scorer.score_samples(samples[::order])[::order]
        assert [[one.dropped for one in row] for row in found] == list(expected)
    for one, counts in cases:
        alone = [scorer.score(*one[:2], candidate).dropped for candidate in one.candidates]
        assert alone == counts


@pytest.mark.parametrize("options", [{}, {"plain": True}, {"batch": 1}])
def test_a_language_model(tmp_path, options):
    folder = save_tiny_llama(tmp_path / "llama", longest=40)
    check(LanguageModel(str(folder), device="cpu", prompt=PROMPT, **options), BY_FORTY)


def test_a_vision_language_model(tmp_path):
    from livebench.language_models.vision_model import VisionLanguageModel

    folder = save_tiny_llava(tmp_path / "llava", longest=40)
    check(VisionLanguageModel(str(folder), device="cpu", prompt=PROMPT), BY_FORTY)


def test_a_back_end_of_lm_eval(tmp_path):
    pytest.importorskip("lm_eval")
    from livebench.language_models.lm_eval_scorer import LMEvalScorer

    folder = save_tiny_llama(tmp_path / "llama", longest=163)
    made = f"pretrained={folder},dtype=float32"
    check(LMEvalScorer("hf", made, device="cpu", prompt=PROMPT), BY_ROOM)


def test_a_server():
    with serving(Double(models={"max_model_len": 163})) as double:
        check(ServerScorer(double.url, "m", prompt=PROMPT), BY_ROOM)


def test_contexts_that_read_the_same_are_counted_apart():
    """The last two comments alone are written, whatever came before them."""
    record = {"context": CONTEXT.replace("in comments", "in comments[-2:]"), "instruction": ""}
    prompt = {**PROMPT, "languages": {"en": record}}
    with serving(Double(models={"max_model_len": 128 + 7})) as double:
        scorer = ServerScorer(double.url, "m", prompt=prompt)
        samples = [sample(3, SHORT), sample(2, SHORT)]
        samples[0] = samples[0]._replace(comments=[*samples[1].comments, Comment("z", "", -9.0)])
        found = scorer.score_samples(samples)
    assert [[one.dropped for one in row] for row in found] == [[2], [1]]
