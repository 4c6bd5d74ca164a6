"""Whether one model is better than another on a stream, told at any moment, as often as one looks.

A usual 95 % interval holds once: whoever looks every day and stops at the first difference is wrong
far more often than one time in twenty. A confidence sequence holds at all moments together. This
one is asymptotic: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024, "Time-uniform central limit
theory and asymptotic confidence sequences" (arXiv 2103.06476), Theorem 2.2, about the mean
influence of a text on the difference of two macro-F1 (the delta method on per-label ratios).

Shapes: N texts, K labels, F = 4K features of a text.
"""

import math
from dataclasses import dataclass

import numpy as np

from emoray.metrics.bootstrap import EQUIVALENCE_LEVEL, LEVEL
from emoray.metrics.change import MARGIN, Change, checked_margin
from emoray.metrics.checks import checked_labels

FEWEST_TEXTS = 200  # before them the variance is not known well enough for any interval
FEWEST_POSITIVES = 10  # of every label that has any
PLANNED_TEXTS = 10_000  # where the sequence is narrowest, unless a plan says otherwise
POWER = 0.8


def half_width(texts: float, deviation: float, level: float, planned: float) -> float:
    """Half the width of the confidence sequence after so many texts.

    Args:
        texts: texts seen so far, above 0.
        deviation: standard deviation of one text's influence.
        level: of all moments together, such as 0.95.
        planned: texts at which the sequence is to be narrowest.

    Returns:
        In the unit of `deviation`.
    """
    alpha = 1 - level
    rho2 = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / planned
    spread = texts * rho2 + 1
    inside = 2 * spread / (texts**2 * rho2) * math.log(math.sqrt(spread) / alpha)
    return deviation * math.sqrt(inside)


def texts_needed(
    deviation: float,
    effect: float,
    *,
    level: float = LEVEL,
    power: float = POWER,
    planned: float = PLANNED_TEXTS,
) -> int:
    """Texts after which a true difference of `effect` is shown with the probability `power`.

    Args:
        deviation: standard deviation of one text's influence.
        effect: of macro-F1, above 0.
        level: of the confidence sequence.
        power: probability, in (0.5, 1).
        planned: texts at which the sequence is narrowest.

    Returns:
        Texts, at least `FEWEST_TEXTS`.

    Raises:
        ValueError: no such effect or power.
    """
    if not 0 < effect < 1:
        raise ValueError(f"a planned effect lies in (0, 1), got {effect}: 0.02 is two points of F1")
    if not 0.5 < power < 1:
        raise ValueError(f"power lies in (0.5, 1), got {power}: {POWER} is customary")
    from scipy.special import ndtri

    late = float(ndtri(power))

    def shown(texts: float) -> bool:
        width = half_width(texts, deviation, level, planned)
        return width + late * deviation / math.sqrt(texts) <= effect

    high = float(FEWEST_TEXTS)
    while not shown(high):
        high *= 2
    low = high / 2
    while high - low > 1:
        middle = (low + high) / 2
        low, high = (low, middle) if shown(middle) else (middle, high)
    return max(FEWEST_TEXTS, math.ceil(high))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StreamMoments:
    """All that a stream has shown of two models: sums that add up, whatever the order of texts.

    Features of a text, label by label: true positives and 2 TP + FP + FN of the first model, then
    of the second; zero for a model that did not see the text.
    """

    texts: int
    positives_K: np.ndarray
    sum_F: np.ndarray
    product_FF: np.ndarray

    @classmethod
    def of(
        cls,
        labels_NK: np.ndarray,
        before_NK: np.ndarray,
        after_NK: np.ndarray,
        *,
        second_N: np.ndarray | None = None,
    ) -> "StreamMoments":
        """Sums of some texts.

        Args:
            labels_NK: what is true, 0 and 1.
            before_NK: decisions of the first model, 0 and 1.
            after_NK: decisions of the second one.
            second_N: where traffic is split, True for each text that the second model got; its
                decisions of the other texts count for nothing, nor do the first one's of these.
                Without it both models saw every text.

        Returns:
            The sums. Other shapes, or values that are neither 0 nor 1, are a ValueError.
        """
        labels_NK = np.asarray(labels_NK)
        before_NK, after_NK = np.asarray(before_NK), np.asarray(after_NK)
        labels_NK = checked_labels(labels_NK, before_NK.shape, "decisions")
        features = []
        for decided_NK, seen_N in (
            (before_NK, None if second_N is None else ~np.asarray(second_N, bool)),
            (after_NK, None if second_N is None else np.asarray(second_N, bool)),
        ):
            given_NK = checked_labels(decided_NK, labels_NK.shape, "labels")
            both_NK = (labels_NK & given_NK).astype(np.float64)
            size_NK = labels_NK.astype(np.float64) + given_NK
            if seen_N is not None:
                both_NK, size_NK = both_NK * seen_N[:, None], size_NK * seen_N[:, None]
            features += [both_NK, size_NK]
        rows_NF = np.concatenate(features, axis=1)
        return cls(
            texts=len(rows_NF),
            positives_K=labels_NK.sum(axis=0, dtype=np.int64),
            sum_F=rows_NF.sum(axis=0),
            product_FF=rows_NF.T @ rows_NF,
        )

    def __add__(self, other: "StreamMoments") -> "StreamMoments":
        return StreamMoments(
            texts=self.texts + other.texts,
            positives_K=self.positives_K + other.positives_K,
            sum_F=self.sum_F + other.sum_F,
            product_FF=self.product_FF + other.product_FF,
        )

    @property
    def macro_f1(self) -> tuple[float, float]:
        """Of the first model and of the second; a label that nobody gives or has counts as 0."""
        tp_2K, size_2K = self._ratios()
        first, second = (2 * tp_2K / np.maximum(size_2K, 1)).mean(axis=1)
        return float(first), float(second)

    @property
    def deviation(self) -> float:
        """Standard deviation of one text's influence on the change of macro-F1."""
        tp_2K, size_2K = self._ratios()
        f1_2K = 2 * tp_2K / np.maximum(size_2K, 1)
        scale_2K = np.where(size_2K > 0, self.texts / np.maximum(size_2K, 1), 0) / tp_2K.shape[1]
        sign_2 = np.array([[-1.0], [1.0]])
        weights = np.stack([2 * sign_2 * scale_2K, -sign_2 * f1_2K * scale_2K], axis=1).ravel()
        mean = weights @ self.sum_F / self.texts  # 0 but for rounding
        second = weights @ self.product_FF @ weights / self.texts
        return math.sqrt(max(0.0, float(second - mean**2)))

    @property
    def enough(self) -> bool:
        """Whether an interval can be given yet."""
        found_K = self.positives_K[self.positives_K > 0]
        return self.texts >= FEWEST_TEXTS and bool((found_K >= FEWEST_POSITIVES).all())

    def _ratios(self) -> tuple[np.ndarray, np.ndarray]:
        by_2_2K = self.sum_F.reshape(2, 2, -1)
        return by_2_2K[:, 0], by_2_2K[:, 1]

    def change(self, *, planned: float = PLANNED_TEXTS) -> Change:
        """The change of macro-F1 with intervals that hold at every moment.

        Args:
            planned: texts at which they are narrowest.

        Returns:
            The second model's macro-F1 less the first one's; −1 to 1 until there are `enough`.
        """
        before, after = self.macro_f1
        change, ends = after - before, []
        deviation = self.deviation if self.enough else math.inf
        for level in (LEVEL, EQUIVALENCE_LEVEL):
            width = half_width(self.texts, deviation, level, planned)
            ends += [max(-1.0, change - width), min(1.0, change + width)]
        low, high, narrow_low, narrow_high = ends
        return Change(
            before=before,
            after=after,
            low=low,
            high=high,
            equivalence_low=narrow_low,
            equivalence_high=narrow_high,
        )

    def verdict(self, *, margin: float = MARGIN, planned: float = PLANNED_TEXTS) -> str:
        """better, worse, equivalent or undecided, of the second model, at this moment."""
        return self.change(planned=planned).verdict(checked_margin(margin))
