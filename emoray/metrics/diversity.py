"""How differently the members of an ensemble err: what averaging them can gain.

Kuncheva & Whitaker 2003, "Measures of diversity in classifier ensembles". Every label of every text
is one decision, right or wrong. Shapes: M members, N texts, K labels, E decisions.
"""

from dataclasses import dataclass

import numpy as np

from emoray.metrics.checks import checked_labels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Diversity:
    """Pairwise diversity of the members."""

    disagreement_MM: np.ndarray
    """Share of decisions where exactly one of the two is right; more is more diverse."""
    double_fault_MM: np.ndarray
    """Share of decisions where both are wrong; less is better. On the diagonal: each one's own."""


def diversity(decisions_MNK: np.ndarray, labels_NK: np.ndarray) -> Diversity:
    """Measure the pairwise diversity of decisions_MNK (bool) on the same texts."""
    decisions_MNK = np.asarray(decisions_MNK, bool)
    if decisions_MNK.ndim != 3 or 0 in decisions_MNK.shape:
        raise ValueError(
            "diversity is of members x texts x labels, at least one of each, got shape "
            f"{decisions_MNK.shape}: stack one matrix of decisions a member"
        )
    labels_NK = checked_labels(labels_NK, decisions_MNK.shape[1:], "decisions")
    wrong_ME = (decisions_MNK ^ labels_NK).reshape(len(decisions_MNK), -1).astype(np.float64)
    double_fault_MM = wrong_ME @ wrong_ME.T / wrong_ME.shape[1]
    fault_M = np.diagonal(double_fault_MM)
    return Diversity(
        disagreement_MM=fault_M[:, None] + fault_M - 2 * double_fault_MM,
        double_fault_MM=double_fault_MM,
    )


def with_others(pairwise_MM: np.ndarray) -> np.ndarray:
    """Return mean_M: the mean over each member's pairs with the others; NaN for a single member."""
    members = len(pairwise_MM)
    if members == 1:
        return np.full(1, np.nan)
    return np.asarray((pairwise_MM.sum(axis=1) - np.diagonal(pairwise_MM)) / (members - 1))


def over_pairs(pairwise_MM: np.ndarray) -> float:
    """The mean over all pairs of two members; NaN for a single member."""
    return float(with_others(pairwise_MM).mean())
