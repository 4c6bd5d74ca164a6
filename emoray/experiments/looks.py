"""What a stream of texts had shown at some moments, and by now. Shapes: N texts, K labels."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from emoray.experiments.answers import of_sha256
from emoray.experiments.pairing import TextStream
from emoray.metrics.anytime import FEWEST_TEXTS, design_effect
from emoray.metrics.anytime_counts import split_p
from emoray.metrics.flips import FlipCounts
from emoray.metrics.stream import StreamMoments
from emoray.tables.true_labels import TrueLabels

LOOKS = 60  # at most, ever further apart
AT_ONCE = 16_384  # texts whose decisions are unpacked


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledTexts:
    """The texts of a stream whose labels are known: where they stand in it, and their labels."""

    place_L: np.ndarray
    packed_LB: np.ndarray

    def __len__(self) -> int:
        return len(self.place_L)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """What was known at one moment.

    Attributes:
        texts: that had come.
        flips: of them.
        labelled: of them with labels.
        moments: of these; None without one.
        units: of split traffic that came to each artifact; None in a shadow.
    """

    texts: int
    flips: FlipCounts
    labelled: int
    moments: StreamMoments | None
    units: tuple[int, int] | None

    def split_p(self, share: float) -> float | None:
        """P-value of the planned share of the second artifact; None in a shadow."""
        return None if self.units is None else split_p(*self.units, share)


def labelled_texts(stream: TextStream, labels: TrueLabels, where: str) -> LabelledTexts:
    """Find the labels of a stream's texts.

    Args:
        stream: of different texts.
        labels: by the SHA-256 of a text.
        where: they come from, for errors.

    Returns:
        Those of the stream's texts that have labels, in their order.
    """
    of_label_T = of_sha256(labels.sha256, where)
    order_T = np.argsort(of_label_T)
    if not len(order_T):
        nothing = np.zeros((0, stream.before_NB.shape[1]), np.uint8)
        return LabelledTexts(place_L=np.zeros(0, np.int64), packed_LB=nothing)
    at_N = np.searchsorted(of_label_T, stream.text_N, sorter=order_T)
    row_N = order_T[np.minimum(at_N, len(order_T) - 1)]
    place_L = np.flatnonzero(of_label_T[row_N] == stream.text_N)
    packed_TB = np.packbits(labels.labels_TK, axis=1)
    return LabelledTexts(place_L=place_L, packed_LB=packed_TB[row_N[place_L]])


def moments_to_look_at(stream: TextStream, labelled: LabelledTexts | None) -> list[int]:
    """After how many texts of the stream to look: ever further apart, at last after all.

    Args:
        stream: of texts.
        labelled: whose number they are chosen by, where there are any.

    Returns:
        At most `LOOKS` numbers of texts, ascending.
    """
    counted = len(labelled) if labelled else len(stream)
    chosen = np.unique(np.geomspace(min(FEWEST_TEXTS, counted), counted, LOOKS).round().astype(int))
    if labelled:
        chosen = labelled.place_L[chosen - 1] + 1
        chosen[-1] = len(stream)
    return [int(texts) for texts in chosen]


def _units_at(stream: TextStream, looks: list[int]) -> list[tuple[int, int] | None]:
    """How many units of split traffic had come to each artifact by each look."""
    if stream.second_N is None:
        return [None] * len(looks)
    sides = [np.unique(stream.unit_N[mine], return_index=True)[1] for mine in _sides(stream)]
    places = [np.flatnonzero(m)[first] for m, first in zip(_sides(stream), sides, strict=True)]
    return [(int((places[0] < n).sum()), int((places[1] < n).sum())) for n in looks]


def _sides(stream: TextStream) -> tuple[np.ndarray, np.ndarray]:
    assert stream.second_N is not None
    return ~stream.second_N, stream.second_N


def mixed_units(stream: TextStream) -> int:
    """Units of split traffic that both artifacts answered: a key should come to one of them."""
    if stream.second_N is None:
        return 0
    return len(np.intersect1d(*(stream.unit_N[mine] for mine in _sides(stream))))


def _parts(stream: TextStream, start: int, end: int) -> Iterator[FlipCounts]:
    for at in range(start, end, AT_ONCE):
        part = slice(at, min(at + AT_ONCE, end))
        second_N = None if stream.second_N is None else stream.second_N[part]
        decided = stream.decided(stream.before_NB[part]), stream.decided(stream.after_NB[part])
        yield FlipCounts.of(*decided, second_N=second_N)


def _labelled_parts(
    stream: TextStream, labelled: LabelledTexts, start: int, end: int
) -> Iterator[tuple[dict[str, np.ndarray | None], np.ndarray]]:
    """Arguments of `StreamMoments.of` for labelled texts start..end, and where these stand."""
    for at in range(start, end, AT_ONCE):
        part = slice(at, min(at + AT_ONCE, end))
        place_L = labelled.place_L[part]
        yield (
            {
                "labels_NK": stream.decided(labelled.packed_LB[part]),
                "before_NK": stream.decided(stream.before_NB[place_L]),
                "after_NK": stream.decided(stream.after_NB[place_L]),
                "second_N": None if stream.second_N is None else stream.second_N[place_L],
            },
            place_L,
        )


def looks_at(
    stream: TextStream,
    labelled: LabelledTexts | None,
    *,
    told: Callable[[int], None] = lambda texts: None,
) -> list[Look]:
    """What the stream had shown at each moment.

    Args:
        stream: with at least one text.
        labelled: texts of it whose labels are known.
        told: how many texts are counted by now.

    Returns:
        By the number of texts, the last one by now.
    """
    looks = moments_to_look_at(stream, labelled)
    units = _units_at(stream, looks)
    found: list[Look] = []
    flips: FlipCounts | None = None
    moments: StreamMoments | None = None
    start = known = 0
    for texts, of_units in zip(looks, units, strict=True):
        for part in _parts(stream, start, texts):
            flips = part if flips is None else flips + part
        if labelled:
            end = int(np.searchsorted(labelled.place_L, texts))
            for values, _ in _labelled_parts(stream, labelled, known, end):
                more = StreamMoments.of(**values)  # type: ignore[arg-type]
                moments = more if moments is None else moments + more
            known = end
        start = texts
        assert flips is not None
        found.append(
            Look(texts=texts, flips=flips, labelled=known, moments=moments, units=of_units)
        )
        told(texts)
    return found


def effect_of_keys(
    stream: TextStream, labelled: LabelledTexts | None, moments: StreamMoments | None
) -> float:
    """How many times more sums vary in split traffic as texts of one key are alike.

    Args:
        stream: of texts.
        labelled: whose labels are known.
        moments: of all these.

    Returns:
        1 in a shadow, where both models see the same texts, and without labels.
    """
    if stream.second_N is None or moments is None or labelled is None:
        return 1.0
    parts = [
        (moments.influence(**values), stream.unit_N[place_L])  # type: ignore[arg-type]
        for values, place_L in _labelled_parts(stream, labelled, 0, len(labelled))
    ]
    influence_N, unit_N = (np.concatenate(each) for each in zip(*parts, strict=True))
    return design_effect(influence_N, unit_N)


def effect_of_keys_on_rates(stream: TextStream, flips: FlipCounts) -> np.ndarray:
    """The same for the share of texts with each label.

    Args:
        stream: of texts.
        flips: of all of them.

    Returns:
        effect_K; 1 in a shadow.
    """
    labels = len(stream.label_names)
    if stream.second_N is None:
        return np.ones(labels)
    _, of_unit_N = np.unique(stream.unit_N, return_inverse=True)
    side_N = stream.second_N.astype(np.intp)
    scale_2 = np.array([-1.0, 1.0]) / np.maximum(flips.texts_2, 1)
    effect_K = np.empty(labels)
    for k in range(labels):
        given_N = stream.before_NB[:, k // 8] >> (7 - k % 8) & 1
        influence_N = (given_N - flips.rate_2K[side_N, k]) * scale_2[side_N]
        effect_K[k] = design_effect(influence_N, of_unit_N)
    return effect_K


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyRatio:
    """How much longer the second artifact takes, as a geometric mean with its always valid ends."""

    answers: int
    ratio: float
    low: float
    high: float


def latency_ratio(
    before_N: np.ndarray, after_N: np.ndarray, *, is_paired: bool, planned: float
) -> LatencyRatio | None:
    """Compare milliseconds: of pairs, or of two groups.

    Args:
        before_N: milliseconds of the first artifact; NaN and 0 do not count.
        after_N: of the second.
        is_paired: whether both are of the same texts, in the same order.
        planned: answers after which the interval is narrowest.

    Returns:
        The ratio; None for fewer than `FEWEST_TEXTS` answers of a side.
    """
    from emoray.metrics.anytime import half_width
    from emoray.metrics.bootstrap import LEVEL

    ok_before, ok_after = before_N > 0, after_N > 0
    if is_paired:
        logs_N = np.log(after_N[ok_before & ok_after], dtype=np.float64) - np.log(
            before_N[ok_before & ok_after], dtype=np.float64
        )
        if len(logs_N) < FEWEST_TEXTS:
            return None
        mean, deviation, count = float(logs_N.mean()), float(logs_N.std()), len(logs_N)
    else:
        sides = [
            np.log(side[ok], dtype=np.float64)
            for side, ok in ((before_N, ok_before), (after_N, ok_after))
        ]
        if min(map(len, sides)) < FEWEST_TEXTS:
            return None
        mean, count = float(sides[1].mean() - sides[0].mean()), sum(map(len, sides))
        deviation = math.sqrt(sum(float(s.var()) * count / len(s) for s in sides))
    width = half_width(count, deviation, LEVEL, planned)
    return LatencyRatio(
        answers=count,
        ratio=math.exp(mean),
        low=math.exp(mean - width),
        high=math.exp(mean + width),
    )
