"""How good decisions are: precision, recall and F1, for one set of cuts or hundreds at once.

Shapes: N texts, K labels, R rows of cuts. A ratio without a denominator counts 0, as scikit-learn's
`zero_division=0` has it. Macro is the mean over labels; micro pools all N x K decisions.
To leave texts out (leaked ones), pass the other rows.
"""

from dataclasses import dataclass

import numpy as np

from emoray.metrics.cuts import checked_cuts
from emoray.metrics.ranking import Ranking, f1_of, rank


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """The scores of one set of cuts."""

    macro_f1: float
    micro_f1: float
    precision: float
    """Mean over labels, as `recall`."""
    recall: float
    precision_K: np.ndarray
    recall_K: np.ndarray
    f1_K: np.ndarray
    support_K: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ManyScores:
    """The scores of each of R sets of cuts, from their counts."""

    tp_RK: np.ndarray
    """Texts rightly given the label."""
    predicted_RK: np.ndarray
    """Texts given the label."""
    support_K: np.ndarray
    """Texts that have the label."""

    @property
    def precision_RK(self) -> np.ndarray:
        """Precision of each label; 0 where nothing was predicted."""
        return np.asarray(self.tp_RK / np.maximum(self.predicted_RK, 1))

    @property
    def recall_RK(self) -> np.ndarray:
        """Recall of each label; 0 without a positive text."""
        return np.asarray(self.tp_RK / np.maximum(self.support_K, 1))

    @property
    def f1_RK(self) -> np.ndarray:
        """F1 of each label; 0 where nothing was predicted and nothing was there."""
        return f1_of(self.tp_RK, self.predicted_RK, self.support_K)

    @property
    def precision_R(self) -> np.ndarray:
        """Macro precision."""
        return np.asarray(self.precision_RK.mean(axis=1))

    @property
    def recall_R(self) -> np.ndarray:
        """Macro recall."""
        return np.asarray(self.recall_RK.mean(axis=1))

    @property
    def macro_f1_R(self) -> np.ndarray:
        """The mean of F1 over labels."""
        return np.asarray(self.f1_RK.mean(axis=1))

    @property
    def micro_f1_R(self) -> np.ndarray:
        """F1 of all label decisions pooled."""
        return f1_of(self.tp_RK.sum(axis=1), self.predicted_RK.sum(axis=1), self.support_K.sum())

    def row(self, r: int) -> Scores:
        """The scores of one set of cuts."""
        return Scores(
            macro_f1=float(self.macro_f1_R[r]),
            micro_f1=float(self.micro_f1_R[r]),
            precision=float(self.precision_R[r]),
            recall=float(self.recall_R[r]),
            precision_K=self.precision_RK[r],
            recall_K=self.recall_RK[r],
            f1_K=self.f1_RK[r],
            support_K=self.support_K,
        )


def score_ranking(ranking: Ranking, cuts_RK: np.ndarray) -> ManyScores:
    """Score every row of cuts on logits that are sorted already."""
    predicted_RK, tp_RK = ranking.counts(checked_cuts(cuts_RK, len(ranking.positives)))
    return ManyScores(tp_RK=tp_RK, predicted_RK=predicted_RK, support_K=ranking.support_K)


def score_many(logits_NK: np.ndarray, labels_NK: np.ndarray, cuts_RK: np.ndarray) -> ManyScores:
    """Score every row of cuts, with one sort per label for all of them."""
    return score_ranking(rank(logits_NK, labels_NK), cuts_RK)


def score(logits_NK: np.ndarray, labels_NK: np.ndarray, cuts_K: np.ndarray) -> Scores:
    """Score one set of cuts."""
    return score_many(logits_NK, labels_NK, np.atleast_2d(cuts_K)).row(0)
