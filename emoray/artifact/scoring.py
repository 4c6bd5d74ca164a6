"""Logits of a model's own file, run as a user would run it.

Batch policy, the same everywhere: texts sorted by length, BATCH to a batch, each batch padded to
its longest text. Results do not depend on it beyond float rounding. Shapes: N texts, K labels.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime

from emoray.artifact import runtime

BATCH = 64


class Texts(Protocol):
    """What a model reads of many texts: token ids, as text.vocabulary.Ragged, or features."""

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each text, (N,)."""

    def padded(self, rows: np.ndarray) -> np.ndarray:
        """Return ids_NL, int32, of the chosen rows, padded with 0; or features_NF, float32."""


def scoring_session(model: Path | str | bytes, *, threads: int = 1) -> onnxruntime.InferenceSession:
    """A CPU session with an explicit thread count, quiet about warnings; reads no other file."""
    return runtime.open_session(
        model if isinstance(model, bytes) else Path(model).read_bytes(), threads=threads
    )


def evenly(lengths_N: np.ndarray, texts: int) -> np.ndarray:
    """Choose rows evenly over the sorted lengths: the real mix of lengths, in few texts."""
    order = np.argsort(lengths_N, kind="stable")
    return order[np.linspace(0, len(order) - 1, min(texts, len(order))).astype(int)]


def scoring_batches(texts: Texts) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (rows, ids_NL) of every batch by the policy; refuse texts without a word."""
    lengths_N = np.asarray(texts.lengths)
    if lengths_N.size and lengths_N.min() < 1:
        raise ValueError(
            f"a text has at least one id, got {int((lengths_N < 1).sum())} empty ones: "
            "encode an empty text as the unknown word (id 1)"
        )
    order = np.argsort(lengths_N, kind="stable")
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        yield rows, texts.padded(rows)


def run_model(session: onnxruntime.InferenceSession, inputs: np.ndarray) -> np.ndarray:
    """Return logits_NK of the session's one input: token ids, or features."""
    return np.asarray(session.run(None, {session.get_inputs()[0].name: inputs})[0])


def logits(model: Path | str | bytes, texts: Texts, *, threads: int = 1) -> np.ndarray:
    """Return logits_NK, float32, in the texts' order; model: a path to model.onnx or its bytes."""
    session = scoring_session(model, threads=threads)
    labels = session.get_outputs()[0].shape[1]
    rows, parts = [np.zeros(0, np.int64)], [np.zeros((0, labels or 0), np.float32)]
    for chosen, ids_NL in scoring_batches(texts):
        rows.append(chosen)
        parts.append(run_model(session, ids_NL))
    order = np.concatenate(rows)
    if not len(order):
        raise ValueError("logits need texts, got none: choose a split that is not empty")
    found_NK = np.concatenate(parts[1:])
    finite_N = np.isfinite(found_NK).all(axis=1)
    if not finite_N.all():
        raise ValueError(
            f"logits are finite, got NaN or Inf for {int((~finite_N).sum())} of {len(order)} "
            "texts: look at the training's weights or the static ranges"
        )
    logits_NK = np.empty_like(found_NK)
    logits_NK[order] = found_NK
    return logits_NK
