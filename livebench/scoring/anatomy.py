"""Where the candidates of each type stand: what a metric is made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def anatomy(scores: np.ndarray, types: Sequence[Sequence[str]]) -> dict[str, dict[str, float]]:
    """How the types of candidates share the ranks, ties counted in expectation.

    Args:
        scores: float [samples, candidates], higher is better.
        types: [samples][candidates], the type of each candidate.

    Returns:
        `rank_1`: by type, the per cent of samples in which a candidate of the type takes rank 1;
        `mean_rank`: by type, the mean rank over its candidates; types in alphabetical order.
    """
    from scipy.stats import rankdata

    kinds = np.asarray(types)
    top = scores == scores.max(axis=1, keepdims=True)
    share = top / np.count_nonzero(top, axis=1)[:, None]
    ranks = rankdata(-scores, axis=1)
    names = sorted(set(kinds.ravel().tolist()))
    return {
        "rank_1": {name: 100 * float(share[kinds == name].sum()) / len(scores) for name in names},
        "mean_rank": {name: float(ranks[kinds == name].mean()) for name in names},
    }
