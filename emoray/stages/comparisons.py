"""Comparison of a compressed model with its float parent, every decision on the same test texts.

Frozen thresholds are the parent's cuts in logits; retuned ones were fitted again on dev by the same
rule. A fixed threshold is never fitted: its rows have the first comparison alone. Nothing is fitted
here, and only rows at the parent's cuts are resampled. Shapes: N texts, K labels, R decisions, S
rows with labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.metrics.bootstrap import usual_weights
from emoray.metrics.comparison import Columns, compare_rows
from emoray.metrics.label_change import compare_labels
from emoray.metrics.resampled import Resampled, resampled
from emoray.stages.compression import LOGITS, Score
from emoray.stages.decision_columns import rows_with_labels
from emoray.stages.decisions import Decide
from emoray.stages.encoding import read_texts
from emoray.stages.families.protocol import TextStage
from emoray.stages.fitted import FittedDecisions, read_fitted
from emoray.stages.point_rows import point_ids
from emoray.stages.resampled_scores import read_deviations
from emoray.tables.comparison_rows import ComparisonRow, LabelChangeRow
from emoray.tables.files import write_table


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareWithParent:
    """Every decision on a model compared with the same on its float parent.

    Attributes:
        decided: the model's decisions.
        parent: the float parent's.
        scored: the model's logits.
        parent_scored: the float parent's.
        text: the labels.
    """

    name: ClassVar[str] = "compare"
    version: ClassVar[int] = 3

    decided: Decide
    parent: Decide
    scored: Score
    parent_scored: Score
    text: TextStage

    def __post_init__(self) -> None:
        texts, others = self.decided.text, self.parent.text
        if self.decided.compressed.left is None:
            same = texts == others
        else:  # the same texts, as ids of fewer words
            same = texts.corpus == others.corpus
        if not same or self.decided == self.parent:
            raise ValueError(
                "a model is compared with its own training's float model, got models that read "
                "other texts, or a float model: name the parent of a compressed model"
            )

    @classmethod
    def of(cls, decided: Decide, parent: Decide) -> "CompareWithParent":
        """Of two models under the same decisions."""
        return cls(
            decided=decided,
            parent=parent,
            scored=decided.scored,
            parent_scored=parent.scored,
            text=decided.text,
        )

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `comparisons.parquet` and `label_changes.parquet`."""
        write_comparisons(self, inputs, out)


FROZEN, RETUNED = "frozen", "retuned"


@lru_cache(maxsize=1)
def _test_labels(text: Path) -> np.ndarray:
    return read_texts(text, "test")[1]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DecidedModel:
    """A model under every decision on it, read from the folders of its stages."""

    points: Sequence[str]
    fitted: FittedDecisions
    rows: Resampled

    def fits(self, rows: Sequence[int]) -> list[int]:
        """Those of the rows whose cuts were fitted on dev."""
        return [r for r in rows if self.fitted.decisions[r].cuts_are_fitted]


@lru_cache(maxsize=2)  # of one training's models in turn: the parent stays
def read_model(decide: Decide, decided: Path, scored: Path, text: Path) -> DecidedModel:
    """A model from the folders of a finished `Decide`, of its `Score` and of its texts."""
    labels_NK = _test_labels(text)
    fitted = read_fitted(decided, decide.decisions)
    with np.load(scored / LOGITS, allow_pickle=False) as data:
        test_NK = data["test"]
    return DecidedModel(
        points=point_ids(decide.compressed, decide.decisions),
        fitted=fitted,
        rows=resampled(
            (test_NK, fitted.cuts_RK),
            labels_NK,
            usual_weights(labels_NK),
            deviations=read_deviations(decided),
        ),
    )


def _joined(tables: Sequence[Columns]) -> Columns | list[object]:
    """Tables of equal columns, one under another; no rows where there is none."""
    if not tables:
        return []
    return {name: [v for table in tables for v in table[name]] for name in tables[0]}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairs:
    """The rows of a parent and a model that are compared, by their position among the decisions.

    Attributes:
        moved: rows that the parent's cuts would change.
        labelled: rows that are compared label by label.
        frozen: both of these.
        own: of `labelled`, those fitted on dev.
        at_parents: the model resampled at the parent's cuts, rows as in `frozen`.
        at_own: the model resampled at its own cuts, rows as in `own`.
    """

    moved: list[int]
    labelled: list[int]
    frozen: list[int]
    own: list[int]
    at_parents: Resampled
    at_own: Resampled

    @classmethod
    def of(cls, parent: DecidedModel, model: DecidedModel) -> "Pairs":
        """Resample at once all that is compared at other cuts."""
        cuts_RK = parent.fitted.cuts_RK
        moved = np.flatnonzero((cuts_RK != model.fitted.cuts_RK).any(axis=1)).tolist()
        labelled = list(rows_with_labels(model.fitted))
        frozen, own = sorted({*moved, *labelled}), model.fits(labelled)
        drawn = model.rows.at(np.vstack([cuts_RK[frozen], model.fitted.cuts_RK[own]]))
        drawn.label_deviation()
        return cls(
            moved=moved,
            labelled=labelled,
            frozen=frozen,
            own=own,
            at_parents=drawn.rows(range(len(frozen))),
            at_own=drawn.rows(range(len(frozen), len(drawn))),
        )

    def at_parents_cuts(self, rows: Sequence[int]) -> Resampled:
        """Some of `frozen`."""
        return self.at_parents.rows([self.frozen.index(r) for r in rows])


def _comparisons(parent: DecidedModel, model: DecidedModel, pairs: Pairs) -> list[Columns]:
    every = list(range(len(model.points)))
    retuned = compare_rows(parent.rows, model.rows)
    frozen = {name: column.copy() for name, column in retuned.items()}
    if pairs.moved:
        before, after = parent.rows.rows(pairs.moved), pairs.at_parents_cuts(pairs.moved)
        for name, column in compare_rows(before, after).items():
            frozen[name][pairs.moved] = column
    return [
        {
            "before": [parent.points[r] for r in rows],
            "after": [model.points[r] for r in rows],
            "thresholds": [thresholds] * len(rows),
            "split": ["test"] * len(rows),
            **{name: column[rows] for name, column in numbers.items()},
        }
        for thresholds, numbers, rows in (
            (FROZEN, frozen, every),
            (RETUNED, retuned, model.fits(every)),
        )
        if rows
    ]


def _label_changes(
    parent: DecidedModel, model: DecidedModel, pairs: Pairs, labels: Sequence[str]
) -> list[Columns]:
    parent.rows.label_deviation()  # of all rows, once for all models of the training
    return [
        {
            "before": [parent.points[r] for r in rows for _ in labels],
            "after": [model.points[r] for r in rows for _ in labels],
            "thresholds": [thresholds] * len(rows) * len(labels),
            "label": list(labels) * len(rows),
            **compare_labels(parent.rows.rows(rows), after),
        }
        for thresholds, rows, after in (
            (FROZEN, pairs.labelled, pairs.at_parents_cuts(pairs.labelled)),
            (RETUNED, pairs.own, pairs.at_own),
        )
        if rows
    ]


def write_comparisons(stage: CompareWithParent, inputs: dict[str, Path], out: Path) -> None:
    """Write `comparisons` and `label_changes` of one model to `out`."""
    text, recipe = inputs["text"], stage.decided.compressed.trained.recipe
    parent = read_model(stage.parent, inputs["parent"], inputs["parent_scored"], text)
    model = read_model(stage.decided, inputs["decided"], inputs["scored"], text)
    labels = stage.text.corpus.taxonomy(recipe.taxonomy).labels
    pairs = Pairs.of(parent, model)
    rows = _joined(_comparisons(parent, model, pairs))
    changes = _joined(_label_changes(parent, model, pairs, labels))
    write_table(rows, out / "comparisons.parquet", ComparisonRow)
    write_table(changes, out / "label_changes.parquet", LabelChangeRow)
