"""The change of each label's F1 between two decisions, on the same resampled texts.

Shapes: N texts, K labels, R rows, B resamples, E = R x K.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from emoray.metrics.bootstrap import LEVEL, symmetric_interval
from emoray.metrics.change import Change, changed, checked_pair
from emoray.metrics.resampled import Resampled

Columns = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelChange:
    """One label: its F1 before and after, and how many texts changed."""

    support: int
    f1: Change
    lost: int
    """Texts rightly decided before, wrongly after."""
    won: int

    @property
    def churn(self) -> int:
        """Texts that are decided otherwise, whichever is right."""
        return self.lost + self.won


def _deviation(before: Resampled, after: Resampled) -> np.ndarray:
    """Return deviation_EB of the F1 change of every label of every row."""
    checked_pair(before, after)
    apart_RKB = after.label_deviation() - before.label_deviation()
    return np.asarray(apart_RKB.reshape(-1, before.resamples))


def _counts(before: Resampled, after: Resampled) -> Columns:
    """Count decisions that went from right to wrong (lost) and back (won), each of shape (E)."""
    lost, won = [], []
    for r in range(len(before)):
        was_NK = before.decided(r)
        differ_NK, right_NK = was_NK != after.decided(r), was_NK == before.labels_NK
        lost.append((differ_NK & right_NK).sum(axis=0))
        won.append((differ_NK & ~right_NK).sum(axis=0))
    return {"lost": np.concatenate(lost), "won": np.concatenate(won)}


def compare_labels(before: Resampled, after: Resampled) -> Columns:
    """Compare every label of row r with the same label of row r.

    Returns:
        Columns (E) of `label_changes` but for those that identify row and label.
    """
    was_E, now_E = before.scores.f1_RK.ravel(), after.scores.f1_RK.ravel()
    low_E, high_E = symmetric_interval(now_E - was_E, _deviation(before, after), LEVEL)
    counts = _counts(before, after)
    return {
        "support": np.tile(before.scores.support_K, len(before)),
        "f1_before": was_E,
        "f1_after": now_E,
        "change": now_E - was_E,
        "low": low_E,
        "high": high_E,
        **counts,
        "churn": counts["lost"] + counts["won"],
    }


def label_changes(before: Resampled, after: Resampled) -> tuple[LabelChange, ...]:
    """Compare the labels of one row with those of one row."""
    counts, support_K = _counts(before, after), before.scores.support_K
    f1s = before.scores.f1_RK[0], after.scores.f1_RK[0], _deviation(before, after)
    return tuple(
        LabelChange(support=int(support), f1=f1, lost=int(lost), won=int(won))
        for support, f1, lost, won in zip(
            support_K, changed(*f1s), counts["lost"], counts["won"], strict=True
        )
    )
