"""What the tests of the models share: each of them, tiny."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import torch
from livebench_baselines.neural.model import CommentModel
from livebench_baselines.released_transformer import ReleasedTransformer
from released import ENTRY, HEADS, released_state, released_words
from tiny import FRAME_WIDTH, SCORERS, TINY, WORDS, Moments, tiny_job

from livebench.training.job import TrainingJob


@pytest.fixture(scope="module", params=SCORERS, ids=lambda kind: kind.__name__)
def kind(request) -> type:
    """Each scorer of the paper."""
    return request.param


@pytest.fixture
def model(kind) -> CommentModel:
    """Each model, tiny, with random parameters."""
    torch.manual_seed(1)
    return kind.model(TINY, WORDS, FRAME_WIDTH).eval()


@pytest.fixture
def moments() -> Moments:
    """Six of them, some without frames, some without comments."""
    return Moments(6)


@pytest.fixture
def job(dataset, tmp_path) -> Callable[..., TrainingJob]:
    """A training of the tiny dataset."""
    return lambda kind, out="trained", config=None, **fields: tiny_job(
        kind, fields.pop("dataset", dataset), tmp_path / out, config, **fields
    )


@pytest.fixture
def importing(tmp_path):
    """Imports a state dict and a vocabulary; other files where asked for."""

    def call(state=None, words=None, *, save=torch.save, **options):
        file, vocabulary = tmp_path / "checkpoint.pt", tmp_path / "dicts.json"
        save(released_state() if state is None else state, file)
        words = released_words() if words is None else words
        content = words if isinstance(words, str) else json.dumps({"word2id": words, "id2word": {}})
        vocabulary.write_text(content, encoding="utf-8")
        options = {"heads": HEADS, "out": tmp_path / "made", **options}
        return ReleasedTransformer.import_checkpoint(
            file, entry=ENTRY, vocabulary=vocabulary, **options
        )

    return call


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Tiny products: a second thread costs more than it saves, and much where others compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
