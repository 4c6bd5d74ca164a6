"""Whether a row differs significantly from the front.

Rows are compared with the front in pairs, on the same resamples of the test texts. Shapes: P rows,
F rows of the front, B resamples.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from emoray.metrics.bootstrap import symmetric_interval

NONE = -1  # of a place: nothing stands there. As an index it is the last row's, which is masked
Drawn = Mapping[str, np.ndarray]
"""How far the macro-F1 of each point of one model deviates in every resample (B)."""
DrawnOf = Callable[[str], Drawn]
"""The same by model."""


def _neighbours(sizes_F: np.ndarray, models_F: np.ndarray) -> np.ndarray:
    """For each row of the front, the index of the nearest in log bytes that is another model's."""
    log_F = np.log(sizes_F)
    found = np.full(len(log_F), NONE)
    for f in range(len(log_F)):
        others = np.flatnonzero(models_F != models_F[f])
        if len(others):
            found[f] = others[np.argmin(np.abs(log_F[others] - log_F[f]))]
    return found


def nearest_front(points: pd.DataFrame) -> np.ndarray:
    """Find each row's nearest row of the front, of its corpus and taxonomy.

    Off the front it is the largest that needs no more bytes (of equal sizes the best on dev, then
    the first by id); on it the nearest in bytes of another model.

    Args:
        points: rows of `points`, `on_front` filled.

    Returns:
        Row numbers (P), NONE where there is none.
    """
    place_P = np.full(len(points), NONE)
    size_P = points["size_bytes"].to_numpy(float)
    front_P = points["on_front"].to_numpy(bool)
    by = ["size_bytes", "dev_macro_f1", "point"]
    for rows in points.groupby(["corpus", "taxonomy"], sort=False).indices.values():
        ordered = points.iloc[rows[front_P[rows]]].sort_values(by, ascending=[True, True, False])
        if ordered.empty:
            continue
        front = points.index.get_indexer(ordered.index)
        off = rows[~front_P[rows]]
        last = np.searchsorted(size_P[front], size_P[off], side="right") - 1
        place_P[off] = np.where(last >= 0, front[np.maximum(last, 0)], NONE)
        neighbour_F = _neighbours(size_P[front], ordered["model"].to_numpy())
        place_P[front] = np.where(neighbour_F >= 0, front[np.maximum(neighbour_F, 0)], NONE)
    return place_P


def _front_drawn(points: pd.DataFrame, place_P: np.ndarray, drawn_of: DrawnOf) -> Drawn:
    """Resamples of the rows of the front that others are compared with, by point."""
    front = points.iloc[np.unique(place_P[place_P != NONE])]
    found: dict[str, np.ndarray] = {}
    for model, rows in front.groupby("model", sort=False):
        drawn = drawn_of(str(model))
        found |= {point: drawn[point] for point in rows["point"] if point in drawn}
    return found


def _intervals(
    points: pd.DataFrame, against_P: np.ndarray, change_P: np.ndarray, front: Drawn, of: DrawnOf
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the interval of each change.

    A model at a time: the resamples of all rows at once would be gigabytes.

    Args:
        points: rows of `points`.
        against_P: id of the row of the front that each is compared with.
        change_P: of macro-F1 on test.
        front: resamples of the front.
        of: returns the resamples of a model.

    Returns:
        low_P and high_P, NaN where the resamples of one of a pair are not there.
    """
    names_P = points["point"].to_numpy(object)
    low_P, high_P = np.full(len(points), np.nan), np.full(len(points), np.nan)
    for model, rows in points.groupby("model", sort=False).indices.items():
        drawn = of(str(model))
        paired = [p for p in rows if names_P[p] in drawn and against_P[p] in front]
        if paired:
            own_RB = np.array([drawn[names_P[p]] for p in paired], np.float32)
            front_RB = np.array([front[against_P[p]] for p in paired], np.float32)
            ends = symmetric_interval(change_P[paired], own_RB - front_RB)
            low_P[paired], high_P[paired] = ends
    return low_P, high_P


def with_nearest(points: pd.DataFrame, drawn_of: DrawnOf) -> dict[str, Any]:
    """Compute the columns of `points` about the nearest row of the front.

    Args:
        points: rows with `on_front` and their score on test.
        drawn_of: returns the resamples (B) of a model's points by their id; called once per model,
            and once more for those of the front.

    Returns:
        The columns by name.
    """
    points = points.reset_index(drop=True)
    place_P = nearest_front(points)
    names_P, score_P = points["point"].to_numpy(object), points["test_macro_f1"].to_numpy(float)
    against_P = np.where(place_P != NONE, names_P[place_P], "")
    change_P = score_P - score_P[place_P]
    front = _front_drawn(points, place_P, drawn_of)
    low_P, high_P = _intervals(points, against_P, change_P, front, drawn_of)
    known_P = ~np.isnan(low_P)
    apart_P = (low_P > 0) | (high_P < 0)
    return {
        "nearest_front": against_P,
        "nearest_front_change": np.where(known_P, change_P, np.nan),
        "nearest_front_low": low_P,
        "nearest_front_high": high_P,
        "distinguishable": [bool(a) if k else None for a, k in zip(apart_P, known_P, strict=True)],
    }
