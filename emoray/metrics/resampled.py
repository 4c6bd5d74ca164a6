"""R decisions on one split, with their scores on the texts and on every resample of them.

What two of them share, texts and resamples, makes them comparable in pairs. Shapes: N texts,
K labels, R decisions, B resamples, S distinct cuts, P bytes of packed decisions.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from emoray.metrics.checks import checked, checked_labels
from emoray.metrics.cuts import checked_cuts
from emoray.metrics.intervals import checked_weights, sums_above
from emoray.metrics.ranking import f1_of

Decisions = np.ndarray | tuple[np.ndarray, np.ndarray]
"""decided_RNK as 0/1, or (logits_NK, cuts_RK), which is as much in less room."""

Sums = tuple[np.ndarray, np.ndarray, np.ndarray]
"""(predicted_SB, tp_SB, row_R): the weight of the texts that S distinct decisions give one label,
of those that carry it, and which of the S each row is."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Resampled:
    """R decisions, judged."""

    labels_NK: np.ndarray
    weights_BN: np.ndarray
    packed_RP: np.ndarray
    """Every label decision as one bit."""
    right_RN: np.ndarray
    """Whether all labels of a text are right: subset accuracy is their mean."""
    macro_f1_R: np.ndarray
    micro_f1_R: np.ndarray
    macro_f1_RB: np.ndarray
    micro_f1_RB: np.ndarray

    def __len__(self) -> int:
        return len(self.packed_RP)

    def decided(self, r: int) -> np.ndarray:
        """decided_NK, bool, of one row."""
        shape = self.labels_NK.shape
        bits = np.unpackbits(self.packed_RP[r], count=self.labels_NK.size)
        return bits.reshape(shape).astype(bool)

    def rows(self, chosen: Sequence[int] | np.ndarray) -> "Resampled":
        """The rows at these positions, in this order; a row may come more than once."""
        at = np.asarray(chosen, dtype=np.int64)
        return Resampled(
            labels_NK=self.labels_NK,
            weights_BN=self.weights_BN,
            packed_RP=self.packed_RP[at],
            right_RN=self.right_RN[at],
            macro_f1_R=self.macro_f1_R[at],
            micro_f1_R=self.micro_f1_R[at],
            macro_f1_RB=self.macro_f1_RB[at],
            micro_f1_RB=self.micro_f1_RB[at],
        )


def _as_values(marks_RN: np.ndarray) -> np.ndarray:
    """Each row of bits as one value, equal where the rows are."""
    packed_RP = np.packbits(marks_RN, axis=1)
    return packed_RP.view(np.dtype((np.void, packed_RP.shape[1]))).ravel()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Given:
    """Decisions as they are."""

    decided_RNK: np.ndarray

    def __len__(self) -> int:
        return len(self.decided_RNK)

    def row(self, r: int) -> np.ndarray:
        return np.asarray(self.decided_RNK[r])

    def sums(self, k: int, positive: np.ndarray, weights_NB: np.ndarray) -> Sums:
        marks_RN = np.ascontiguousarray(self.decided_RNK[:, :, k])
        _, first_S, row_R = np.unique(_as_values(marks_RN), return_index=True, return_inverse=True)
        marks_SN = marks_RN[first_S].astype(np.float32)
        tp_SB = marks_SN[:, positive] @ weights_NB[positive]
        return marks_SN @ weights_NB, tp_SB, row_R


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Cut:
    """Logits and where they are cut."""

    logits_NK: np.ndarray
    cuts_RK: np.ndarray

    def __len__(self) -> int:
        return len(self.cuts_RK)

    def row(self, r: int) -> np.ndarray:
        return np.asarray(self.logits_NK >= self.cuts_RK[r])

    def sums(self, k: int, positive: np.ndarray, weights_NB: np.ndarray) -> Sums:
        cuts_S, row_R = np.unique(self.cuts_RK[:, k], return_inverse=True)
        scores_N = self.logits_NK[:, k].astype(np.float64)
        everyone = np.arange(len(scores_N))
        tp_SB = sums_above(scores_N[positive], cuts_S, positive, weights_NB)
        return sums_above(scores_N, cuts_S, everyone, weights_NB), tp_SB, row_R


def _checked(decisions: Decisions, labels_NK: np.ndarray) -> tuple[_Given | _Cut, np.ndarray]:
    if isinstance(decisions, tuple):
        logits_NK, labels_NK = checked(decisions[0], labels_NK)
        cuts_RK = checked_cuts(decisions[1], labels_NK.shape[1])
        return _Cut(logits_NK=logits_NK, cuts_RK=cuts_RK), labels_NK
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
    return _Given(decided_RNK=decided_RNK.astype(bool)), labels_NK


def _macro_micro(
    told: _Given | _Cut, labels_NK: np.ndarray, weights_NB: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(macro_f1_RB, micro_f1_RB) float64, from counts that are exact while they are below 2**24."""
    labels = labels_NK.shape[1]
    shape = len(told), weights_NB.shape[1]
    macro_RB, predicted_RB, tp_RB = (np.zeros(shape) for _ in range(3))
    support_B = np.zeros(shape[1])
    for k in range(labels):
        positive = np.flatnonzero(labels_NK[:, k])
        predicted_SB, tp_SB, row_R = told.sums(k, positive, weights_NB)
        own_B = weights_NB[positive].sum(axis=0, dtype=np.float64)
        macro_RB += f1_of(tp_SB, predicted_SB, own_B)[row_R]
        tp_RB += tp_SB[row_R]
        predicted_RB += predicted_SB[row_R]
        support_B += own_B
    return macro_RB / labels, f1_of(tp_RB, predicted_RB, support_B)


def _packed(told: _Given | _Cut, labels_NK: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(packed_P, right_N) of each row."""
    for r in range(len(told)):
        decided_NK = told.row(r)
        right_KN = np.ascontiguousarray((decided_NK == labels_NK).T)  # ten times as fast that way
        yield np.packbits(decided_NK), np.asarray(right_KN.all(axis=0))


def resampled(decisions: Decisions, labels_NK: np.ndarray, weights_BN: np.ndarray) -> Resampled:
    """Judge R decisions of one model on the texts and on each resample of them.

    weights_BN: `stratified_weights` of the same labels. A label that a resample neither holds nor
    predicts counts F1 0, as in `scores`.
    """
    told, labels_NK = _checked(decisions, labels_NK)
    weights_NB = checked_weights(weights_BN, len(labels_NK))
    macro_f1_RB, micro_f1_RB = _macro_micro(told, labels_NK, weights_NB)
    once_NB = np.ones((len(labels_NK), 1), dtype=np.float32)
    macro_f1_R1, micro_f1_R1 = _macro_micro(told, labels_NK, once_NB)
    packed, right = zip(*_packed(told, labels_NK), strict=True)
    return Resampled(
        labels_NK=labels_NK,
        weights_BN=weights_NB.T,
        packed_RP=np.array(packed),
        right_RN=np.array(right),
        macro_f1_R=macro_f1_R1[:, 0],
        micro_f1_R=micro_f1_R1[:, 0],
        macro_f1_RB=macro_f1_RB,
        micro_f1_RB=micro_f1_RB,
    )
