"""Columns of an ensemble's points that are aggregated over its members, by their row class."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from emoray.stages.decision_columns import Columns
from emoray.tables.fields import Aggregation, aggregations
from emoray.tables.point_rows import MeasuredPointRow

MIXED = "mixed"
Values = Sequence[Any]  # of one column, by member


def _same(values: Values) -> Any:
    first, *others = dict.fromkeys(values)
    return MIXED if others else first


HOW: dict[Aggregation, Callable[[Values, Sequence[int]], Any]] = {
    "first": lambda values, sizes: values[0],
    "each": lambda values, sizes: " & ".join(dict.fromkeys(map(str, values))),
    "same": lambda values, sizes: _same(values),
    "all": lambda values, sizes: all(values),
    "sum": lambda values, sizes: sum(values),
    "max": lambda values, sizes: max(values),
    "mean": lambda values, sizes: float(np.average(values, weights=sizes)),
}
AGGREGATED = {name: how for name, how in aggregations(MeasuredPointRow).items() if how != "own"}


def aggregate(members: Sequence[Columns], sizes: Sequence[int]) -> Columns:
    """Aggregate the columns of an ensemble's members.

    Args:
        members: columns of `points` of each.
        sizes: bytes of each member's model, the weights of means.

    Returns:
        Columns of the ensemble.
    """
    return {
        name: HOW[how]([member[name] for member in members], sizes)
        for name, how in AGGREGATED.items()
    }
