"""Whether a row differs from the front by more than luck.

Rows are held against the front in pairs, on the same resamples of the test texts. Shapes: P rows,
F rows of the front, B resamples.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from emoray.metrics.bootstrap import symmetric_interval

NONE = -1  # of a place: nothing stands there
Drawn = Mapping[str, np.ndarray]
"""How far the macro-F1 of each point of one model deviates in every resample (B)."""


def _beside(sizes_F: np.ndarray, models_F: np.ndarray) -> np.ndarray:
    """Of each row of the front, the place of the nearest in bytes (log) that is another model's."""
    log_F = np.log(sizes_F)
    found = np.full(len(log_F), NONE)
    for f in range(len(log_F)):
        others = np.flatnonzero(models_F != models_F[f])
        if len(others):
            found[f] = others[np.argmin(np.abs(log_F[others] - log_F[f]))]
    return found


def nearest_front(points: pd.DataFrame) -> np.ndarray:
    """Of each row, the place of its nearest row of the front, of its corpus and taxonomy.

    Off the front it is the largest that needs no more bytes (of equal sizes the best on dev, then
    the first by id); on it the nearest in bytes of another model. NONE where there is none.
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
        beside_F = _beside(size_P[front], ordered["model"].to_numpy())
        place_P[front] = np.where(beside_F >= 0, front[np.maximum(beside_F, 0)], NONE)
    return place_P


def with_nearest(points: pd.DataFrame, drawn_of: Callable[[str], Drawn]) -> dict[str, Any]:
    """Columns of `points` on the nearest row of the front.

    drawn_of: what a model left of its points in resamples; asked for once a model, and for the few
    of the front once more. Where one of a pair is not there the interval is NaN.
    """
    points = points.reset_index(drop=True)
    place_P, names_P = nearest_front(points), points["point"].to_numpy(object)
    score_P = points["test_macro_f1"].to_numpy(float)
    there_P = place_P != NONE
    low_P, high_P = np.full(len(points), np.nan), np.full(len(points), np.nan)
    kept = points.iloc[np.unique(place_P[there_P])]
    front: dict[str, np.ndarray] = {}
    for model, rows in kept.groupby("model", sort=False):
        drawn = drawn_of(str(model))
        front |= {name: drawn[name] for name in rows["point"] if name in drawn}
    change_P = score_P - score_P[np.maximum(place_P, 0)]
    for model, rows in points.groupby("model", sort=False).indices.items():
        drawn = drawn_of(str(model))
        pairs = [
            (p, drawn[names_P[p]], front[names_P[place_P[p]]])
            for p in rows
            if there_P[p] and names_P[p] in drawn and names_P[place_P[p]] in front
        ]
        if pairs:
            chosen, mine, others = zip(*pairs, strict=True)
            at = list(chosen)
            apart_RB = np.array(mine, np.float32) - np.array(others, np.float32)
            low_P[at], high_P[at] = symmetric_interval(change_P[at], apart_RB)
    known_P = ~np.isnan(low_P)
    apart_P = (low_P > 0) | (high_P < 0)
    return {
        "nearest_front": np.where(there_P, names_P[np.maximum(place_P, 0)], ""),
        "nearest_front_change": np.where(known_P, change_P, np.nan),
        "nearest_front_low": low_P,
        "nearest_front_high": high_P,
        "distinguishable": [bool(a) if k else None for a, k in zip(apart_P, known_P, strict=True)],
    }
