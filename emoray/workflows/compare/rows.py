"""Comparisons of every operand with the first, as rows. Shapes: N texts, B resamples."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emoray.metrics.comparison import Comparison, compare_decisions
from emoray.tables.comparison_rows import ComparisonRow, LabelChangeRow
from emoray.workflows.compare.operand import Operand, frozen

OWN, FROZEN = "own", "frozen"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperandComparison:
    """The comparison of one operand with the first."""

    before: str
    after: str
    thresholds: str
    found: Comparison

    @property
    def words(self) -> str:
        """The verdict as a line."""
        lent = f" at the thresholds of {self.before}" if self.thresholds == FROZEN else ""
        line = f"{self.after}{lent} against {self.before}: {self.found.words}"
        if not self.found.decisions_changed:
            return line
        p = self.found.mcnemar_p
        chance = "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
        return (
            f"{line}. Texts all right before and not after: {self.found.texts_lost:,}, the other "
            f"way round: {self.found.texts_won:,} (McNemar {chance})"
        )


def compare_operands(
    operands: Sequence[Operand], weights_BN: np.ndarray, margin: float
) -> list[OperandComparison]:
    """Compare all operands but the first with it.

    Each at its own thresholds, and at those of the first too where both may be of one training and
    differ in them.

    Args:
        operands: on the same texts, labels in one order.
        weights_BN: resamples of the texts.
        margin: the change of macro-F1 that counts as none.

    Returns:
        One or two comparisons per operand.
    """
    first, *others = operands
    truth_NK = first.truth_NK
    before = first.predictions.resampled(truth_NK, weights_BN)
    comparisons = []
    for other in others:
        lent = frozen(first, other)
        for thresholds, predictions in ((FROZEN, lent), (OWN, other.predictions)):
            if predictions is not None:
                found = compare_decisions(
                    before, predictions.resampled(truth_NK, weights_BN), margin
                )
                comparisons.append(
                    OperandComparison(
                        before=first.name, after=other.name, thresholds=thresholds, found=found
                    )
                )
    return comparisons


def comparison_rows(comparisons: Sequence[OperandComparison], split: str) -> list[ComparisonRow]:
    """One row per comparison."""
    return [
        ComparisonRow(
            before=pair.before,
            after=pair.after,
            thresholds=pair.thresholds,
            split=split,
            macro_f1_before=pair.found.macro_f1.before,
            macro_f1_after=pair.found.macro_f1.after,
            macro_f1_change=pair.found.macro_f1.value,
            macro_f1_low=pair.found.macro_f1.low,
            macro_f1_high=pair.found.macro_f1.high,
            micro_f1_change=pair.found.micro_f1.value,
            micro_f1_low=pair.found.micro_f1.low,
            micro_f1_high=pair.found.micro_f1.high,
            equivalence_low=pair.found.macro_f1.equivalence_low,
            equivalence_high=pair.found.macro_f1.equivalence_high,
            margin=pair.found.margin,
            equivalent=pair.found.equivalent,
            mcnemar_p=pair.found.mcnemar_p,
            texts_lost=pair.found.texts_lost,
            texts_won=pair.found.texts_won,
            decisions_changed=pair.found.decisions_changed,
            decisions=pair.found.decisions,
            resamples=pair.found.resamples,
            verdict=pair.found.verdict,
        )
        for pair in comparisons
    ]


def label_change_rows(
    comparisons: Sequence[OperandComparison], labels: Sequence[str]
) -> list[LabelChangeRow]:
    """One row per comparison and label."""
    return [
        LabelChangeRow(
            before=pair.before,
            after=pair.after,
            thresholds=pair.thresholds,
            label=name,
            support=label.support,
            f1_before=label.f1.before,
            f1_after=label.f1.after,
            change=label.f1.value,
            low=label.f1.low,
            high=label.f1.high,
            lost=label.lost,
            won=label.won,
            churn=label.churn,
        )
        for pair in comparisons
        for name, label in zip(labels, pair.found.labels, strict=True)
    ]
