"""What is watched: measures of each label and of all texts, as ratios of a window's sums.

Shapes: K labels, E edges, M ratios, H hypotheses: a distance is one of E ratios.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from emoray.metrics.drift import RatioSums
from emoray.monitoring.margins import Margins
from emoray.monitoring.sums import AVERAGED, EDGED, QUANTILES, FactSums, WindowSums

POSITIVES, PROBABILITY = "positive_share", "mean_probability"
PRECISION, RECALL, F1 = "expected_precision", "expected_recall", "expected_f1"
LOGITS = "logit_ks"
MIX, MACRO_F1 = "label_mix", "expected_macro_f1"
UNKNOWN, TRUNCATED = "unknown_share", "truncated_share"
LENGTH, LATENCY = "characters_ks", "milliseconds_ks"
EARNED_F1, EARNED_MACRO_F1, ECE = "f1", "macro_f1", "ece"
MEAN_LENGTH, MEAN_LATENCY = "characters_mean", "milliseconds_mean"
OF_LABELS = (POSITIVES, PROBABILITY, PRECISION, RECALL, F1)
OF_TEXTS = (MACRO_F1, UNKNOWN, TRUNCATED, LENGTH, LATENCY)
EVERY = ""  # the label of what is of all texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One hypothesis: a measure of a label, or of all texts."""

    measure: str
    label: str


def _means(sums: FactSums) -> RatioSums:
    one = np.ones(1)
    return RatioSums.means(sums.texts * one, sums.total * one, sums.squares * one)


def _below(texts: float, below_E: np.ndarray) -> RatioSums:
    return RatioSums.means(np.full(len(below_E), texts), below_E, below_E)


def _ratios(sums: WindowSums, reference: WindowSums) -> Iterator[RatioSums]:
    moments = sums.expected
    true_K, positive_K, given_K = moments.sums_3K
    true2_K, positive2_K, _ = moments.squares_3K
    n = np.full(len(true_K), float(sums.texts))
    yield RatioSums.means(n, given_K, given_K)
    yield RatioSums.means(n, positive_K, positive2_K)
    yield RatioSums(texts=n, part=true_K, whole=given_K, part2=true2_K, both=true_K, whole2=given_K)
    yield RatioSums(
        texts=n, part=true_K, whole=positive_K, part2=true2_K, both=true2_K, whole2=positive2_K
    )
    yield RatioSums(
        texts=n,
        part=2 * true_K,
        whole=positive_K + given_K,
        part2=4 * true2_K,
        both=2 * (true2_K + true_K),
        whole2=positive2_K + 2 * true_K + given_K,
    )
    yield _below(sums.texts, sums.below_KE.ravel())
    # Macro-F1 as a mean over texts: the reference's, and what each text adds to it.
    weights_F = reference.texts * reference.expected.macro_influence()
    before = reference.expected.scores().macro_f1
    added, added2 = weights_F @ moments.sum_F, weights_F @ moments.product_FF @ weights_F
    total, squares = n[0] * before + added, n[0] * before**2 + 2 * before * added + added2
    yield RatioSums.means(n[:1], np.array([total]), np.array([squares]))
    for name in AVERAGED:
        yield _means(sums.facts[name])
    for name in EDGED:
        yield _below(sums.facts[name].texts, sums.facts[name].below_E)


def ratios_of(sums: WindowSums, reference: WindowSums) -> RatioSums:
    """All M ratios of a window; the reference is what macro-F1 is linear around."""
    parts = [part.stacked() for part in _ratios(sums, reference)]
    return RatioSums.unstacked(np.concatenate(parts, axis=1))


def watched(label_names: tuple[str, ...]) -> tuple[Watched, ...]:
    """The hypotheses: those of `group_starts`, in its order, and the mix of all labels."""
    of_labels = [Watched(measure=m, label=name) for m in OF_LABELS for name in label_names]
    logits = [Watched(measure=LOGITS, label=name) for name in label_names]
    of_texts = (Watched(measure=m, label=EVERY) for m in (*OF_TEXTS, MIX))
    return (*of_labels, *logits, *of_texts)


def group_starts(labels: int) -> np.ndarray:
    """start_H: where the ratios of each hypothesis begin."""
    edges = len(QUANTILES)
    sizes = [1] * (len(OF_LABELS) * labels) + [edges] * labels + [1, 1, 1, edges, edges]
    return np.cumsum([0, *sizes[:-1]])


def grouped_change(ratio: np.ndarray, reference_M: np.ndarray, labels: int) -> np.ndarray:
    """Changes (…, H) of ratios (…, M): of a distance the largest, of macro-F1 its labels' mean."""
    starts = group_starts(labels)
    gap = ratio - reference_M
    change = np.where(
        np.diff([*starts, len(reference_M)]) == 1,
        gap[..., starts],
        np.maximum.reduceat(np.abs(gap), starts, axis=-1),
    )
    f1 = OF_LABELS.index(F1) * labels
    change[..., -len(OF_TEXTS)] = gap[..., f1 : f1 + labels].mean(axis=-1)
    return change


def grouped_evidence(log_e: np.ndarray, labels: int) -> np.ndarray:
    """Logarithms of e-values (…, H) of those of ratios (…, M): the mean of e-values is one too."""
    starts = group_starts(labels)
    sizes = np.diff([*starts, log_e.shape[-1]])
    return np.asarray(np.logaddexp.reduceat(log_e, starts, axis=-1) - np.log(sizes))


def margins_of(margins: Margins, reference: RatioSums, labels: int) -> np.ndarray:
    """margin_H, of the reference's own shares."""
    shares_2K = reference.ratio[: 2 * labels].reshape(2, labels)
    return np.concatenate(
        [
            margins.of_share(shares_2K).ravel(),
            np.full(3 * labels, margins.f1),
            np.full(labels, margins.distance),
            [margins.macro_f1, margins.words, margins.words],
            [2 * margins.distance, 2 * margins.distance, margins.mix],
        ]
    )


def mix_change(mean: np.ndarray, reference_K: np.ndarray) -> np.ndarray:
    """Part of all labels' mean probability (…, K) that has moved from some labels to others."""
    total = max(float(reference_K.sum()), 1e-12)
    return np.asarray(np.abs(mean - reference_K).sum(axis=-1) / (2 * total))


def is_plain(measure: str) -> bool:
    """Whether a measure is a share, with an interval; a distance is not."""
    return measure not in (LOGITS, LENGTH, LATENCY, MIX)


def number(value: float) -> float | None:
    """None in place of NaN and infinities."""
    return float(value) if math.isfinite(value) else None
