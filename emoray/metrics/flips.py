"""Where two models decide otherwise, label by label: counts that add up, and what they show.

Shapes: N texts, K labels.
"""

from dataclasses import dataclass

import numpy as np

from emoray.metrics.anytime import half_width, mixture_variance
from emoray.metrics.anytime_counts import adjusted_p
from emoray.metrics.bootstrap import LEVEL
from emoray.metrics.convention import PLANNED_TEXTS
from emoray.metrics.drift import log_evidence


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RateChange:
    """The change of the share of texts that are given each label; ends hold for all together."""

    change_K: np.ndarray
    low_K: np.ndarray
    high_K: np.ndarray
    p_K: np.ndarray
    """Valid at every moment, adjusted over labels by `adjusted_p`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlipCounts:
    """Decisions of two models on some texts.

    Attributes:
        texts_2: seen by the first model and by the second.
        given_2K: texts that each gave the label.
        gained_K: given by the second model alone; 0 where no text was seen by both.
        lost_K: given by the first model alone.
        changed: texts with any label decided otherwise.
        paired: whether both models saw every text.
    """

    texts_2: np.ndarray
    given_2K: np.ndarray
    gained_K: np.ndarray
    lost_K: np.ndarray
    changed: int
    paired: bool

    @classmethod
    def of(
        cls, before_NK: np.ndarray, after_NK: np.ndarray, *, second_N: np.ndarray | None = None
    ) -> "FlipCounts":
        """Counts of some texts.

        Args:
            before_NK: decisions of the first model, bool.
            after_NK: decisions of the second one.
            second_N: where traffic is split, True for each text that the second model got.

        Returns:
            The counts.
        """
        if second_N is not None:
            first, second = before_NK[~second_N], after_NK[second_N]
            nothing = np.zeros(before_NK.shape[1], np.int64)
            gained_K, lost_K, changed = nothing, nothing, 0
        else:
            first, second = before_NK, after_NK
            gained_K, lost_K = (after_NK & ~before_NK).sum(axis=0), (before_NK & ~after_NK).sum(0)
            changed = int((before_NK != after_NK).any(axis=1).sum())
        return cls(
            texts_2=np.array([len(first), len(second)]),
            given_2K=np.stack([first.sum(axis=0), second.sum(axis=0)]),
            gained_K=gained_K,
            lost_K=lost_K,
            changed=changed,
            paired=second_N is None,
        )

    def __add__(self, other: "FlipCounts") -> "FlipCounts":
        return FlipCounts(
            texts_2=self.texts_2 + other.texts_2,
            given_2K=self.given_2K + other.given_2K,
            gained_K=self.gained_K + other.gained_K,
            lost_K=self.lost_K + other.lost_K,
            changed=self.changed + other.changed,
            paired=self.paired,
        )

    @property
    def texts(self) -> int:
        """All of them."""
        return int(self.texts_2[0] if self.paired else self.texts_2.sum())

    @property
    def rate_2K(self) -> np.ndarray:
        """Share of its texts that each model gave the label."""
        return np.asarray(self.given_2K / np.maximum(self.texts_2, 1)[:, None])

    @property
    def agreement_K(self) -> np.ndarray:
        """Share of texts that both decide alike, of each label."""
        return np.asarray(1 - (self.gained_K + self.lost_K) / max(self.texts, 1))

    def _deviation_K(self) -> np.ndarray:
        """Standard deviation of one text's influence, with two texts more: one each way."""
        if self.paired:
            differ_K = self.gained_K + self.lost_K + 2
            change_K = self.rate_2K[1] - self.rate_2K[0]
            return np.asarray(np.sqrt(np.maximum(0, differ_K / self.texts - change_K**2)))
        rate_2K = (self.given_2K + 1) / (self.texts_2 + 2)[:, None]
        share_21 = (self.texts_2 / self.texts)[:, None]
        return np.asarray(np.sqrt((rate_2K * (1 - rate_2K) / share_21).sum(axis=0)))

    def rate_change(
        self, *, planned: float = PLANNED_TEXTS, effect_of_keys: float | np.ndarray = 1.0
    ) -> RateChange:
        """The second model's share of each label less the first one's.

        Args:
            planned: texts at which intervals are narrowest.
            effect_of_keys: one for all labels or one of each, see `design_effect`
                of `emoray/metrics/anytime.py`.

        Returns:
            With intervals −1 to 1 as long as a model saw no text.
        """
        change_K = self.rate_2K[1] - self.rate_2K[0]
        if not self.texts_2.all():
            ones_K = np.ones_like(change_K)
            return RateChange(change_K=change_K, low_K=-ones_K, high_K=ones_K, p_K=ones_K)
        deviation_K = np.sqrt(effect_of_keys) * self._deviation_K()
        level = 1 - (1 - LEVEL) / len(change_K)
        width_K = deviation_K * half_width(self.texts, 1.0, level, planned)
        prior_K = deviation_K * np.sqrt(mixture_variance(1 - LEVEL, planned))
        evidence_K = log_evidence(change_K, deviation_K**2 / self.texts, prior=prior_K)
        return RateChange(
            change_K=change_K,
            low_K=np.maximum(-1, change_K - width_K),
            high_K=np.minimum(1, change_K + width_K),
            p_K=adjusted_p(evidence_K),
        )
