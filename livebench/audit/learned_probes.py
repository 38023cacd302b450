"""Probes that learn from the candidates of other samples what correct ones look like."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from itertools import groupby

import numpy as np

_FOLDS = 5

FitPredict = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def held_out_scores(
    fit_predict: FitPredict, correct: np.ndarray, groups: Sequence[str], comments: np.ndarray
) -> np.ndarray:
    """Scores of each sample by a classifier fitted on the samples of other groups.

    Comments that are candidates in the scored groups are excluded from fitting: where the correct
    comment of one sample is a wrong candidate of others, the classifier would learn that it is wrong.

    Args:
        fit_predict: called with the rows (of all candidates, flattened) to fit on, whether each is
            correct, and the rows to score; returns float [rows to score].
        correct: bool [samples, candidates].
        groups: [samples], the group of each: its video, or its list of candidates.
        comments: [samples, candidates], equal for candidates that are the same comment.

    Returns:
        float64 [samples, candidates].
    """
    from sklearn.model_selection import GroupKFold

    width = correct.shape[1]
    scores = np.empty(correct.shape)
    rows = np.arange(correct.size).reshape(correct.shape)
    folds = min(_FOLDS, len(set(groups)))
    if folds < 2:  # there is no other group to learn from
        return np.zeros(correct.shape)
    for train, test in GroupKFold(folds).split(correct, groups=np.asarray(groups)):
        kept = rows[train][~np.isin(comments[train], comments[test])]
        if len(np.unique(correct.ravel()[kept])) < 2:  # only one class
            scores[test] = 0
            continue
        fitted = fit_predict(kept, correct.ravel()[kept], rows[test].ravel())
        # Otherwise rounding noise would break ties by the order of candidates.
        scores[test] = np.round(np.reshape(fitted, (-1, width)), 9)
    return scores


@cache
def surface(string: str) -> tuple[float, ...]:
    """Surface features of a comment: lengths, character classes, repetition, first and last mark."""
    text = string.replace(" ", "")
    words = string.split(" ")
    classes = [_character_class(character) for character in text]
    longest = max(len(list(run)) for _, run in groupby(text))
    shares = [classes.count(number) / len(classes) for number in range(5)]
    return (
        len(text),
        len(words),
        len(text) / len(words),
        len(set(text)) / len(text),
        longest,
        *shares,
        classes[0],
        classes[-1],
    )


def _character_class(character: str) -> int:
    """0 Chinese and other letters without case, 1 letters with case, 2 digits, 3 punctuation, 4 rest."""
    category = unicodedata.category(character)
    if category == "Lo":
        return 0
    if category[0] == "L":
        return 1
    return 2 if category[0] == "N" else 3 if category[0] == "P" else 4


def boosted_trees(features: np.ndarray) -> FitPredict:
    """Boosted trees on dense features: float [all candidates, features]."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    def fit_predict(train: np.ndarray, correct: np.ndarray, test: np.ndarray) -> np.ndarray:
        model = HistGradientBoostingClassifier(max_iter=100, early_stopping=False, random_state=0)
        # One thread: several would busy-wait for each other, which takes minutes on a loaded machine.
        with threadpool_limits(1):
            model.fit(features[train], correct)
            return np.asarray(model.predict_proba(features[test])[:, 1])

    return fit_predict


def linear_on_characters(strings: Sequence[str]) -> FitPredict:
    """Logistic regression on hashed character n-grams (1 to 3): content, not length or frequency.

    Neither its features nor the model resemble what the cells of `matched` are built from.
    """
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import SGDClassifier

    texts = [string.replace(" ", "") for string in strings]
    vectors = HashingVectorizer(
        analyzer="char", ngram_range=(1, 3), n_features=1 << 18, lowercase=False
    ).transform(texts)

    def fit_predict(train: np.ndarray, correct: np.ndarray, test: np.ndarray) -> np.ndarray:
        model = SGDClassifier("log_loss", alpha=1e-5, max_iter=5, tol=None, random_state=0)
        return np.asarray(model.fit(vectors[train], correct).decision_function(vectors[test]))

    return fit_predict
