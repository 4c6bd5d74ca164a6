"""Which rows are drawn where all would be too many: the rare ones whole, the dense ones sampled."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from emoray.console.wording import count

MOST = 5000
CELLS = (60, 40)
EXTREMES = (
    *("size_bytes", "parameters", "latency_p50_ms", "dev_macro_f1", "test_macro_f1"),
    *("test_micro_f1", "test_ece", "test_brier", "test_nll"),
)


def _cells(points: pd.DataFrame) -> pd.Series:
    """The cell of a grid over log bytes and test macro-F1, column by column."""
    across = pd.cut(np.log(points["size_bytes"].astype(float)), CELLS[0], labels=False)
    up = pd.cut(points["test_macro_f1"], CELLS[1], labels=False)
    return across * CELLS[1] + up


def _extremes(points: pd.DataFrame) -> set[str]:
    """Points with the least and the most of each measure."""
    measured = points[[c for c in EXTREMES if points[c].notna().any()]]
    return {*points.loc[measured.idxmin(), "point"], *points.loc[measured.idxmax(), "point"]}


def thin(
    points: pd.DataFrame, most: int = MOST, always: Collection[str] = ()
) -> tuple[pd.DataFrame, str]:
    """Choose the rows to draw where all would be too many.

    Of the rest every n-th is drawn in order of family, bits, rule and cell, so that each of them
    keeps its share of the rows; the best on dev of each cell is always there.

    Args:
        points: rows with the columns `SEEN`.
        most: about how many rows are kept at most.
        always: ids of points that are kept in any case, like the front and the extremes.

    Returns:
        The rows to draw, and a sentence about what was left out, empty where nothing was.
    """
    if len(points) <= most:
        return points, ""
    points = points.sort_values("point", ignore_index=True)
    cell = _cells(points)
    order = points["dev_macro_f1"].sort_values(ascending=False, kind="stable").index
    must = points["on_front"] | points["point"].isin(_extremes(points) | set(always))
    must |= ~cell.loc[order].duplicated().reindex(points.index)
    keys = points[["family", "embedding_bits", "threshold_rule"]].assign(cell=cell)
    rest = keys[~must].sort_values(list(keys), kind="stable").index
    step = max(1, -(-len(rest) // max(most - int(must.sum()), 1)))
    kept = points.loc[np.sort(np.concatenate([np.flatnonzero(must), rest[step // 2 :: step]]))]
    return kept, (
        f"Of {count(len(points), 'row')}, {len(kept):,} are drawn: every front row and pick, the "
        f"extremes of each measure, the best on dev in each cell of a {CELLS[0]} × {CELLS[1]} "
        f"grid, and every {step:,}th of the rest, so that what is dense stays dense."
    )
