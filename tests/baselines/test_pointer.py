"""The pointer: copied words, words outside the vocabulary, and the gradient of the mixture."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from livebench_baselines.neural.forest import grow
from livebench_baselines.neural.inputs import make_inputs
from livebench_baselines.neural.vocabulary import BEGIN, END, SEPARATOR, UNKNOWN
from livebench_baselines.pointer import Pointer, PointerModel
from tiny import FRAME_WIDTH, TINY, WORDS, Moments, tiny_job
from torch.nn import functional

from livebench.scoring.runner import read_samples
from livebench.scoring.scorer import Comment

UNSEEN = 9


@pytest.fixture
def model() -> PointerModel:
    torch.manual_seed(1)
    made = PointerModel(TINY, WORDS, FRAME_WIDTH).eval()
    made.share_unknown(np.log(UNSEEN))
    with torch.no_grad():
        made.gate.weight *= 5
    return made


def inputs_of(*comments):
    """One moment without frames."""
    return make_inputs([()], [list(comments)], FRAME_WIDTH, torch.device("cpu"))


def test_all_words_sum_to_one(model):
    """The vocabulary, the two other words of the context, and the seven that are not there."""
    inputs = inputs_of([6, WORDS, 7], [WORDS + 1, 6])
    known = [[word] for word in range(WORDS) if word not in (END, UNKNOWN)]
    here, elsewhere = [[WORDS], [WORDS + 1]], [[WORDS + 2]]
    comments = [[], *known, *here, *elsewhere]
    forest = grow([comments], [True] + [False] * (len(comments) - 1))
    found = model.log_likelihoods(inputs, forest).exp()
    assert (found[:-1].sum() + (UNSEEN - 2) * found[-1]).item() == pytest.approx(1, abs=1e-5)
    assert found[-3] > 1.1 * found[-1]  # copied


def test_against_plain_code(model):
    """Equation 9 of See et al., one node at a time."""
    moments = Moments(6)
    moments.comments[2] = [[WORDS + 3, 8], [9]]
    moments.candidates[2] = [[WORDS + 3, 8], [WORDS + 5, 8, 9]]
    for i, candidates in enumerate(moments.candidates):
        inputs = moments.inputs(i)
        memory = model.encode(inputs)
        text = memory.text[0]
        words = [BEGIN]
        for comment in moments.comments[i]:
            words += [*comment, SEPARATOR]
        words = [*words[:-1], END] if moments.comments[i] else [BEGIN, END]
        places = [place for place, word in enumerate(words) if word > SEPARATOR]
        for candidate in candidates:
            expected = 0.0
            for length, word in enumerate([*candidate, END]):
                # The state at a prefix does not depend on what follows it.
                prefix = grow([[candidate[:length]]])
                state = model.decode(memory, prefix)[length]
                written = functional.softmax(model.output(state), dim=0)
                p = written[word] if word < WORDS else written[UNKNOWN] / UNSEEN
                if places:
                    scores = model.key(text[places]) @ model.query(state) / TINY.width**0.5
                    attention = functional.softmax(scores, dim=0)
                    seen = torch.cat([state, attention @ text[places]])
                    gate = torch.sigmoid(model.gate(seen))[0]
                    copied = sum(
                        a for a, q in zip(attention, places, strict=True) if words[q] == word
                    )
                    p = gate * p + (1 - gate) * copied
                expected += torch.log(p).item()
            found = model.log_likelihoods(inputs, grow([[candidate]])).item()
            assert found == pytest.approx(expected, rel=1e-4)


def test_next_words_are_those_that_are_scored(model):
    inputs = inputs_of([6, WORDS, 7], [WORDS + 2, 6])
    forest = grow([[[6]]])
    found = model.next_word_log_probs(model.encode(inputs), forest, torch.tensor([1]))[0]
    assert len(found) == WORDS + 3
    words = range(SEPARATOR, WORDS + 3)
    ways = grow([[[6, word] for word in words] + [[6]]], [False] * len(words) + [False])
    scores = model.log_likelihoods(inputs, ways)
    expected = (scores[:-1] - scores[-1]).tolist()
    np.testing.assert_allclose(found[list(words)].detach(), expected, atol=1e-4)


def test_training_and_scoring_are_one_number_and_its_gradient_is_true(model):
    model = model.double()
    moments = Moments(4)
    moments.comments[1] = [[WORDS, WORDS, 8]]
    moments.comments[2] = []
    moments.candidates[1] = [[WORDS, 8], [WORDS + 1]]
    inputs, forest = moments.inputs(), grow(moments.candidates)
    inputs = type(inputs)(inputs.frames.double(), inputs.frame_mask, inputs.comments)
    total = model(inputs, forest)
    assert total.item() == pytest.approx(model.log_likelihoods(inputs, forest).sum().item())
    total.backward()
    step = 1e-6
    for name in ("gate.bias", "output.weight", "key.weight", "decoder.0.norms.0.weight"):
        parameter = model.get_parameter(name)
        place = parameter.grad.abs().argmax()
        with torch.no_grad():
            values = []
            for change in (step, -2 * step):
                parameter.view(-1)[place] += change
                values.append(model.log_likelihoods(inputs, forest).sum().item())
            parameter.view(-1)[place] += step
        slope = (values[0] - values[1]) / (2 * step)
        assert parameter.grad.view(-1)[place].item() == pytest.approx(slope, rel=1e-4), name


def test_words_that_were_met_before_do_not_matter(dataset, frozen, tmp_path):
    """Their numbers differ then, and nothing else."""
    job = tiny_job(Pointer, dataset, tmp_path / "run", {"vocabulary": 20, "epochs": 1})
    scorer = Pointer(checkpoint=Pointer.train(job))
    first, second = [sample for _, sample in read_samples(frozen, dataset, "both")][:2]
    alone = scorer.score_samples([second])[0]
    after = scorer.score_samples([first, second])[1]
    np.testing.assert_allclose([s.total for s in after], [s.total for s in alone], rtol=1e-4)
    words = scorer.numbers.words
    assert len(words) > len(scorer.vocabulary.words) == 20
    assert len(set(words)) == len(words)


def test_a_copied_word_outside_the_vocabulary_is_likelier(dataset, frozen, tmp_path):
    """That is what the pointer learns even in a short training."""
    job = tiny_job(Pointer, dataset, tmp_path / "run", {"vocabulary": 20, "epochs": 2})
    scorer = Pointer(checkpoint=Pointer.train(job))
    _, sample = next(read_samples(frozen, dataset, "comments"))
    around = [Comment("河马", "河马")] * 5
    new = [Comment("河马", "河马"), Comment("犀牛", "犀牛")]
    shown, other = scorer.score_candidates(sample.video_ctx, around, new)
    assert shown.total > other.total + 1
