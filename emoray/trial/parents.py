"""A compressed model beside its float parent: the same decision, on the same test texts.

Frozen thresholds are the parent's, cuts in logits and all; retuned ones are fitted anew on dev by
the same rule. A threshold that was given is nowhere fitted: its rows have the first comparison
alone. Shapes: N texts, K labels, R decisions, B resamples, S rows whose labels are told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from emoray.decide.crossfit import cross_fitted_scores
from emoray.decide.thresholds import cuts_many
from emoray.metrics.bootstrap import stratified_weights
from emoray.metrics.comparison import LEVEL, Columns, compare_rows, interval
from emoray.metrics.label_f1 import label_f1_resampled
from emoray.metrics.ranking import f1_of
from emoray.metrics.resampled import Resampled, resampled
from emoray.tables.comparison_rows import ComparisonRow, LabelChangeRow
from emoray.tables.files import write_table
from emoray.trial.columns import pairs_of, rows_with_labels
from emoray.trial.rows import point_ids
from emoray.trial.spec import Decision
from emoray.trial.stages.comparing import RESAMPLED, Compare
from emoray.trial.stages.compression import LOGITS, Score
from emoray.trial.stages.text import read_texts

RESAMPLES = 300  # of every row of a search: its intervals' ends are known to 5 % of half a width
FROZEN, RETUNED = "frozen", "retuned"


@lru_cache(maxsize=1)
def _truth(text: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels of dev and test, and weights_BN of test: drawn once for all models of a text."""
    labels_NK = read_texts(text, "test")[1]
    weights_BN = stratified_weights(labels_NK, resamples=RESAMPLES)
    return read_texts(text, "dev")[1], labels_NK, weights_BN


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """A model under every decision, fitted on dev, judged on test. told: rows that `labels` has."""

    points: Sequence[str]
    decisions: tuple[Decision, ...]
    test_NK: np.ndarray
    cuts_RK: np.ndarray
    rows: Resampled
    told: tuple[int, ...]

    def moved(self, cuts_RK: np.ndarray) -> np.ndarray:
        """The rows that other cuts would change; fixed thresholds are the same for all models."""
        return np.flatnonzero((cuts_RK != self.cuts_RK).any(axis=1))

    def label_f1(self, rows: Sequence[int], cuts_RK: np.ndarray) -> np.ndarray:
        """f1_SKB of these rows at some cuts: their own, or another model's."""
        decided_SNK = self.test_NK >= cuts_RK[list(rows), None, :]
        return label_f1_resampled(decided_SNK, self.rows.labels_NK, self.rows.weights_BN)


@lru_cache(maxsize=2)  # of one training's models in turn: the parent stays
def judged(score: Score, decisions: tuple[Decision, ...], scored: Path, text: Path) -> Judged:
    """A finished `Score` under every decision. scored, text: its folder, that of its texts."""
    dev_labels_NK, labels_NK, weights_BN = _truth(text)
    with np.load(scored / LOGITS, allow_pickle=False) as data:
        dev_NK, test_NK = data["dev"], data["test"]
    pairs = pairs_of(decisions, dev_NK, dev_labels_NK)
    cuts_RK = cuts_many(pairs, dev_NK, dev_labels_NK)
    return Judged(
        points=point_ids(score.compressed, decisions),
        decisions=decisions,
        test_NK=test_NK,
        cuts_RK=cuts_RK,
        rows=resampled((test_NK, cuts_RK), labels_NK, weights_BN),
        told=rows_with_labels(
            decisions, cross_fitted_scores(pairs, dev_NK, dev_labels_NK).macro_f1_R
        ),
    )


def _label_columns(
    before: Judged, after: Judged, told: Sequence[int], cuts_RK: np.ndarray
) -> Columns:
    """Columns of `label_changes` that are numbers: told rows, each label by label. cuts_RK: those
    of `after`."""
    labels_NK = before.rows.labels_NK
    support_K = labels_NK.sum(axis=0)
    was_SKB, now_SKB = before.label_f1(told, before.cuts_RK), after.label_f1(told, cuts_RK)
    parts = []
    for s, r in enumerate(told):
        was_NK, now_NK = before.test_NK >= before.cuts_RK[r], after.test_NK >= cuts_RK[r]
        was_K, now_K = (
            f1_of((decided & labels_NK).sum(axis=0), decided.sum(axis=0), support_K)
            for decided in (was_NK, now_NK)
        )
        low_K, high_K = interval(now_K - was_K, now_SKB[s] - was_SKB[s], LEVEL)
        right_NK = was_NK == labels_NK
        changed_NK = was_NK != now_NK
        parts.append(
            {
                "support": support_K,
                "f1_before": was_K,
                "f1_after": now_K,
                "change": now_K - was_K,
                "low": low_K,
                "high": high_K,
                "lost": (changed_NK & right_NK).sum(axis=0),
                "won": (changed_NK & ~right_NK).sum(axis=0),
                "churn": changed_NK.sum(axis=0),
            }
        )
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _joined(tables: Sequence[Columns]) -> Columns | list[object]:
    """Tables of equal columns, one under another; no rows where there is none."""
    if not tables:
        return []
    return {name: [v for table in tables for v in table[name]] for name in tables[0]}


def resampled_columns(points: Sequence[str], rows: Resampled) -> dict[str, np.ndarray]:
    """What rows of other models are compared by later: macro-F1 of each point in each resample."""
    return {"points": np.array(points), "macro_f1_RB": rows.macro_f1_RB.astype(np.float32)}


def _numbers(parent: Judged, model: Judged) -> dict[str, Columns]:
    """Columns of `comparisons` that are numbers, by thresholds. Only rows whose thresholds move
    are judged twice."""
    retuned = compare_rows(parent.rows, model.rows)
    frozen = {
        name: np.array(column, object if name == "verdict" else None)
        for name, column in retuned.items()
    }
    moved = model.moved(parent.cuts_RK)
    if len(moved):
        rows = model.rows
        cuts_RK = parent.cuts_RK[moved]
        anew = resampled((model.test_NK, cuts_RK), rows.labels_NK, rows.weights_BN)
        for name, column in compare_rows(parent.rows.rows(moved), anew).items():
            frozen[name][moved] = column
    return {FROZEN: frozen, RETUNED: retuned}


def _fitted(model: Judged, rows: Sequence[int]) -> list[int]:
    """Those of the rows whose cuts dev has a say in."""
    return [r for r in rows if model.decisions[r].cuts_are_fitted]


def _comparisons(parent: Judged, model: Judged) -> list[Columns]:
    every = range(len(model.points))
    compared = {FROZEN: list(every), RETUNED: _fitted(model, every)}
    return [
        {
            "before": [parent.points[r] for r in rows],
            "after": [model.points[r] for r in rows],
            "thresholds": [thresholds] * len(rows),
            "split": ["test"] * len(rows),
            **{name: np.asarray(column)[rows] for name, column in numbers.items()},
        }
        for thresholds, numbers in _numbers(parent, model).items()
        if (rows := compared[thresholds])
    ]


def _label_changes(parent: Judged, model: Judged, labels: Sequence[str]) -> list[Columns]:
    told = {
        FROZEN: (list(model.told), parent.cuts_RK),
        RETUNED: (_fitted(model, model.told), model.cuts_RK),
    }
    return [
        {
            "before": [parent.points[r] for r in rows for _ in labels],
            "after": [model.points[r] for r in rows for _ in labels],
            "thresholds": [thresholds] * len(rows) * len(labels),
            "label": list(labels) * len(rows),
            **_label_columns(parent, model, rows, cuts_RK),
        }
        for thresholds, (rows, cuts_RK) in told.items()
        if rows
    ]


def write_comparisons(stage: Compare, inputs: dict[str, Path], out: Path) -> None:
    """Write `comparisons` and `label_changes` of one model, and its resampled scores, to `out`."""
    recipe, text = stage.scored.compressed.trained.recipe, inputs["text"]
    parent = judged(stage.parent, stage.decisions, inputs["parent"], text)
    model = judged(stage.scored, stage.decisions, inputs["scored"], text)
    arrays = resampled_columns(model.points, model.rows)
    np.savez(out / RESAMPLED, allow_pickle=False, **arrays)
    rows: list[Columns] = []
    changes: list[Columns] = []
    if stage.scored != stage.parent:
        labels = stage.text.corpus.taxonomy(recipe.taxonomy).labels
        rows, changes = _comparisons(parent, model), _label_changes(parent, model, labels)
    write_table(_joined(rows), out / "comparisons.parquet", ComparisonRow)
    write_table(_joined(changes), out / "label_changes.parquet", LabelChangeRow)
