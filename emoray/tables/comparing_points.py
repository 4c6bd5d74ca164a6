"""Two operating points of a run on the same test texts, from the predictions that it keeps.

Shapes: N texts, K labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd

from emoray.metrics.bootstrap import usual_weights
from emoray.metrics.comparison import Comparison, compare_decisions
from emoray.metrics.resampled import Resampled, resampled
from emoray.tables.notebook import table_html
from emoray.tables.predictions import Read, cuts_of_point, kept_predictions, label_names


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PointComparison:
    """How `after` differs from `before`; prints as the verdict. labels: one row a label."""

    before: str
    after: str
    comparison: Comparison
    labels: pd.DataFrame

    def __repr__(self) -> str:
        return f"{self.after} against {self.before}: {self.comparison.words}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self))}</p>{table_html(self.labels)}"


def _resampled(point_and_tables: tuple[pd.Series, Read], names: Sequence[str]) -> Resampled:
    """A point's decisions on test, resampled; ValueError where its predictions are not kept."""
    point, read = point_and_tables
    kept = kept_predictions(read, point["model"])
    if kept is None:
        raise ValueError(
            "a run keeps the predictions of its front and of their float parents, got "
            f"{point['point']} of another model: `python -m jobs.compare --run RUN A B` takes them "
            "from the store"
        )
    labels_NK, logits_NK = kept
    cuts_1K = cuts_of_point(read, point, names)[None]
    return resampled((logits_NK, cuts_1K), labels_NK, usual_weights(labels_NK))


def compare_points(
    before: tuple[pd.Series, Read], after: tuple[pd.Series, Read], margin: float
) -> PointComparison:
    """Compare two operating points on the test texts.

    Args:
        before: a row of `points`, and a function that reads its run's tables.
        after: another.
        margin: the change of macro-F1 that counts as none, as a share.

    Returns:
        The change with its intervals and verdict, whole and label by label.

    Raises:
        ValueError: the points have different corpora or taxonomies, or their predictions are not
            kept.
    """
    kinds = [tuple(point[["corpus", "taxonomy"]]) for point, _ in (before, after)]
    if kinds[0] != kinds[1]:
        both = " and ".join(" ".join(kind) for kind in kinds)
        raise ValueError(
            f"points compare within one corpus and taxonomy, got {both}: choose two of one"
        )
    names = label_names(before[1], kinds[0][1])
    found = compare_decisions(_resampled(before, names), _resampled(after, names), margin)
    labels = [
        {
            "label": name,
            "support": label.support,
            "f1_before": label.f1.before,
            "f1_after": label.f1.after,
            "change": label.f1.value,
            "low": label.f1.low,
            "high": label.f1.high,
            "lost": label.lost,
            "won": label.won,
            "churn": label.churn,
        }
        for name, label in zip(names, found.labels, strict=True)
    ]
    return PointComparison(
        before=str(before[0]["point"]),
        after=str(after[0]["point"]),
        comparison=found,
        labels=pd.DataFrame(labels),
    )
