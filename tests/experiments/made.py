"""Request logs and saved predictions as the jobs write them, of decisions that a test makes."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from emoray.serving.request_log import _schema

NAMES = ("joy", "anger", "fear")
RATES = np.array([0.35, 0.2, 0.1])
ONE, TWO, THREE = "a" * 64, "b" * 64, "c" * 64
START = 1_760_000_000_000_000  # microseconds
MINUTE = 60_000_000


def decisions(seed: int, texts: int, *, loses: float = 0.0) -> tuple[np.ndarray, ...]:
    """Labels, and decisions of two models that differ in a few texts; the second may find less."""
    rng = np.random.default_rng(seed)
    labels_NK = rng.random((texts, len(NAMES))) < RATES

    def noisy() -> np.ndarray:
        draws_NK = rng.random(labels_NK.shape)
        return np.where(labels_NK, draws_NK < 0.75, draws_NK < 0.08)

    before_NK = noisy()
    after_NK = np.where(rng.random(labels_NK.shape) < 0.04, noisy(), before_NK)
    return labels_NK, before_NK, after_NK & ~(labels_NK & (rng.random(labels_NK.shape) < loses))


def text_of(row: int) -> str:
    return f"text {row}"


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def write_log(
    folder: Path,
    decided_NK: np.ndarray,
    *,
    artifact: str = ONE,
    role: str = "primary",
    names: Sequence[str] = NAMES,
    rows: Sequence[int] | None = None,
    keys: Sequence[str | None] | None = None,
    split_share: float | None = None,
    start: int = START,
    milliseconds: float = 1.0,
    request: str = "request",
) -> Path:
    """A file of a log: one text a request, one request a minute.

    Args:
        folder: of the log.
        decided_NK: decisions.
        artifact: its SHA-256.
        role: primary, split or shadow.
        names: of the labels.
        rows: which text each one is.
        keys: of the requests.
        split_share: by which traffic was split, as the service says.
        start: microseconds of the first one.
        milliseconds: of each answer, about.
        request: begins the names of requests; a number follows.
    """
    texts = [text_of(row) for row in (range(len(decided_NK)) if rows is None else rows)]
    count = len(texts)
    took = milliseconds * np.exp(np.random.default_rng(count).normal(0, 0.1, count))
    columns: dict[str, Any] = {
        "time": pa.array(start + MINUTE * np.arange(count), pa.timestamp("us", "UTC")),
        "request": [f"{request} {i}" for i in range(count)],
        "number": [0] * count,
        "role": [role] * count,
        "artifact": [artifact] * count,
        "key": [None] * count if keys is None else keys,
        "split_share": pa.array([split_share] * count, pa.float64()),
        "text_sha256": [sha(text) for text in texts],
        "characters": [len(text) for text in texts],
        "tokens": [2] * count,
        "truncated": [False] * count,
        "unknown_share": [0.0] * count,
        "label_names": [list(names)] * count,
        "logits": (2.0 * decided_NK - 1).astype(np.float32).tolist(),
        "probabilities": np.where(decided_NK, 0.9, 0.1).astype(np.float32).tolist(),
        "decided": decided_NK.tolist(),
        "milliseconds": took.astype(np.float32),
        "text": [None] * count,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{start}-{role}-{artifact[:4]}.parquet"
    pq.write_table(pa.table(columns).cast(_schema()), path)
    return path


def write_output(
    path: Path, decided_NK: np.ndarray, *, artifact: str, words: str = "", **columns_of_user: Any
) -> Path:
    """An output of `jobs.predict`; words: before each text."""
    texts = [f"{words}{text_of(row)}" for row in range(len(decided_NK))]
    shares_NK = np.where(decided_NK, 0.9, 0.1).astype(np.float32)
    columns = {
        "body": texts,
        "labels": [[NAMES[k] for k in np.flatnonzero(row)] for row in decided_NK],
        **{f"probability_{n}": shares_NK[:, k] for k, n in enumerate(NAMES)},
        "text_sha256": [sha(text) for text in texts],
        "artifact": [artifact] * len(texts),
        **columns_of_user,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return path


def write_labels(path: Path, labels_NK: np.ndarray, *, rows: Sequence[int] | None = None) -> Path:
    """True labels, Parquet."""
    of = range(len(labels_NK)) if rows is None else rows
    names = [[NAMES[k] for k in np.flatnonzero(labels_NK[row])] for row in of]
    pq.write_table(pa.table({"text": [text_of(row) for row in of], "labels": names}), path)
    return path
