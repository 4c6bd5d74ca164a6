"""What a stream of texts has shown of two models: sums that add up, and the change of macro-F1.

The intervals are those of `anytime.py`, about the mean influence of a text on the difference of two
macro-F1 (the delta method on per-label ratios). Where two models hardly differ, the few texts that
show it say little of how much they vary. So the variance counts two texts more, one lost and one
won, of all labels evenly (as Agresti & Coull 1998, "Approximate is better than 'exact' for interval
estimation of binomial proportions", do for a share): models that never differed yet are no sure
equals after 200 texts, and two that are equal are called different as seldom as is promised even
where labels are rare.

Shapes: N texts, K labels, F = 4K features of a text.
"""

import math
from dataclasses import dataclass

import numpy as np

from emoray.metrics.anytime import FEWEST_TEXTS, half_width
from emoray.metrics.bootstrap import EQUIVALENCE_LEVEL, LEVEL
from emoray.metrics.change import MARGIN, Change, checked_margin
from emoray.metrics.checks import checked_labels
from emoray.metrics.convention import PLANNED_TEXTS

FEWEST_POSITIVES = 3  # of every label that has any, among the texts that each model saw


def _features(
    labels_NK: np.ndarray,
    before_NK: np.ndarray,
    after_NK: np.ndarray,
    second_N: np.ndarray | None,
) -> np.ndarray:
    """Features of some texts, N x F, as `StreamMoments` sums them."""
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
    return np.concatenate(features, axis=1)


def _changed(
    before: float, after: float, deviation: float, texts: int, planned: float, among: int
) -> Change:
    """A change with the intervals of one among several that are to hold together (Bonferroni)."""
    change, ends = after - before, []
    for level in (LEVEL, EQUIVALENCE_LEVEL):
        width = half_width(texts, deviation, 1 - (1 - level) / among, planned)
        ends += [max(-1.0, change - width), min(1.0, change + width)]
    low, high, narrow_low, narrow_high = (float(end) for end in ends)
    return Change(
        before=float(before),
        after=float(after),
        low=low,
        high=high,
        equivalence_low=narrow_low,
        equivalence_high=narrow_high,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StreamMoments:
    """All that a stream has shown of two models: sums that add up, whatever the order of texts.

    Features of a text, label by label: true positives and 2 TP + FP + FN of the first model, then
    of the second; zero for a model that did not see the text.
    """

    texts: int
    positives_2K: np.ndarray
    """Texts that carry the label, of those that each model saw."""
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
        rows_NF = _features(labels_NK, before_NK, after_NK, second_N)
        labels_NK = np.asarray(labels_NK) == 1
        seen = np.ones(len(labels_NK), bool) if second_N is None else np.asarray(second_N, bool)
        first = labels_NK if second_N is None else labels_NK[~seen]
        return cls(
            texts=len(rows_NF),
            positives_2K=np.stack([first.sum(axis=0), labels_NK[seen].sum(axis=0)]),
            sum_F=rows_NF.sum(axis=0),
            product_FF=rows_NF.T @ rows_NF,
        )

    def __add__(self, other: "StreamMoments") -> "StreamMoments":
        return StreamMoments(
            texts=self.texts + other.texts,
            positives_2K=self.positives_2K + other.positives_2K,
            sum_F=self.sum_F + other.sum_F,
            product_FF=self.product_FF + other.product_FF,
        )

    @property
    def f1_2K(self) -> np.ndarray:
        """Of each label, by the first model and by the second; 0 where none gives or has it."""
        tp_2K, size_2K = self._ratios()
        return np.asarray(2 * tp_2K / np.maximum(size_2K, 1))

    @property
    def macro_f1(self) -> tuple[float, float]:
        """Of the first model and of the second; a label that nobody gives or has counts as 0."""
        first, second = self.f1_2K.mean(axis=1)
        return float(first), float(second)

    @property
    def deviation(self) -> float:
        """Standard deviation of one text's influence on the change of macro-F1, as found."""
        labels = self.positives_2K.shape[1]
        return float(self._deviation(self._weights_KF().sum(axis=0) / labels))

    @property
    def wide_deviation(self) -> float:
        """The same with two texts more, of all labels evenly: what intervals are made of."""
        more = float(self._more_K().sum()) / self.positives_2K.shape[1] ** 3
        return math.sqrt(self.deviation**2 + more)

    @property
    def short_of(self) -> np.ndarray:
        """For each label that occurs, how many texts with it a model still lacks, else 0."""
        least_K = self.positives_2K.min(axis=0)
        occurs_K = self.positives_2K.max(axis=0) > 0
        return np.where(occurs_K, np.maximum(FEWEST_POSITIVES - least_K, 0), 0)

    @property
    def enough(self) -> bool:
        """Whether an interval can be given yet."""
        return self.texts >= FEWEST_TEXTS and not self.short_of.any()

    def influence(
        self,
        labels_NK: np.ndarray,
        before_NK: np.ndarray,
        after_NK: np.ndarray,
        *,
        second_N: np.ndarray | None = None,
    ) -> np.ndarray:
        """Influence of each of some texts on the change of macro-F1, as all texts have shown it.

        Args:
            labels_NK: see `of`.
            before_NK: see `of`.
            after_NK: see `of`.
            second_N: see `of`.

        Returns:
            influence_N; its mean over all texts is 0.
        """
        weights_F = self._weights_KF().sum(axis=0) / self.positives_2K.shape[1]
        return np.asarray(_features(labels_NK, before_NK, after_NK, second_N) @ weights_F)

    def _ratios(self) -> tuple[np.ndarray, np.ndarray]:
        by_2_2K = self.sum_F.reshape(2, 2, -1)
        return by_2_2K[:, 0], by_2_2K[:, 1]

    def _scale_2K(self) -> np.ndarray:
        """Texts in one unit of a label's 2 TP + FP + FN."""
        _, size_2K = self._ratios()
        return np.where(size_2K > 0, self.texts / np.maximum(size_2K, 1), 0)

    def _weights_KF(self) -> np.ndarray:
        """Of each feature in the influence of a text on each label's change of F1."""
        scale_2K, labels = self._scale_2K(), self.positives_2K.shape[1]
        sign_2 = np.array([[-1.0], [1.0]])
        values_4K = np.stack([2 * sign_2 * scale_2K, -sign_2 * self.f1_2K * scale_2K], axis=1)
        return np.concatenate([np.diag(row) for row in values_4K.reshape(4, labels)], axis=1)

    def _deviation(self, weights: np.ndarray) -> np.ndarray:
        """Standard deviation of the influence with these weights of the features, F or K x F."""
        mean = weights @ self.sum_F / self.texts  # 0 but for rounding
        second = np.einsum("...f,...f->...", weights @ self.product_FF, weights) / self.texts
        return np.asarray(np.sqrt(np.maximum(0.0, second - mean**2)))

    def _more_K(self) -> np.ndarray:
        """Variance of a text's influence on each label's F1 by one text lost and one won more."""
        one_K = ((2 - self.f1_2K) * self._scale_2K()).max(axis=0)
        return np.asarray(2 * one_K**2 / self.texts)

    def change(self, *, planned: float = PLANNED_TEXTS, effect_of_keys: float = 1.0) -> Change:
        """The change of macro-F1 with intervals that hold at every moment.

        Args:
            planned: texts at which they are narrowest; decided before anyone looks.
            effect_of_keys: see `design_effect`.

        Returns:
            The second model's macro-F1 less the first one's; −1 to 1 until there are `enough`.
        """
        spread = math.sqrt(effect_of_keys) * self.wide_deviation if self.enough else math.inf
        before, after = self.macro_f1
        return _changed(before, after, spread, self.texts, planned, 1)

    def label_changes(
        self, *, planned: float = PLANNED_TEXTS, effect_of_keys: float = 1.0
    ) -> list[Change]:
        """The change of each label's F1, with intervals that hold for all labels together.

        Args:
            planned: see `change`.
            effect_of_keys: see `change`.

        Returns:
            By label; −1 to 1 for one that has too few texts yet.
        """
        spread_K = np.sqrt(self._deviation(self._weights_KF()) ** 2 + self._more_K())
        known_K = (self.positives_2K.min(axis=0) >= FEWEST_POSITIVES) & (self.texts >= FEWEST_TEXTS)
        spread_K = np.where(known_K, math.sqrt(effect_of_keys) * spread_K, math.inf)
        return [
            _changed(before, after, spread, self.texts, planned, len(spread_K))
            for before, after, spread in zip(*self.f1_2K, spread_K, strict=True)
        ]

    def verdict(self, *, margin: float = MARGIN, planned: float = PLANNED_TEXTS) -> str:
        """better, worse, equivalent or undecided, of the second model, at this moment."""
        return self.change(planned=planned).verdict(checked_margin(margin))
