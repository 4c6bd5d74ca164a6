"""What is refused, wherever logits and labels come in."""

from collections.abc import Callable

import numpy as np
import pytest

from emoray.decide.crossfit import cross_fitted_macro_f1
from emoray.decide.surface import surface
from emoray.decide.temperature import fit_temperature
from emoray.decide.thresholds import Fixed, PerLabel
from emoray.metrics.resampled import resampled
from emoray.metrics.scores import score

Verb = Callable[[np.ndarray, np.ndarray], object]

VERBS: dict[str, Verb] = {
    "fixed": Fixed(0.5).cuts,
    "per_label": PerLabel().cuts,
    "temperature": fit_temperature,
    "score": lambda z, y: score(z, y, np.zeros(2)),
    "cross_fit": lambda z, y: cross_fitted_macro_f1(PerLabel(), z, y, folds=2),
    "surface": lambda z, y: surface(z, y, np.ones(1), np.full(1, 0.5)),
    "resampled": lambda z, y: resampled((z, np.zeros((1, 2))), y, np.ones((2, 4))),
}
LOGITS = np.array([[1, -1], [-1, 1], [2, 0], [0, 2]], dtype=np.float32)
LABELS = np.array([[1, 0], [0, 1], [1, 1], [0, 0]], dtype=np.uint8)
everywhere = pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS.keys())


@everywhere
def test_sound_decisions_are_taken(verb: Verb) -> None:
    for logits, labels in (
        (LOGITS, LABELS),
        (LOGITS.astype(np.float64), LABELS.astype(bool)),
        (LOGITS.astype(np.int64), LABELS.astype(np.float32)),
    ):
        assert verb(logits, labels) is not None


@everywhere
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_logit_that_is_no_number_is_refused_with_its_place(verb: Verb, value: float) -> None:
    logits = LOGITS.copy()
    logits[2, 1] = value
    with pytest.raises(ValueError, match=f"must be finite, got {value} at text 2, label 1: the"):
        verb(logits, LABELS)


@everywhere
def test_labels_of_other_texts_are_refused(verb: Verb) -> None:
    with pytest.raises(ValueError, match=r"one shape, got labels \(3, 2\) and logits \(4, 2\)"):
        verb(LOGITS, LABELS[:3])


@everywhere
def test_labels_other_than_0_and_1_are_refused_with_their_place(verb: Verb) -> None:
    labels = LABELS.copy()
    labels[3, 0] = 7
    with pytest.raises(ValueError, match="must be 0 or 1, got 7 at text 3, label 0: pass"):
        verb(LOGITS, labels)


@everywhere
@pytest.mark.parametrize("shape", [(0, 2), (4, 0), (4,)])
def test_logits_that_are_no_matrix_are_refused(verb: Verb, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="texts x labels with at least one of each, got shape"):
        verb(np.zeros(shape), np.zeros(shape))
