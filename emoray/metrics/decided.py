"""R decisions of one model on the texts of a split: as bits, or as logits and where they are cut.

Both are counted alike, in every resample at once. Shapes: N texts, K labels, R decisions,
B resamples, S distinct decisions of one label.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from emoray.metrics.checks import checked_labels, checked_logits
from emoray.metrics.cuts import checked_cuts
from emoray.metrics.scores import ManyScores, score_many

Decisions = np.ndarray | tuple[np.ndarray, np.ndarray]
"""decided_RNK as 0/1, or (logits_NK, cuts_RK), which is as much in less room."""

Sums = tuple[np.ndarray, np.ndarray, np.ndarray]
"""(predicted_SB, tp_SB, row_R): the weight of the texts that S distinct decisions give one label,
of those that carry it, and which of the S each row is."""


def sums_above(
    scores_N: np.ndarray, cuts_S: np.ndarray, texts_N: np.ndarray, weights_NB: np.ndarray
) -> np.ndarray:
    """Sum the weights of the texts at or above each cut, in each resample.

    Texts fall between cuts into segments; a sparse product sums each segment's weights, and a
    running sum from the top adds the segments up. Texts under the lowest cut are never read.

    Args:
        scores_N: one label's logits.
        cuts_S: ascending.
        texts_N: the row of `weights_NB` of each score.
        weights_NB: `checked_weights`.

    Returns:
        sums_SB.
    """
    segment_N = np.searchsorted(cuts_S, scores_N, side="right") - 1
    order = np.argsort(segment_N, kind="stable")[np.count_nonzero(segment_N < 0) :]
    starts = np.append(0, np.cumsum(np.bincount(segment_N[order], minlength=len(cuts_S))))
    ones = np.ones(len(order), dtype=np.float32)
    shape = len(cuts_S), len(weights_NB)
    sums_SB = np.asarray(csr_array((ones, texts_N[order], starts), shape=shape) @ weights_NB)
    for s in range(len(cuts_S) - 2, -1, -1):  # np.cumsum is slow along this axis
        sums_SB[s] += sums_SB[s + 1]
    return sums_SB


def _as_values(marks_RN: np.ndarray) -> np.ndarray:
    """Pack each row of bits into one value, so that equal rows compare equal."""
    packed_RP = np.packbits(marks_RN, axis=1)
    return packed_RP.view(np.dtype((np.void, packed_RP.shape[1]))).ravel()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FixedDecisions:
    """Decisions given as bits."""

    decided_RNK: np.ndarray

    def __len__(self) -> int:
        return len(self.decided_RNK)

    def row(self, r: int) -> np.ndarray:
        """Return decided_NK, bool, of one row."""
        return np.asarray(self.decided_RNK[r])

    def rows(self, at: np.ndarray) -> "FixedDecisions":
        """The rows at these positions, in this order."""
        return FixedDecisions(decided_RNK=self.decided_RNK[at])

    def sums(self, k: int, positive: np.ndarray, weights_NB: np.ndarray) -> Sums:
        """The weighted counts of label k in every resample; `positive`: the texts that carry it."""
        marks_RN = np.ascontiguousarray(self.decided_RNK[:, :, k])
        _, first_S, row_R = np.unique(_as_values(marks_RN), return_index=True, return_inverse=True)
        marks_SN = marks_RN[first_S].astype(np.float32)
        tp_SB = marks_SN[:, positive] @ weights_NB[positive]
        return marks_SN @ weights_NB, tp_SB, row_R

    def scores(self, labels_NK: np.ndarray) -> ManyScores:
        """Score every row on the texts themselves."""
        return ManyScores(
            tp_RK=(self.decided_RNK & labels_NK).sum(axis=1),
            predicted_RK=self.decided_RNK.sum(axis=1),
            support_K=labels_NK.sum(axis=0),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CutLogits:
    """Decisions given as logits and cuts."""

    logits_NK: np.ndarray
    cuts_RK: np.ndarray

    def __len__(self) -> int:
        return len(self.cuts_RK)

    def row(self, r: int) -> np.ndarray:
        """Return decided_NK, bool, of one row."""
        return np.asarray(self.logits_NK >= self.cuts_RK[r])

    def rows(self, at: np.ndarray) -> "CutLogits":
        """The rows at these positions, in this order."""
        return CutLogits(logits_NK=self.logits_NK, cuts_RK=self.cuts_RK[at])

    def sums(self, k: int, positive: np.ndarray, weights_NB: np.ndarray) -> Sums:
        """The weighted counts of label k in every resample; `positive`: the texts that carry it."""
        cuts_S, row_R = np.unique(self.cuts_RK[:, k], return_inverse=True)
        scores_N = self.logits_NK[:, k].astype(np.float64)
        texts_N = np.arange(len(scores_N))
        tp_SB = sums_above(scores_N[positive], cuts_S, positive, weights_NB)
        return sums_above(scores_N, cuts_S, texts_N, weights_NB), tp_SB, row_R

    def scores(self, labels_NK: np.ndarray) -> ManyScores:
        """Score every row on the texts themselves."""
        return score_many(self.logits_NK, labels_NK, self.cuts_RK)


def checked_decisions(
    decisions: Decisions, labels_NK: np.ndarray
) -> tuple[FixedDecisions | CutLogits, np.ndarray]:
    """Return decisions as a value and labels as bool; refuse shapes and values that do not fit."""
    if isinstance(decisions, tuple):
        logits_NK, labels_NK = checked_logits(decisions[0], labels_NK)
        cuts_RK = checked_cuts(decisions[1], labels_NK.shape[1])
        return CutLogits(logits_NK=logits_NK, cuts_RK=cuts_RK), labels_NK
    decided_RNK = np.asarray(decisions)
    if decided_RNK.ndim != 3 or 0 in decided_RNK.shape:
        raise ValueError(
            "decisions must be rows x texts x labels with at least one of each, got shape "
            f"{decided_RNK.shape}: stack the decided_NK of each row"
        )
    labels_NK = checked_labels(labels_NK, decided_RNK.shape[1:], "decisions")
    if decided_RNK.dtype != np.bool_ and not np.isin(decided_RNK, (0, 1)).all():
        raise ValueError(
            f"decisions must be 0 or 1, got {decided_RNK.min()}..{decided_RNK.max()}: "
            "pass (logits_NK, cuts_RK) for what is not decided yet"
        )
    return FixedDecisions(decided_RNK=decided_RNK.astype(bool)), labels_NK
