"""What a made run lacks and the explorer shows: comparisons, and where rows stand by the front."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emoray.tables.comparison_rows import ComparisonRow, LabelChangeRow
from emoray.tables.front import on_front
from emoray.tables.parts import write_part
from tests.tables.made import blanks, finish, make_run

RATIOS = ("frozen", "retuned")


def with_standing(points: pd.DataFrame) -> pd.DataFrame:
    """`points` held against the front: rows 0.02 below their front row are told apart."""
    front = points[on_front(points)].sort_values("size_bytes")
    at = np.searchsorted(front["size_bytes"], points["size_bytes"], "right") - 1
    nearest = front.iloc[np.maximum(at, 0)]
    change = points["test_macro_f1"].to_numpy() - nearest["test_macro_f1"].to_numpy()
    return points.assign(
        nearest_front=nearest["point"].to_numpy(),
        nearest_front_change=change,
        nearest_front_low=change - 0.02,
        nearest_front_high=change + 0.02,
        distinguishable=np.abs(change) > 0.02,
    )


def _parents(points: pd.DataFrame) -> pd.DataFrame:
    keys = ["training_id", "threshold_rule", "temperature"]
    floats = points.loc[points["bits"] == 32, [*keys, "point", "test_macro_f1"]]
    return points[points["bits"] < 32].merge(floats, on=keys, suffixes=("", "_parent"))


def _comparisons(points: pd.DataFrame) -> dict[str, Any]:
    both = pd.concat([_parents(points).assign(how=how) for how in RATIOS], ignore_index=True)
    before = both["test_macro_f1_parent"] - 0.004 * (both["how"] == "frozen")
    change = both["test_macro_f1"] - both["test_macro_f1_parent"]
    verdict = np.select(
        [change < -0.012, change.abs() < 0.002], ["worse", "equivalent"], "undecided"
    )
    return {
        "before": both["point_parent"],
        "after": both["point"],
        "thresholds": both["how"],
        "split": "test",
        "macro_f1_before": before,
        "macro_f1_after": before + change,
        "macro_f1_change": change,
        "macro_f1_low": change - 0.011,
        "macro_f1_high": change + 0.011,
        "equivalence_low": change - 0.009,
        "equivalence_high": change + 0.009,
        "margin": 0.005,
        "equivalent": verdict == "equivalent",
        "mcnemar_p": 0.23,
        "texts_lost": 41,
        "texts_won": 32,
        "decisions_changed": 210,
        "decisions": 37_989,
        "resamples": 1000,
        "verdict": verdict,
    }


def _label_changes(points: pd.DataFrame, labels: pd.DataFrame) -> dict[str, Any]:
    both = _parents(points)[["point", "point_parent"]].merge(labels, on="point")
    both = pd.concat([both.assign(how=how) for how in RATIOS], ignore_index=True)
    change = np.random.default_rng(4).normal(-0.004, 0.012, len(both))
    return {
        "before": both["point_parent"],
        "after": both["point"],
        "thresholds": both["how"],
        "label": both["label"],
        "support": both["support"],
        "f1_before": both["f1"] - change,
        "f1_after": both["f1"],
        "change": change,
        "low": change - 0.015,
        "high": change + 0.015,
        "lost": 9,
        "won": 7,
        "churn": 16,
    }


def make_compared_run(folder: Path, **space: Any) -> pd.DataFrame:
    """A made run, merged, whose rows are compared with their float parents and with the front."""
    points = with_standing(make_run(folder, parts=1, **space))
    labels = pd.read_parquet(folder / "_parts" / "labels" / "trial-0.parquet")
    for row_class, table, columns in (
        (ComparisonRow, "comparisons", _comparisons(points)),
        (LabelChangeRow, "label_changes", _label_changes(points, labels)),
    ):
        write_part(blanks(row_class) | columns, folder, table, "compared")
    finish(folder, points)
    return points
