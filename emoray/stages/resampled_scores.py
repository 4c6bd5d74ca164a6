"""Deviations of a model's scores in resamples of test, which comparisons with other rows use.

Shapes: R points, B resamples.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emoray.metrics.resampled import F1S, Resampled

RESAMPLED = "resampled.npz"  # of a finished Decide or Combine
POINTS = "points"


def write_resampled(points: Sequence[str], drawn: Resampled, folder: Path) -> None:
    """Write `resampled.npz`: ids of points, and of both F1 the deviation in each resample."""
    arrays = {measure: drawn.deviation(measure) for measure in F1S}
    np.savez(folder / RESAMPLED, allow_pickle=False, **{POINTS: np.array(points)}, **arrays)


def read_deviations(folder: Path) -> dict[str, np.ndarray]:
    """deviation_RB by measure, of the stage's points in their order."""
    with np.load(folder / RESAMPLED, allow_pickle=False) as data:
        return {measure: data[measure] for measure in F1S}


def read_macro_f1(folder: Path) -> dict[str, np.ndarray]:
    """The deviation of macro-F1 (B) by point."""
    with np.load(folder / RESAMPLED, allow_pickle=False) as data:
        return dict(zip(data[POINTS].tolist(), data["macro_f1"], strict=True))
