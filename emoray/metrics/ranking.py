"""Logits sorted once. Everything that thresholds decide is a count, and a count is a binary search.

Shapes: N texts, K labels, R rows of cuts. F1 can peak only where the cut falls just below the score
of a *positive* text (between two positives a lower cut adds false alarms alone), so the exact
search over all N scores needs to visit only the positives' (Lipton, Elkan & Narayanaswamy 2014,
"Optimal thresholding of classifiers to maximize F1 measure", for the optimum itself).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from emoray.metrics.checks import checked_logits


def f1_of(tp: np.ndarray, predicted: np.ndarray, support: np.ndarray) -> np.ndarray:
    """2 tp / (predicted + support); 0 where nothing was predicted and nothing was there."""
    return np.asarray(2.0 * tp / np.maximum(predicted + support, 1))


def midway(below: float, above: float) -> float:
    """A cut as far as possible from two neighbouring scores, so that float32 jitter moves neither.

    Args:
        below: the lower score; where it is -inf, half a logit stands in for half the gap.
        above: the higher score, which the cut includes.

    Returns:
        A cut in (below, above].
    """
    if below == -np.inf:
        return float(above - 0.5)
    middle = float(below / 2 + above / 2)
    return middle if below < middle <= above else float(above)


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranking:
    """One split's logits sorted label by label, and the positives' scores on their own."""

    scores_KN: np.ndarray
    """Float64, ascending along N."""
    positives: tuple[np.ndarray, ...]
    """For each label the scores of its positive texts, float64, ascending."""

    @property
    def texts(self) -> int:
        """The number of texts, N."""
        return int(self.scores_KN.shape[1])

    @cached_property
    def support_K(self) -> np.ndarray:
        """Positive texts of each label, int64."""
        return np.array([len(positive) for positive in self.positives], dtype=np.int64)

    def counts(self, cuts_RK: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(predicted_RK, tp_RK): texts at or above each cut, and how many of them are positive."""
        predicted_KR = np.empty(cuts_RK.shape[::-1], dtype=np.int64)
        tp_KR = np.empty_like(predicted_KR)
        for k, positive in enumerate(self.positives):
            cuts_R = np.ascontiguousarray(cuts_RK[:, k])
            predicted_KR[k] = self.texts - np.searchsorted(self.scores_KN[k], cuts_R)
            tp_KR[k] = len(positive) - np.searchsorted(positive, cuts_R)
        return predicted_KR.T, tp_KR.T

    @cached_property
    def average_precision_K(self) -> np.ndarray:
        """Mean over a label's positives of the precision at their score; 0 without a positive.

        As scikit-learn's `average_precision_score`.
        """
        found_K = np.zeros(len(self.positives))
        for k, positive in enumerate(self.positives):
            if len(positive):
                predicted = self.texts - np.searchsorted(self.scores_KN[k], positive)
                tp = len(positive) - np.searchsorted(positive, positive)
                found_K[k] = np.mean(tp / predicted)
        return found_K

    def below(self, label: int, score: float) -> float:
        """The highest score of a label under `score`; -inf if there is none."""
        at = int(np.searchsorted(self.scores_KN[label], score))
        return float(self.scores_KN[label, at - 1]) if at else -np.inf

    @cached_property
    def label_cuts_K(self) -> np.ndarray:
        """Each label's cut of best F1, the highest among equals; +inf without a positive."""
        cuts_K = np.full(len(self.positives), np.inf)
        for k, positive in enumerate(self.positives):
            if len(positive):
                predicted = self.texts - np.searchsorted(self.scores_KN[k], positive)
                tp = np.arange(len(positive), 0, -1)  # too low but for the first of equal scores
                f1 = tp / (predicted + len(positive))
                best = positive[len(f1) - 1 - int(np.argmax(f1[::-1]))]
                cuts_K[k] = midway(self.below(k, best), best)
        return cuts_K

    @cached_property
    def common_cut(self) -> float:
        """The one cut for all labels with the best macro-F1, the highest among equals.

        +inf if no text is positive. Exact by branch and bound: between two cuts no label has more
        true positives than at the lower one, nor fewer predictions than at the upper one.
        """
        scores_S = np.unique(np.concatenate(self.positives))
        if not len(scores_S):
            return np.inf
        coarse_C = np.unique(np.linspace(0, len(scores_S) - 1, 256).astype(np.int64))
        predicted_CK, tp_CK = self.common_counts(scores_S[coarse_C])
        reached = f1_of(tp_CK, predicted_CK, self.support_K).sum(axis=1).max()
        bound_C = f1_of(tp_CK[:-1], predicted_CK[1:], self.support_K).sum(axis=1)
        open_S = np.repeat(bound_C >= reached - 1e-9, np.diff(coarse_C))
        open_S = np.append(open_S, True)  # the highest score opens no interval
        scores_S = scores_S[open_S]
        predicted_SK, tp_SK = self.common_counts(scores_S)
        f1_S = f1_of(tp_SK, predicted_SK, self.support_K).sum(axis=1)
        best = float(scores_S[len(f1_S) - 1 - np.argmax(f1_S[::-1])])
        return midway(max(self.below(k, best) for k in range(len(self.positives))), best)

    def common_counts(self, cuts_R: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `counts`, with the same cut for every label."""
        return self.counts(np.broadcast_to(cuts_R[:, None], (len(cuts_R), len(self.positives))))


def rank(logits_NK: np.ndarray, labels_NK: np.ndarray) -> Ranking:
    """Check and sort logits once, for all decisions on them."""
    logits_NK, labels_NK = checked_logits(logits_NK, labels_NK)
    scores_KN = np.ascontiguousarray(logits_NK.T)
    labels_KN = np.ascontiguousarray(labels_NK.T)
    positives = tuple(
        np.sort(scores_N[labels_N]).astype(np.float64)
        for scores_N, labels_N in zip(scores_KN, labels_KN, strict=True)
    )
    return Ranking(scores_KN=np.sort(scores_KN, axis=1).astype(np.float64), positives=positives)
