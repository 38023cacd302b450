"""The models: they learn, all of them learns, nothing leaks, and plain code gives the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from livebench_baselines.neural.forest import grow
from livebench_baselines.neural.inputs import make_inputs
from livebench_baselines.neural.recurrent import initialise
from livebench_baselines.neural.transformer import sinusoids
from livebench_baselines.neural.vocabulary import BEGIN, END, SEPARATOR
from livebench_baselines.s2s_c import S2SCModel
from livebench_baselines.unified_transformer import UnifiedTransformerModel
from tiny import FRAME_WIDTH, TINY, WORDS, Moments
from torch.nn import functional

CLOSE = {"rtol": 1e-4, "atol": 1e-4}


@pytest.mark.slow
def test_one_batch_is_learned_by_heart(kind):
    torch.manual_seed(0)
    moments = Moments(4, seed=3)
    # One comment a moment, and moments that differ in what each model sees: nothing is left to chance.
    moments.frames = [
        np.eye(FRAME_WIDTH, dtype=np.float32)[: 1 + i % 3] * (i + 1) for i in range(4)
    ]
    moments.comments = [[[6 + i, 7]] for i in range(4)]
    inputs, forest = moments.inputs(), grow([[one[0]] for one in moments.candidates])
    model = kind.model(TINY, WORDS, FRAME_WIDTH).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(120):
        optimizer.zero_grad()
        loss = -model(inputs, forest) / len(forest.path_edge)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.02


def test_the_gradient_reaches_every_parameter(kind):
    torch.manual_seed(0)
    moments = Moments(6)
    model = kind.model(TINY, WORDS, FRAME_WIDTH).train()
    (-model(moments.inputs(), grow(moments.candidates))).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_begins_with_the_frequencies_of_words(kind):
    """As long as the output layer adds nothing, a comment has the product of its words' frequencies."""
    moments = Moments(2)
    model = kind.model(TINY, WORDS, FRAME_WIDTH).eval()
    frequencies = np.arange(1, WORDS + 1) / sum(range(1, WORDS + 1))
    model.begin_with(np.log(frequencies).astype(np.float32))
    torch.nn.init.zeros_(model.output.weight)
    if model.copies:  # not here
        torch.nn.init.constant_(model.gate.bias, 1e6)
    found = model.log_likelihoods(moments.inputs(), grow(moments.candidates)).tolist()
    expected = [
        sum(np.log(frequencies[[*candidate, END]]))
        for candidates in moments.candidates
        for candidate in candidates
    ]
    np.testing.assert_allclose(found, expected, **CLOSE)


def test_a_state_begins_as_one_that_lasts():
    """With nothing to read, a unit keeps (u / (u + 1))**5 of its cell in 5 steps, u from 1 to 39."""
    lstm = torch.nn.LSTM(1000, 1000)
    initialise(lstm, 40)
    for name, parameter in lstm.named_parameters():
        if name.startswith("weight"):
            assert parameter.std().item() == pytest.approx((2 / 2000) ** 0.5, rel=0.01)  # Glorot
            torch.nn.init.zeros_(parameter)
    torch.nn.init.zeros_(lstm.bias_hh_l0)
    lstm.bias_ih_l0.data.chunk(4)[2].zero_()
    one = torch.ones(1, 1, 1000)
    _, (_, kept) = lstm(torch.zeros(5, 1, 1000), (one, one))
    assert kept.min().item() == pytest.approx(0.5**5, rel=0.2)
    assert kept.max().item() == pytest.approx((39 / 40) ** 5, rel=0.01)


def test_what_stands_beside_changes_nothing(model, moments):
    """Padding comes from the other moments of a batch, and prefixes from the other candidates."""
    together = model.log_likelihoods(moments.inputs(), grow(moments.candidates)).tolist()
    alone = [
        model.log_likelihoods(moments.inputs(i), grow([[candidate]])).item()
        for i, candidates in enumerate(moments.candidates)
        for candidate in candidates
    ]
    np.testing.assert_allclose(together, alone, **CLOSE)


def test_what_is_padding_is_not_read(model, moments):
    """The numbers at padded places can be anything."""
    forest = grow(moments.candidates)
    inputs = moments.inputs()
    expected = model.log_likelihoods(inputs, forest)
    spoiled = torch.where(inputs.frame_mask[..., None], inputs.frames, 1e3)
    found = model.log_likelihoods(type(inputs)(spoiled, inputs.frame_mask, inputs.comments), forest)
    np.testing.assert_allclose(found, expected, **CLOSE)


def test_each_input_that_a_model_uses_matters(model, moments):
    forest = grow(moments.candidates)
    whole = model.log_likelihoods(moments.inputs(), forest)
    frames, comments = moments.frames, moments.comments
    for lacking in ("frames", "comments"):
        moments.frames = [()] * 6 if lacking == "frames" else frames
        moments.comments = [[]] * 6 if lacking == "comments" else comments
        change = (model.log_likelihoods(moments.inputs(), forest) - whole).abs().max()
        assert (change > 1e-3) == (lacking in model.uses), lacking


def test_probabilities_of_all_continuations_sum_to_one(model, moments):
    """Of comments of one word, of two, and the end: p(end) + sum over w of p(w ...) is 1."""
    inputs = moments.inputs(1)
    ended = [[]]
    cut = [[word] for word in range(WORDS) if word != END]
    forest = grow([ended + cut], [True] + [False] * len(cut))
    assert model.log_likelihoods(inputs, forest).exp().sum().item() == pytest.approx(1, abs=1e-5)


def test_s2s_c_against_plain_modules(moments):
    """torch's LSTM over the context, then over the comment; its own log_softmax."""
    torch.manual_seed(2)
    model = S2SCModel(TINY, WORDS, FRAME_WIDTH).eval()
    decoder = torch.nn.LSTM(16, 16, batch_first=True)
    names = {"weight_ih": "weight_ih_l0", "weight_hh": "weight_hh_l0"}
    names |= {"bias_ih": "bias_ih_l0", "bias_hh": "bias_hh_l0"}
    decoder.load_state_dict({names[k]: v for k, v in model.decoder.cell.state_dict().items()})
    for i in (0, 2, 5):
        context = [BEGIN]
        for comment in moments.comments[i]:
            context += [*comment, SEPARATOR]
        context = [*context[:-1], END] if moments.comments[i] else [BEGIN, END]
        _, state = model.text.lstm(model.embedding(torch.tensor([context])))
        for candidate in moments.candidates[i]:
            words = model.embedding(torch.tensor([[BEGIN, *candidate]]))
            states, _ = decoder(words, state)
            log_probs = functional.log_softmax(model.output(states[0]), dim=1)
            expected = sum(
                log_probs[place, word].item() for place, word in enumerate([*candidate, END])
            )
            found = model.log_likelihoods(moments.inputs(i), grow([[candidate]])).item()
            assert found == pytest.approx(expected, rel=1e-5)


def test_unified_transformer_against_plain_attention(moments):
    """Written out for one moment and one comment: no tables, no trees, a causal mask."""
    torch.manual_seed(2)
    model = UnifiedTransformerModel(TINY, WORDS, FRAME_WIDTH).eval()

    def attend(part, queries, states, causal=False):
        size = TINY.width // TINY.heads
        heads = []
        for head in range(TINY.heads):
            own = slice(head * size, (head + 1) * size)
            q, k, v = (
                layer(rows)[:, own]
                for layer, rows in (
                    (part.query, queries),
                    (part.key, states),
                    (part.value, states),
                )
            )
            scores = q @ k.T / size**0.5
            if causal:
                scores = scores.masked_fill(torch.ones_like(scores).triu(1).bool(), -torch.inf)
            heads.append(torch.softmax(scores, dim=1) @ v)
        return part.out(torch.cat(heads, dim=1))

    def block(part, rows, memories, causal=False):
        first = part.norms[0](rows)
        rows = rows + attend(part.attentions[0], first, first, causal)
        for number, memory in enumerate(memories, 1):
            rows = rows + attend(part.attentions[number], part.norms[number](rows), memory)
        return rows + part.feed_forward(part.norms[-1](rows))

    def placed(rows):
        return rows + sinusoids(len(rows), TINY.width, rows.device)

    i = next(i for i in range(6) if len(moments.frames[i]) > 1 and len(moments.comments[i]) > 1)
    video = placed(model.project(torch.from_numpy(moments.frames[i])))
    for part in model.video:
        video = block(part, video, [])
    video = model.video_norm(video)
    context = [BEGIN]
    for comment in moments.comments[i]:
        context += [*comment, SEPARATOR]
    text = placed(model.embedding(torch.tensor([*context[:-1], END])))
    for part in model.text:
        text = block(part, text, [video])
    text = model.text_norm(text)
    for candidate in moments.candidates[i]:
        rows = placed(model.embedding(torch.tensor([BEGIN, *candidate])))
        for part in model.decoder:
            rows = block(part, rows, [video, text], causal=True)
        log_probs = functional.log_softmax(model.output(model.decoder_norm(rows)), dim=1)
        expected = log_probs[range(len(candidate) + 1), [*candidate, END]].sum().item()
        found = model.log_likelihoods(moments.inputs(i), grow([[candidate]])).item()
        assert found == pytest.approx(expected, rel=1e-4)


def test_sinusoids_by_hand():
    found = sinusoids(3, 4, torch.device("cpu"))
    place = np.arange(3)
    expected = [np.sin(place), np.cos(place), np.sin(place / 100), np.cos(place / 100)]
    np.testing.assert_allclose(found, np.stack(expected, axis=1), atol=1e-6)


def test_no_moment_of_a_batch_has_anything():
    """Neither frames nor comments: what a model says then is a constant."""
    inputs = make_inputs([(), ()], [[], []], FRAME_WIDTH, torch.device("cpu"))
    words, mask = inputs.concatenated()
    assert words.tolist() == [[BEGIN, END]] * 2
    assert mask.all()
    assert inputs.frames.tolist() == [[[0.0] * FRAME_WIDTH]] * 2
    assert inputs.frame_mask.all()
    assert inputs.separate()[0].tolist() == [[BEGIN, END]] * 2
