"""What has changed, window by window, beyond chance and beyond the margins.

`emoray/metrics/drift.py` says by which evidence; here windows are added up since each start, and
labels that came in are held against what was expected of the same texts. Shapes: W windows,
S starts, M ratios, H hypotheses (of which the last K are of labels that came in), K labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emoray.metrics.drift import (
    RatioSums,
    budgets,
    change_evidence,
    e_bh,
    joint_evidence,
    log_evidence,
    starts_at,
)
from emoray.monitoring.margins import ALPHA, Margins
from emoray.monitoring.measures import (
    EARNED_F1,
    EVERY,
    OF_TEXTS,
    Watched,
    grouped_change,
    grouped_evidence,
    margins_of,
    mix_change,
    ratios_of,
    watched,
)
from emoray.monitoring.sums import WindowSums

FEWEST_TEXTS = 200  # before macro-F1 is looked at: few texts move the F1 of rare labels far
FEWEST_EXPECTED = 10.0  # true positives and missed ones expected, before labels are held against it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """One window's verdicts, by hypothesis.

    Attributes:
        since_H: the first window of the stretch with the strongest evidence, up to this one.
        change_H: of that stretch from the reference.
        log10_e_H: its e-value, the part of alpha of its start and its weight counted in: e-BH
            compares it with hypotheses / (changed ones times alpha).
        alarm_H: changed beyond chance and margin.
    """

    since_H: np.ndarray
    change_H: np.ndarray
    log10_e_H: np.ndarray
    alarm_H: np.ndarray


def _probability_moments(window: WindowSums) -> np.ndarray:
    """Sums of products of (1, probabilities), (K + 1) x (K + 1)."""
    labels = len(window.expected.sum_F) // 3
    inner = slice(labels, 2 * labels)
    moments = np.empty((labels + 1, labels + 1))
    moments[0, 0] = window.texts
    moments[0, 1:] = moments[1:, 0] = window.expected.sum_F[inner]
    moments[1:, 1:] = window.expected.product_FF[inner, inner]
    return moments


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judge:
    """A reference, and what may change from it."""

    label_names: tuple[str, ...]
    reference: WindowSums
    margins: Margins
    alpha: float = ALPHA

    @property
    def hypotheses(self) -> tuple[Watched, ...]:
        """All that is watched; earned F1 last."""
        earned = (Watched(measure=EARNED_F1, label=name) for name in self.label_names)
        return (*watched(self.label_names), *earned)

    @property
    def margin_H(self) -> np.ndarray:
        """The margin of each hypothesis."""
        labels = len(self.label_names)
        own = margins_of(self.margins, ratios_of(self.reference, self.reference), labels)
        return np.concatenate([own, np.full(labels, self.margins.f1)])

    def judge(self, windows: Sequence[WindowSums]) -> list[Judged]:
        """Judge every window with those before it; what comes later never changes a verdict."""
        there = ratios_of(self.reference, self.reference)
        stacked = np.stack([ratios_of(w, self.reference).stacked() for w in windows], axis=1)
        sums = np.concatenate([np.zeros_like(stacked[:, :1]), stacked.cumsum(axis=1)], axis=1)
        earned = np.stack([self._earned(w) for w in windows], axis=1)
        since = np.concatenate([np.zeros_like(earned[:, :1]), earned.cumsum(axis=1)], axis=1)
        moments = np.stack([_probability_moments(w) for w in windows])
        moments = np.concatenate([np.zeros_like(moments[:1]), moments.cumsum(axis=0)])
        has_labels = any(w.labelled is not None for w in windows)
        active_H = self._active(there, sums[:, -1], has_labels)
        return [
            self._judged(there, sums, moments, since, window, active_H)
            for window in range(len(windows))
        ]

    def _active(self, there: RatioSums, total: np.ndarray, has_labels: bool) -> np.ndarray:
        """Hypotheses of which the reference has anything: others would only cost power."""
        labels = len(self.label_names)
        known = (there.whole > 0).astype(float)
        own = grouped_change(known, np.zeros_like(known), labels) > 0
        own[-len(OF_TEXTS)] = True  # macro-F1, which is there whatever labels are
        return np.concatenate([own, [labels > 1], np.full(labels, has_labels)])

    def _log_weights(self, active_H: np.ndarray) -> np.ndarray:
        """Logarithms of weights whose mean is 1 over what is watched.

        Half goes to what is of all texts, which is little, and where many labels that change a
        little show first. Weighted e-values are as good as e-values (Wang & Ramdas 2022).

        Returns:
            By hypothesis.
        """
        all_H = np.array([one.label == EVERY for one in self.hypotheses])
        of_texts, of_labels = (active_H & all_H).sum(), (active_H & ~all_H).sum()
        weights_H = np.where(all_H, active_H.sum() / (2 * max(of_texts, 1)), 0.0)
        return np.log(weights_H + np.where(all_H, 0.0, active_H.sum() / (2 * max(of_labels, 1))))

    def _earned(self, window: WindowSums) -> np.ndarray:
        """What labelled texts say of the F1 that was expected of them.

        Given the texts, a label y is 1 with the probability p: (y - p) (2 d - F1) has a mean of 0
        and a variance of p (1 - p) (2 d - F1)², where F1 is the reference's.

        Returns:
            Sums of that, of its variance, of F1's size and of expected positives, (4, K).
        """
        f1_K = self.reference.expected.scores().f1_K
        if window.labelled is None:
            return np.zeros((4, len(f1_K)))
        true_K, positive_K, given_K = window.labelled.expected.sums_3K
        true2_K, positive2_K, _ = window.labelled.expected.squares_3K
        earned_true_K, earned_K, _ = window.labelled.earned.sums_3K
        surplus_K = 2 * (earned_true_K - true_K) - f1_K * (earned_K - positive_K)
        variance_K = 4 * (1 - f1_K) * (true_K - true2_K) + f1_K**2 * (positive_K - positive2_K)
        return np.stack([surplus_K, variance_K, positive_K + given_K, positive_K])

    def _mix(self, moments_S: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Change of the mix of labels in each stretch, and the logarithm of its e-value."""
        there = _probability_moments(self.reference)
        before_K = there[0, 1:] / there[0, 0]
        texts_S = moments_S[:, 0, 0]
        mean_SK = moments_S[:, 0, 1:] / texts_S[:, None]
        evidence = []
        for moments, mean_K in zip(moments_S, mean_SK, strict=True):
            pooled = (moments + there) / (moments[0, 0] + there[0, 0])
            covariance_KK = pooled[1:, 1:] - np.outer(pooled[0, 1:], pooled[0, 1:])
            variance = 1 / moments[0, 0] + 1 / there[0, 0]
            evidence.append(joint_evidence(mean_K - before_K, covariance_KK, variance))
        return mix_change(mean_SK, before_K), np.array(evidence)

    def _judged(
        self,
        there: RatioSums,
        sums: np.ndarray,
        moments: np.ndarray,
        since: np.ndarray,
        window: int,
        active_H: np.ndarray,
    ) -> Judged:
        labels, starts_S = len(self.label_names), starts_at(window)
        stretch = RatioSums.unstacked(sums[:, [window + 1]] - sums[:, starts_S])
        change_SH = grouped_change(stretch.ratio, there.ratio, labels)
        log_e_SH = grouped_evidence(change_evidence(stretch, there), labels)
        macro = log_e_SH.shape[1] - len(OF_TEXTS)
        log_e_SH[stretch.texts[:, 0] < FEWEST_TEXTS, macro] = 0.0
        mix_S, mix_evidence_S = self._mix(moments[window + 1] - moments[starts_S])
        surplus_SK, variance_SK, size_SK, positive_SK = since[:, [window + 1]] - since[:, starts_S]
        enough_SK = (positive_SK >= FEWEST_EXPECTED) & (variance_SK > 0)
        size_SK = np.where(enough_SK, size_SK, 1)
        # Only what falls short counts: a promise that is kept more than well harms nobody.
        earned_SK = np.where(enough_SK, surplus_SK / size_SK, 0.0)
        enough_SK &= earned_SK < 0
        evidence_SK = log_evidence(earned_SK, np.where(enough_SK, variance_SK / size_SK**2, np.inf))
        change_SH = np.concatenate([change_SH, mix_S[:, None], earned_SK], axis=1)
        log_e_SH = np.concatenate([log_e_SH, mix_evidence_S[:, None], evidence_SK], axis=1)
        # What lies within the margin is no evidence: that only makes e-values smaller.
        log_e_SH = np.where(np.abs(change_SH) >= self.margin_H, log_e_SH, -np.inf)
        share_S = np.log(budgets(starts_S))
        log_e_SH = log_e_SH + self._log_weights(active_H)
        alarm_H = np.zeros(len(active_H), bool)
        for log_e_H, share in zip(log_e_SH, share_S, strict=True):
            alarm_H[active_H] |= e_bh(log_e_H[active_H], share + np.log(self.alpha))
        weighted_SH = log_e_SH + share_S[:, None]
        best_H = weighted_SH.argmax(axis=0)
        at = best_H, np.arange(len(active_H))
        nothing = np.isneginf(weighted_SH[at])
        best_H = np.where(nothing, len(starts_S) - 1, best_H)  # else: since this window
        at = best_H, np.arange(len(active_H))
        return Judged(
            since_H=starts_S[best_H],
            change_H=change_SH[at],
            log10_e_H=np.where(nothing, 0.0, weighted_SH[at] / np.log(10)),
            alarm_H=alarm_H,
        )
