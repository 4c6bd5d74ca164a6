"""What a run keeps of its points: their cuts, and their models' predictions on test.

`read` gives a table of the run by name. Shapes: N texts, K labels.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emoray.metrics.cuts import cuts_of

Read: TypeAlias = Callable[[str], pa.Table]


def where(table: pa.Table, column: str, value: str) -> pa.Table:
    """The rows with that value."""
    return table.filter(pc.equal(table.column(column), value))


def label_names(read: Read, taxonomy: str) -> tuple[str, ...]:
    """The labels in the order of `predictions`."""
    known = where(read("runs"), "taxonomy", taxonomy)
    if not known.num_rows:  # one of several, not the job's own
        known = where(read("taxonomies"), "taxonomy", taxonomy)
    return tuple(json.loads(known.column("labels")[-1].as_py()))


def cuts_of_row(
    row: Mapping[str, Any], saved: Mapping[str, float], names: Sequence[str]
) -> np.ndarray:
    """cuts_K of a row of `points`: as `labels` keeps them, else by the fixed threshold's name."""
    if saved:
        return np.array([saved[name] for name in names])
    threshold = float(row["threshold_rule"].removeprefix("fixed"))
    return np.full(len(names), float(cuts_of(threshold, row["temperature"])))


def cuts_of_point(read: Read, point: Mapping[str, Any], names: Sequence[str]) -> np.ndarray:
    """The same, from the run's own tables."""
    kept = where(read("labels"), "point", point["point"])
    saved = dict(zip(kept["label"].to_pylist(), kept["cut"].to_pylist(), strict=True))
    return cuts_of_row(point, saved, names)


def _matrix(table: pa.Table, column: str) -> np.ndarray:
    """A column of equal lists as an array, rows x values."""
    values = table.column(column).combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return np.ascontiguousarray(values).reshape(table.num_rows, -1)


def kept_predictions(read: Read, model: str) -> tuple[np.ndarray, np.ndarray] | None:
    """labels_NK (uint8) and logits_NK (float32) of test; None where they are not kept."""
    rows = where(read("predictions"), "model", model).sort_by("text")
    if not rows.num_rows:
        return None
    return _matrix(rows, "labels"), _matrix(rows, "logits")
