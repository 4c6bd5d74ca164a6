"""What a stream had shown at some moments."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import f1_score

from emoray.experiments.answers import NEVER
from emoray.experiments.looks import (
    LOOKS,
    effect_of_keys,
    effect_of_keys_on_rates,
    labelled_texts,
    latency_ratio,
    looks_at,
    mixed_units,
    moments_to_look_at,
)
from emoray.experiments.pairing import TextStream
from emoray.experiments.plan import ExperimentPlan
from emoray.experiments.rows import result_of
from emoray.metrics.stream import StreamMoments
from emoray.tables.true_labels import TrueLabels
from tests.experiments.made import NAMES, ONE, TWO, decisions, sha, text_of


def stream_of(
    before_NK: np.ndarray, after_NK: np.ndarray, *, second_N: np.ndarray | None = None
) -> TextStream:
    texts = len(before_NK)
    packed = [np.packbits(decided_NK, axis=1) for decided_NK in (before_NK, after_NK)]
    if second_N is not None:
        packed = [np.where(second_N[:, None], packed[1], packed[0])] * 2
    hashes = np.array([int(sha(text_of(i))[:16], 16) for i in range(texts)], np.uint64)
    return TextStream(
        before=ONE,
        after=TWO,
        label_names=NAMES,
        time_N=np.full(texts, NEVER),
        text_N=hashes,
        unit_N=hashes,
        before_NB=packed[0],
        after_NB=packed[1],
        second_N=second_N,
        milliseconds=(np.full(texts, np.nan), np.full(texts, np.nan)),
        again=0,
        alone=0,
    )


def labels_of(labels_NK: np.ndarray, rows: range) -> TrueLabels:
    hashes = pa.array([sha(text_of(i)) for i in rows])
    return TrueLabels(sha256=hashes, labels_TK=labels_NK[list(rows)])


LABELS, BEFORE, AFTER = decisions(3, 2_000, loses=0.1)
STREAM = stream_of(BEFORE, AFTER)
EVERY_THIRD = labelled_texts(STREAM, labels_of(LABELS, range(1_998, -1, -3)), "labels")


def test_labels_are_found_by_the_hash_of_their_text_in_any_order() -> None:
    assert EVERY_THIRD.place_L.tolist() == list(range(0, 2_000, 3))
    np.testing.assert_array_equal(STREAM.decided(EVERY_THIRD.packed_LB), LABELS[::3])
    strangers = TrueLabels(sha256=pa.array([sha("other")]), labels_TK=LABELS[:1])
    assert len(labelled_texts(STREAM, strangers, "labels")) == 0
    nothing = TrueLabels(sha256=pa.array([], pa.string()), labels_TK=LABELS[:0])
    assert len(labelled_texts(STREAM, nothing, "labels")) == 0


def test_every_look_is_what_all_texts_by_then_show() -> None:
    for look in looks_at(STREAM, EVERY_THIRD):
        seen = slice(0, look.texts)
        known = slice(0, look.texts, 3)
        assert look.flips.gained_K.tolist() == (AFTER & ~BEFORE)[seen].sum(axis=0).tolist()
        assert look.labelled == len(range(0, look.texts, 3))
        assert look.moments is not None
        assert look.moments.macro_f1 == pytest.approx(
            [f1_score(LABELS[known], d[known], average="macro") for d in (BEFORE, AFTER)]
        )


@pytest.mark.parametrize("labelled", [None, EVERY_THIRD], ids=["texts", "labelled"])
def test_looks_are_few_and_end_with_all_texts(labelled: object) -> None:
    looks = moments_to_look_at(STREAM, labelled)  # type: ignore[arg-type]
    assert len(looks) <= LOOKS and looks == sorted(set(looks)) and looks[-1] == 2_000
    assert looks[0] == (200 if labelled is None else 598)
    assert moments_to_look_at(stream_of(BEFORE[:1], AFTER[:1]), None) == [1]


def test_split_traffic_shows_each_model_on_its_own_texts() -> None:
    second_N = np.random.default_rng(0).random(2_000) < 0.3
    stream = stream_of(BEFORE, AFTER, second_N=second_N)
    whole = labelled_texts(stream, labels_of(LABELS, range(2_000)), "labels")
    last = looks_at(stream, whole)[-1]
    assert last.moments is not None and last.units == (2_000 - second_N.sum(), second_N.sum())
    assert last.moments.macro_f1 == pytest.approx(
        [
            f1_score(LABELS[~second_N], BEFORE[~second_N], average="macro"),
            f1_score(LABELS[second_N], AFTER[second_N], average="macro"),
        ]
    )
    assert last.split_p(0.3) == pytest.approx(1, abs=0.9) and last.split_p(0.5) < 1e-9  # type: ignore[operator]
    assert looks_at(STREAM, None)[-1].split_p(0.5) is None


def test_keys_are_counted_once_and_those_that_both_answered_are_found() -> None:
    second_N = np.arange(2_000) >= 1_000
    unit_N = np.repeat(np.arange(200, dtype=np.uint64), 10)
    unit_N[0] = 199
    stream = replace(stream_of(BEFORE, AFTER, second_N=second_N), unit_N=unit_N)
    assert looks_at(stream, None)[-1].units == (101, 100)
    assert mixed_units(stream) == 1 and mixed_units(STREAM) == 0


def test_alike_texts_of_a_key_widen_what_split_traffic_shows() -> None:
    of_N = np.repeat(np.arange(200), 10)
    second_N = np.repeat(np.random.default_rng(1).random(200) < 0.5, 10)
    stream = stream_of(BEFORE[of_N], AFTER[of_N], second_N=second_N)
    labelled = labelled_texts(stream, labels_of(LABELS[of_N], range(2_000)), "labels")
    moments = looks_at(stream, labelled)[-1].moments
    assert effect_of_keys(stream, labelled, moments) == pytest.approx(1, abs=0.1)
    keyed = replace(stream, unit_N=of_N.astype(np.uint64))
    assert effect_of_keys(keyed, labelled, moments) == pytest.approx(10, rel=0.1)
    narrow, wide = (
        result_of(s, labelled, ExperimentPlan(), looks_at(s, labelled)).now for s in (stream, keyed)
    )
    assert wide.high - wide.low > 3 * (narrow.high - narrow.low)  # type: ignore[operator]
    assert effect_of_keys(STREAM, EVERY_THIRD, moments) == 1 and moments is not None
    assert isinstance(moments, StreamMoments)


def test_alike_texts_of_a_key_widen_what_is_known_of_shares_without_labels() -> None:
    called = np.zeros(2)
    for seed in range(40):
        _, decided_NK, _ = decisions(seed, 300)
        of_N = np.repeat(np.arange(300), 10)
        second_N = np.repeat(np.random.default_rng(seed).random(300) < 0.5, 10)
        stream = stream_of(decided_NK[of_N], decided_NK[of_N], second_N=second_N)
        keyed = replace(stream, unit_N=of_N.astype(np.uint64))
        for i, each in enumerate((stream, keyed)):
            [*_, look] = looks_at(each, None)
            effect_K = effect_of_keys_on_rates(each, look.flips)
            assert effect_K == pytest.approx(np.full(3, (1, 10)[i]), rel=0.1)
            found = look.flips.rate_change(planned=3_000, effect_of_keys=effect_K)
            called[i] += ((found.low_K > 0) | (found.high_K < 0)).any()
    assert called[0] > 10 and called[1] == 0, called
    assert effect_of_keys_on_rates(STREAM, looks_at(STREAM, None)[-1].flips).tolist() == [1, 1, 1]


@pytest.mark.parametrize("is_paired", [True, False], ids=["shadow", "split"])
def test_a_ratio_of_latency_lies_within_its_interval(is_paired: bool) -> None:
    rng = np.random.default_rng(5)
    length_N = np.exp(rng.normal(size=4_000))
    before_N = length_N * np.exp(rng.normal(0, 0.1, 4_000))
    after_N = 1.3 * length_N * np.exp(rng.normal(0, 0.1, 4_000))
    before_N[7], after_N[8] = np.nan, 0.0
    if not is_paired:
        before_N, after_N = before_N[:1_000], after_N[1_000:]
    found = latency_ratio(before_N, after_N, is_paired=is_paired, planned=10_000)
    assert found is not None and found.low < 1.3 < found.high
    width = found.high / found.low
    assert width < 1.03 if is_paired else width > 1.1, "pairs take the length of texts out"
    assert latency_ratio(before_N[:50], after_N[:50], is_paired=is_paired, planned=100) is None
