"""A table of rows of features with labels, as a user brings one."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

WIDTH = 6
LABELS = ("high", "left", "odd")


def rows(count: int = 240, seed: int = 0, constant: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return features_NF and labels_NK: a label for each of the first three numbers' signs."""
    rng = np.random.default_rng(seed)
    features_NF = rng.normal(size=(count, WIDTH)) * [1, 50, 0.01, 1, 1, 1] + [0, 900, 0, 3, 0, 0]
    labels_NK = (features_NF[:, :3] > [0, 900, 0]).astype(np.uint8)
    if constant:
        features_NF[:, 4] = 7.0
    return features_NF.astype(np.float32), labels_NK


def label_lists(labels_NK: np.ndarray) -> list[list[str]]:
    return [[n for n, there in zip(LABELS, row, strict=True) if there] for row in labels_NK]


def write_lists(path: Path, **changed: Any) -> Path:
    """One column `vector` of lists, and `labels`; `changed` replaces columns."""
    features_NF, labels_NK = rows()
    columns = {"vector": features_NF.tolist(), "labels": label_lists(labels_NK), **changed}
    pq.write_table(pa.table(columns), path)
    return path


def write_columns(path: Path, **changed: Any) -> Path:
    """A column for each feature, `x0`, `x1`, …, and `labels`; `changed` replaces columns."""
    features_NF, labels_NK = rows()
    columns: dict[str, Any] = {f"x{i}": features_NF[:, i] for i in range(WIDTH)}
    pq.write_table(pa.table({**columns, "labels": label_lists(labels_NK), **changed}), path)
    return path
