"""Comparison of results with the row recorded: to the last digit, or within a tolerance."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from emoray.workflows.reproduce.rerun import (
    BYTES,
    CALIBRATION,
    CUTS,
    INVARIANCE,
    SCORES,
    RerunResult,
)

TOLERANCE = 0.002  # of a score on another machine: kernels of other processors round otherwise
CUT_TOLERANCE = 0.05  # of a logit cut there: it lies in the gap between two texts' logits
EXACT = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnGroup:
    """Some columns of a row: the one that differs most, by how much, and how much is allowed."""

    name: str
    columns: int
    worst: str
    difference: float
    tolerance: float

    @property
    def holds(self) -> bool:
        """Whether no column differs by more than the tolerance."""
        return self.difference <= self.tolerance


def _apart(recorded: Any, found: Any) -> float:
    """Absolute difference of two values; infinite where they cannot be compared."""
    if isinstance(recorded, str) or isinstance(found, str) or None in (recorded, found):
        return EXACT if recorded == found else float("inf")
    return abs(float(found) - float(recorded))


def _group(
    name: str, columns: Sequence[str], row: Mapping[str, Any], found: Mapping[str, Any], far: float
) -> ColumnGroup:
    known = [c for c in columns if found[c] is not None or row[c] is None]
    apart = {column: _apart(row[column], found[column]) for column in known}
    worst = max(apart, key=lambda column: apart[column])
    return ColumnGroup(
        name=name,
        columns=len(known),
        worst=worst if apart[worst] else "",
        difference=apart[worst],
        tolerance=far,
    )


def group_verdicts(
    row: Mapping[str, Any], again: RerunResult, *, same_machine: bool
) -> Iterator[ColumnGroup]:
    """Compare group by group; bytes and hashes must be equal on any machine."""
    score, cut = (EXACT, EXACT) if same_machine else (TOLERANCE, CUT_TOLERANCE)
    yield _group("scores", SCORES, row, again.columns, score)
    yield _group("calibration", CALIBRATION, row, again.columns, score)
    yield _group("batches", INVARIANCE, row, again.columns, score)
    apart_K = np.abs(np.clip(again.cuts_K, -1e9, 1e9) - np.clip(again.saved_cuts_K, -1e9, 1e9))
    yield ColumnGroup(
        name="thresholds",
        columns=len(apart_K),
        worst=CUTS if apart_K.any() else "",
        difference=float(apart_K.max()),
        tolerance=cut,
    )
    yield _group("bytes", BYTES, row, again.columns, EXACT)
