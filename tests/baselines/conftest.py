"""What the tests of the models share: each of them, tiny."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from tiny import FRAME_WIDTH, SCORERS, TINY, WORDS, Moments, tiny_job

from baselines.neural.model import CommentModel
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


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Tiny products: a second thread costs more than it saves, and much where others compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
