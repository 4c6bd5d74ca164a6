"""One model beside another on a stream, looked at again and again. Shapes: N texts, K labels."""

import math
from itertools import accumulate

import numpy as np
import pytest
from sklearn.metrics import f1_score

from emoray.metrics.anytime import (
    FEWEST_TEXTS,
    StreamMoments,
    half_width,
    texts_needed,
)

SHARES = np.array([0.15, 0.02, 0.03, 0.38, 0.07, 0.12, 0.33])  # of texts with each label
EVERY = 50


def noisy(rng: np.random.Generator, labels_NK: np.ndarray) -> np.ndarray:
    """Decisions of a model that finds 62 % of what is there and invents some."""
    draws_NK = rng.random(labels_NK.shape)
    return np.where(labels_NK, draws_NK < 0.62, draws_NK < 0.4 * SHARES)


def stream(
    seed: int, texts: int, *, loses: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels and two models, equal in law unless the second one loses a share of true positives."""
    rng = np.random.default_rng(seed)
    labels_NK = rng.random((texts, len(SHARES))) < SHARES
    one_NK = noisy(rng, labels_NK)
    other_NK = np.where(rng.random(labels_NK.shape) < 0.05, noisy(rng, labels_NK), one_NK)
    if loses:
        return labels_NK, one_NK, other_NK & ~(labels_NK & (rng.random(labels_NK.shape) < loses))
    swapped_N1 = rng.random((texts, 1)) < 0.5
    return (
        labels_NK,
        np.where(swapped_N1, other_NK, one_NK),
        np.where(swapped_N1, one_NK, other_NK),
    )


def looks(seed: int, texts: int, *, loses: float = 0.0, split: bool = False) -> list[StreamMoments]:
    """What the stream has shown after every 50 texts."""
    arrays = stream(seed, texts, loses=loses)
    second_N = np.random.default_rng(seed + 10**6).random(texts) < 0.5
    return list(
        accumulate(
            StreamMoments.of(
                *(array_NK[start : start + EVERY] for array_NK in arrays),
                second_N=second_N[start : start + EVERY] if split else None,
            )
            for start in range(0, texts, EVERY)
        )
    )


def differs(found: StreamMoments, planned: float) -> bool:
    return not found.change(planned=planned).includes_zero


def naively_differs(found: StreamMoments) -> bool:
    first, second = found.macro_f1
    width = 1.96 * found.deviation / math.sqrt(found.texts)
    return found.enough and abs(second - first) > width


def share_called(streams: int, texts: int, *, split: bool = False) -> tuple[float, float]:
    """Shares of streams of two models equal in law that are called different at any look: by the
    confidence sequence, and by the usual interval."""
    ever = np.zeros(2)
    for seed in range(streams):
        found = looks(seed, texts, split=split)
        ever += any(differs(f, texts) for f in found), any(naively_differs(f) for f in found)
    return tuple(ever / streams)  # type: ignore[return-value]


def share_found(streams: int, *, loses: float) -> float:
    """Of streams with a planted loss: in which it is shown within 2.5 times the texts that one
    look, planned ahead, needs for it at a power of 80 %."""
    whole = StreamMoments.of(*stream(0, 200_000, loses=loses))
    first, second = whole.macro_f1
    fixed = (1.96 + 0.8416) ** 2 * (whole.deviation / (second - first)) ** 2
    texts = round(2.5 * fixed / EVERY) * EVERY
    found = 0
    for seed in range(1, streams + 1):
        found += any(
            f.change(planned=2 * fixed).high < 0 for f in looks(seed, texts, loses=loses)[3:]
        )
    return found / streams


def test_macro_f1_is_that_of_scikit_learn() -> None:
    labels_NK, one_NK, other_NK = stream(1, 500)
    found = StreamMoments.of(labels_NK, one_NK, other_NK)
    assert found.macro_f1 == pytest.approx(
        [f1_score(labels_NK, given_NK, average="macro") for given_NK in (one_NK, other_NK)]
    )


def test_split_traffic_scores_each_model_on_its_own_texts() -> None:
    labels_NK, one_NK, other_NK = stream(2, 600)
    second_N = np.arange(600) % 3 == 0
    found = StreamMoments.of(labels_NK, one_NK, other_NK, second_N=second_N)
    assert found.macro_f1 == pytest.approx(
        [
            f1_score(labels_NK[~second_N], one_NK[~second_N], average="macro"),
            f1_score(labels_NK[second_N], other_NK[second_N], average="macro"),
        ]
    )


def test_sums_of_parts_are_the_sums_of_the_whole() -> None:
    arrays = stream(3, 400)
    whole = StreamMoments.of(*arrays)
    parts = [StreamMoments.of(*(a[s] for a in arrays)) for s in (slice(0, 130), slice(130, 400))]
    joined = parts[1] + parts[0]
    assert joined.texts == 400 and joined.macro_f1 == whole.macro_f1
    assert joined.deviation == pytest.approx(whole.deviation)


def test_a_text_moves_macro_f1_as_much_as_drawing_the_stream_anew_shows() -> None:
    found = StreamMoments.of(*stream(4, 2_000))
    changes = []
    for seed in range(300):
        first, second = StreamMoments.of(*stream(seed, 2_000)).macro_f1
        changes.append(second - first)
    assert found.deviation / math.sqrt(2_000) == pytest.approx(np.std(changes), rel=0.15)


def test_equal_models_are_seldom_called_different_however_often_one_looks() -> None:
    called, naively = share_called(100, 3_000)
    assert called <= 0.05 and naively > 0.15


@pytest.mark.long
@pytest.mark.parametrize("split", [False, True], ids=["shadow", "split"])
def test_two_thousand_streams_of_equal_models_are_called_different_in_at_most_one_of_twenty(
    split: bool,
) -> None:
    called, naively = share_called(2_000, 2_000, split=split)
    said = f"called different: {called:.1%}; by the usual interval: {naively:.1%}"
    assert called <= 0.05 and naively > 0.15, said


@pytest.mark.long
def test_a_loss_of_two_points_is_found_within_two_and_a_half_times_the_texts_of_one_look() -> None:
    assert share_found(200, loses=0.045) >= 0.8


def test_no_model_is_called_better_before_enough_texts_came() -> None:
    labels_NK = np.ones((FEWEST_TEXTS - 1, 2), bool)
    found = StreamMoments.of(labels_NK, labels_NK, ~labels_NK)
    assert not found.enough and found.verdict() == "undecided"
    assert (found + found).verdict() == "worse"


def test_models_that_never_differ_are_equivalent() -> None:
    labels_NK, one_NK, _ = stream(5, 1_000)
    found = StreamMoments.of(labels_NK, one_NK, one_NK)
    assert found.change().value == 0 and found.verdict() == "equivalent"


def test_the_interval_is_narrow_where_it_was_planned_and_wider_than_one_look_needs() -> None:
    at = 5_000
    planned = half_width(at, 1.0, 0.95, at)
    assert planned < min(half_width(at, 1.0, 0.95, p) for p in (at / 20, at * 20))
    assert 1.96 / math.sqrt(at) < planned < 3.2 / math.sqrt(at)
    assert half_width(4 * at, 1.0, 0.95, at) < planned


def test_texts_needed_are_those_at_which_the_effect_is_shown() -> None:
    needed = texts_needed(0.25, 0.02, planned=4_000)
    late = 0.8416 * 0.25
    for texts, enough in ((needed, True), (needed - 2, False)):
        width = half_width(texts, 0.25, 0.95, 4_000) + late / math.sqrt(texts)
        assert (width <= 0.02) == enough
    assert texts_needed(0.25, 0.9) == FEWEST_TEXTS


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"effect": 0.0}, r"a planned effect lies in \(0, 1\), got 0.0: 0.02 is two points"),
        ({"effect": 0.02, "power": 0.3}, r"power lies in \(0.5, 1\), got 0.3"),
    ],
    ids=["no effect", "no power"],
)
def test_a_plan_that_cannot_be_is_refused(settings: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        texts_needed(0.2, **settings)


def test_decisions_of_other_texts_are_refused() -> None:
    labels_NK, one_NK, _ = stream(6, 300)
    with pytest.raises(ValueError, match="must have one shape"):
        StreamMoments.of(labels_NK, one_NK, one_NK[:-1])
