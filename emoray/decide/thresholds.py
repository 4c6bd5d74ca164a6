"""Rules that fit thresholds: plain values that turn logits and labels into one logit cut per label.

Shapes: N texts, K labels, D decisions. The best per-label cuts are the best cuts for macro-F1, a
mean over labels. Dividing logits by a temperature moves scores and cuts alike, so only `Fixed`,
whose threshold is a probability, reads the temperature; the other rules decide alike at any.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emoray.metrics.checks import checked_logits, require_positives
from emoray.metrics.cuts import check_temperature, cuts_of
from emoray.metrics.ranking import Ranking, rank


class Rule(ABC):
    """A way to fit one threshold per label to logits and labels."""

    __slots__ = ()

    @abstractmethod
    def fit(self, ranking: Ranking, temperature: float = 1.0) -> np.ndarray:
        """Return cuts_K, float64; a label without a positive (small folds) takes the common cut."""

    def cuts(
        self, logits_NK: np.ndarray, labels_NK: np.ndarray, temperature: float = 1.0
    ) -> np.ndarray:
        """Return cuts_K, float64, fitted on these texts; refuse a label without a positive."""
        check_temperature(temperature)
        ranking = rank(logits_NK, labels_NK)
        require_positives(ranking.support_K, ranking.texts)
        return self.fit(ranking, temperature)


@dataclass(frozen=True, slots=True)
class Fixed(Rule):
    """The same probability threshold for every label, chosen beforehand."""

    tag: ClassVar[str] = "Fixed"

    value: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.value < 1:
            raise ValueError(f"a fixed threshold lies in (0, 1), got {self.value}: try 0.5")

    def fit(self, ranking: Ranking, temperature: float = 1.0) -> np.ndarray:
        """Return cuts_K, float64, of the fixed threshold at this temperature."""
        return np.full(len(ranking.positives), cuts_of(self.value, temperature))

    def cuts(
        self, logits_NK: np.ndarray, labels_NK: np.ndarray, temperature: float = 1.0
    ) -> np.ndarray:
        """Return cuts_K, float64; nothing is fitted, so a label may lack a positive."""
        logits_NK, _ = checked_logits(logits_NK, labels_NK)
        return np.full(logits_NK.shape[1], cuts_of(self.value, temperature))

    def __str__(self) -> str:
        return f"fixed{self.value:g}"


@dataclass(frozen=True, slots=True)
class OneForAll(Rule):
    """One threshold for every label: the one with the best macro-F1, over every distinct score."""

    tag: ClassVar[str] = "OneForAll"

    def fit(self, ranking: Ranking, temperature: float = 1.0) -> np.ndarray:
        """Return cuts_K, float64: the common cut for every label."""
        return np.full(len(ranking.positives), ranking.common_cut)

    def __str__(self) -> str:
        return "one"


@dataclass(frozen=True, slots=True, kw_only=True)
class PerLabel(Rule):
    """Each label's own best-F1 threshold, over every distinct score.

    With `min_support=m` a label of support s is drawn towards the common cut, in logits:
    `(s * own + m * common) / (s + m)`, so a label with m positives goes half the way.
    """

    tag: ClassVar[str] = "PerLabel"

    min_support: int = 0

    def __post_init__(self) -> None:
        if self.min_support < 0:
            raise ValueError(
                f"min_support counts positive texts and is at least 0, got {self.min_support}: "
                "0 draws no label towards the common cut"
            )

    def fit(self, ranking: Ranking, temperature: float = 1.0) -> np.ndarray:
        """Return cuts_K, float64; a label without a positive takes the common cut."""
        support_K = ranking.support_K
        if not self.min_support and support_K.all():
            return ranking.label_cuts_K.copy()
        own_K = np.where(support_K > 0, ranking.label_cuts_K, 0.0)  # 0 * inf would be nan
        share_K = support_K / np.maximum(support_K + self.min_support, 1)
        return np.asarray(share_K * own_K + (1 - share_K) * ranking.common_cut)

    def __str__(self) -> str:
        return f"per_label_s{self.min_support}" if self.min_support else "per_label"


def fit_many(decisions: Sequence[tuple[Rule, float]], ranking: Ranking) -> np.ndarray:
    """Return cuts_DK as `cuts_many`, on sorted logits; labels may lack positives."""
    if not decisions:
        raise ValueError(
            "decisions must hold at least one (rule, temperature), got none: try Fixed"
        )
    for _, temperature in decisions:
        check_temperature(temperature)
    return np.array([rule.fit(ranking, temperature) for rule, temperature in decisions])


def cuts_many(
    decisions: Sequence[tuple[Rule, float]], logits_NK: np.ndarray, labels_NK: np.ndarray
) -> np.ndarray:
    """Return cuts_DK, float64: a row per (rule, temperature), fitted with one sort."""
    ranking = rank(logits_NK, labels_NK)
    require_positives(ranking.support_K, ranking.texts)
    return fit_many(decisions, ranking)
