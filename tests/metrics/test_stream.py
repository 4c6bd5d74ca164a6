"""One model beside another on a stream, looked at again and again. Shapes: N texts, K labels."""

import math
from itertools import accumulate

import numpy as np
import pytest
from sklearn.metrics import f1_score

from emoray.metrics.anytime import FEWEST_TEXTS, design_effect
from emoray.metrics.stream import FEWEST_POSITIVES, StreamMoments
from tests.metrics.real import RealDecisions, real_decisions

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


def real_looks(seed: int, texts: int, real: RealDecisions, *, split: bool) -> list[StreamMoments]:
    """The same of texts drawn from real ones, the two models' places changed by chance."""
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(real.labels_NK), size=texts)
    swapped_N1, second_N = rng.random((texts, 1)) < 0.5, rng.random(texts) < 0.5
    arrays = (
        real.labels_NK[drawn],
        np.where(swapped_N1, real.other_NK[drawn], real.one_NK[drawn]),
        np.where(swapped_N1, real.one_NK[drawn], real.other_NK[drawn]),
    )
    return list(
        accumulate(
            StreamMoments.of(
                *(array_NK[start : start + EVERY] for array_NK in arrays),
                second_N=second_N[start : start + EVERY] if split else None,
            )
            for start in range(0, texts, EVERY)
        )
    )


def share_called(
    streams: int, texts: int, *, split: bool = False, real: RealDecisions | None = None
) -> tuple[float, float]:
    """Shares of streams of two models equal in law that are called different at any look: by the
    confidence sequence, and by the usual interval."""
    ever = np.zeros(2)
    for seed in range(streams):
        if real is None:
            found = looks(seed, texts, split=split)
        else:
            found = real_looks(seed, texts, real, split=split)
        ever += any(differs(f, texts) for f in found), any(naively_differs(f) for f in found)
    return tuple(ever / streams)  # type: ignore[return-value]


def said(called: float, naively: float) -> bool:
    """Print both rates beside each other (seen with -s), and whether the promise is kept."""
    print(f"called different: {called:.1%}; by the usual interval: {naively:.1%}")  # noqa: T201
    return called <= 0.05 and naively > 0.15


def share_found(
    streams: int, *, loses: float, real: RealDecisions | None = None
) -> tuple[float, float]:
    """Of streams with a planted loss: how large it is, and in which share of them it is shown
    within 2.5 times the texts that one look, planned ahead, needs for it at a power of 80 %."""

    def drawn(seed: int, texts: int) -> tuple[np.ndarray, ...]:
        if real is None:
            return stream(seed, texts, loses=loses)
        rng = np.random.default_rng(seed)
        of_N = rng.integers(len(real.labels_NK), size=texts)
        labels_NK, one_NK = real.labels_NK[of_N], real.one_NK[of_N]
        mixed_NK = np.where(rng.random((texts, 1)) < 0.2, real.other_NK[of_N], one_NK)
        return labels_NK, one_NK, mixed_NK & ~(labels_NK & (rng.random(one_NK.shape) < loses))

    whole = StreamMoments.of(*drawn(0, 200_000))
    first, second = whole.macro_f1
    fixed = (1.96 + 0.8416) ** 2 * (whole.deviation / (second - first)) ** 2
    texts, found = round(2.5 * fixed / EVERY) * EVERY, 0
    for seed in range(1, streams + 1):
        arrays = drawn(seed, texts)
        parts = (
            StreamMoments.of(*(a[start : start + EVERY] for a in arrays))
            for start in range(0, texts, EVERY)
        )
        found += any(f.change(planned=2 * fixed).high < 0 for f in accumulate(parts))
    return second - first, found / streams


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
    assert said(called, naively)


@pytest.mark.long
@pytest.mark.parametrize("split", [False, True], ids=["shadow", "split"])
def test_two_thousand_streams_of_equal_models_are_called_different_in_at_most_one_of_twenty(
    split: bool,
) -> None:
    called, naively = share_called(2_000, 2_000, split=split)
    assert said(called, naively)


@pytest.mark.long
def test_a_loss_of_two_points_is_found_within_two_and_a_half_times_the_texts_of_one_look() -> None:
    loss, found = share_found(200, loses=0.045)
    assert loss == pytest.approx(-0.02, abs=0.003) and found >= 0.8, (loss, found)


@pytest.mark.long
def test_a_loss_of_two_points_on_real_texts_is_found_as_soon() -> None:
    loss, found = share_found(200, loses=0.045, real=real_decisions(whole=True))
    assert loss == pytest.approx(-0.02, abs=0.003) and found >= 0.8, (loss, found)


def test_no_model_is_called_better_before_enough_texts_came() -> None:
    labels_NK = np.ones((FEWEST_TEXTS - 1, 2), bool)
    found = StreamMoments.of(labels_NK, labels_NK, ~labels_NK)
    assert not found.enough and found.verdict() == "undecided"
    assert (found + found).verdict() == "worse"


def test_models_that_never_differ_are_equivalent_once_a_difference_would_have_shown() -> None:
    verdicts = []
    for texts in (300, 10_000):
        labels_NK, one_NK, _ = stream(5, texts)
        found = StreamMoments.of(labels_NK, one_NK, one_NK)
        assert found.change().value == 0
        verdicts.append(found.verdict())
    assert verdicts == ["undecided", "equivalent"]


def test_no_interval_is_given_before_each_model_saw_every_label_a_few_times() -> None:
    labels_NK, one_NK, other_NK = stream(7, 1_000)
    rare = np.flatnonzero(labels_NK[:, 1])
    labels_NK[rare[FEWEST_POSITIVES - 1 :], 1] = False
    found = StreamMoments.of(labels_NK, one_NK, other_NK)
    assert found.short_of.tolist() == [0, 1, 0, 0, 0, 0, 0] and not found.enough
    assert found.change().low == -1 and found.label_changes()[1].high == 1
    assert found.label_changes()[3].high < 1
    second_N = np.ones(1_000, bool)
    labels_NK, one_NK, other_NK = stream(7, 1_000)
    second_N[np.flatnonzero(labels_NK[:, 1])[:2]] = False
    found = StreamMoments.of(labels_NK, one_NK, other_NK, second_N=second_N)
    assert found.short_of.max() > 0, "the first model saw too few"


def test_a_label_changes_as_its_own_f1_does() -> None:
    labels_NK, one_NK, other_NK = stream(8, 4_000, loses=0.1)
    found = StreamMoments.of(labels_NK, one_NK, other_NK)
    changes = found.label_changes()
    before_K, after_K = (f1_score(labels_NK, g, average=None) for g in (one_NK, other_NK))
    np.testing.assert_allclose([c.before for c in changes], before_K)
    np.testing.assert_allclose([c.value for c in changes], after_K - before_K)
    assert np.mean([c.value for c in changes]) == pytest.approx(found.change().value)
    assert changes[3].high < 0 < changes[3].before, "of the commonest label the loss is shown"
    assert all(c.low <= c.value <= c.high for c in changes)


def test_the_influence_of_texts_is_that_which_the_deviation_is_of() -> None:
    arrays = stream(9, 800)
    found = StreamMoments.of(*arrays)
    influence_N = found.influence(*arrays)
    assert influence_N.mean() == pytest.approx(0, abs=1e-12)
    assert influence_N.std() == pytest.approx(found.deviation)


def test_keys_that_send_alike_texts_are_not_called_different_in_split_traffic() -> None:
    called = np.zeros(2)
    for seed in range(60):
        labels_NK, one_NK, _ = stream(seed, 400)
        rng = np.random.default_rng(seed)
        text_N = np.repeat(np.arange(400), 10)  # a key sends ten texts of one kind
        second_N = np.repeat(rng.random(400) < 0.5, 10)
        arrays = (labels_NK[text_N], one_NK[text_N], one_NK[text_N])
        found = StreamMoments.of(*arrays, second_N=second_N)
        effect = design_effect(found.influence(*arrays, second_N=second_N), text_N)
        for i, each in enumerate((1.0, effect)):
            called[i] += not found.change(planned=4_000, effect_of_keys=each).includes_zero
    assert called[0] > 6 and called[1] == 0, called


def test_equal_models_on_real_texts_are_seldom_called_different_with_rare_labels() -> None:
    called, naively = share_called(60, 2_000, real=real_decisions(whole=False))
    assert said(called, naively)


@pytest.mark.long
@pytest.mark.parametrize("split", [False, True], ids=["shadow", "split"])
def test_two_thousand_streams_of_real_texts_are_called_different_in_at_most_one_of_twenty(
    split: bool,
) -> None:
    texts = 20_000 if split else 3_000
    streams = 200 if split else 2_000
    called, naively = share_called(streams, texts, split=split, real=real_decisions(whole=True))
    assert said(called, naively)


def test_decisions_of_other_texts_are_refused() -> None:
    labels_NK, one_NK, _ = stream(6, 300)
    with pytest.raises(ValueError, match="must have one shape"):
        StreamMoments.of(labels_NK, one_NK, one_NK[:-1])
