"""A compressed model beside its float parent: the same decision, on the same test texts.

Frozen thresholds are the parent's, cuts in logits and all; retuned ones are fitted anew on dev by
the same rule. Shapes: N texts, K labels, R decisions, B resamples, S rows whose labels are told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from emoray.decide.compare import LEVEL, Columns, compare_rows, interval
from emoray.decide.label_f1 import label_f1_resampled
from emoray.decide.ranking import f1_of
from emoray.decide.resampled import Resampled, resampled
from emoray.decide.strata import stratified_weights
from emoray.decide.thresholds import Fixed, cuts_many
from emoray.tables.comparison_rows import ComparisonRow, LabelChangeRow
from emoray.tables.files import write_table
from emoray.trial.columns import pairs_of
from emoray.trial.rows import point_ids
from emoray.trial.spec import Decision, Fitted
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
    """A model under every decision, fitted on dev, judged on test. f1_SKB: of the told rows."""

    points: Sequence[str]
    test_NK: np.ndarray
    cuts_RK: np.ndarray
    rows: Resampled
    told: tuple[int, ...]
    f1_SKB: np.ndarray

    def moved(self, cuts_RK: np.ndarray) -> np.ndarray:
        """The rows that other cuts would change; fixed thresholds are the same for all models."""
        return np.flatnonzero((cuts_RK != self.cuts_RK).any(axis=1))

    def told_at(self, cuts_RK: np.ndarray) -> np.ndarray:
        """f1_SKB of the told rows at other cuts."""
        rows = self.rows
        return _told_f1(self.test_NK, cuts_RK, self.told, rows.labels_NK, rows.weights_BN)


def _told_f1(
    test_NK: np.ndarray,
    cuts_RK: np.ndarray,
    told: Sequence[int],
    labels_NK: np.ndarray,
    weights_BN: np.ndarray,
) -> np.ndarray:
    decided_SNK = test_NK >= cuts_RK[list(told), None, :]
    return label_f1_resampled(decided_SNK, labels_NK, weights_BN)


def told_of(decisions: Sequence[Decision]) -> tuple[int, ...]:
    """The decisions whose labels are told one by one: fitted rules, calibrated; or the only one."""
    return tuple(
        r
        for r, d in enumerate(decisions)
        if len(decisions) == 1
        or (not isinstance(d.rule, Fixed) and isinstance(d.temperature, Fitted))
    )


@lru_cache(maxsize=2)  # of one training's models in turn: the parent stays
def judged(score: Score, decisions: tuple[Decision, ...], scored: Path, text: Path) -> Judged:
    """A finished `Score` under every decision. scored, text: its folder, that of its texts."""
    dev_labels_NK, labels_NK, weights_BN = _truth(text)
    with np.load(scored / LOGITS, allow_pickle=False) as data:
        dev_NK, test_NK = data["dev"], data["test"]
    cuts_RK = cuts_many(pairs_of(decisions, dev_NK, dev_labels_NK), dev_NK, dev_labels_NK)
    rows, told = resampled((test_NK, cuts_RK), labels_NK, weights_BN), told_of(decisions)
    return Judged(
        points=point_ids(score.compressed, decisions),
        test_NK=test_NK,
        cuts_RK=cuts_RK,
        rows=rows,
        told=told,
        f1_SKB=_told_f1(test_NK, cuts_RK, told, rows.labels_NK, rows.weights_BN),
    )


def _label_columns(
    before: Judged, after: Judged, cuts_RK: np.ndarray, f1_SKB: np.ndarray
) -> Columns:
    """Columns of `label_changes` that are numbers: told rows, each label by label. cuts_RK,
    f1_SKB: those of `after`."""
    labels_NK, told = before.rows.labels_NK, before.told
    support_K = labels_NK.sum(axis=0)
    parts = []
    for s, r in enumerate(told):
        was_NK, now_NK = before.test_NK >= before.cuts_RK[r], after.test_NK >= cuts_RK[r]
        was_K, now_K = (
            f1_of((decided & labels_NK).sum(axis=0), decided.sum(axis=0), support_K)
            for decided in (was_NK, now_NK)
        )
        low_K, high_K = interval(now_K - was_K, f1_SKB[s] - before.f1_SKB[s], LEVEL)
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


def _comparisons(parent: Judged, model: Judged) -> list[Columns]:
    return [
        {
            "before": parent.points,
            "after": model.points,
            "thresholds": [thresholds] * len(model.points),
            "split": ["test"] * len(model.points),
            **numbers,
        }
        for thresholds, numbers in _numbers(parent, model).items()
    ]


def _label_changes(parent: Judged, model: Judged, labels: Sequence[str]) -> list[Columns]:
    if not model.told:
        return []
    told = [r for r in model.told for _ in labels]
    at = {
        FROZEN: (parent.cuts_RK, model.told_at(parent.cuts_RK)),
        RETUNED: (model.cuts_RK, model.f1_SKB),
    }
    return [
        {
            "before": [parent.points[r] for r in told],
            "after": [model.points[r] for r in told],
            "thresholds": [thresholds] * len(told),
            "label": list(labels) * len(model.told),
            **_label_columns(parent, model, cuts_RK, f1_SKB),
        }
        for thresholds, (cuts_RK, f1_SKB) in at.items()
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
