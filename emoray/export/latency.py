"""How long one text takes, batch 1, from token ids to logits.

Artifacts are timed one at a time beside a baseline: text by text first the one, then the other, so
whatever slows the machine slows both. Raw samples come back; percentiles are for the reader.
"""

import gc
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from emoray.export.score import open_session

WARM_UP = 20  # calls of each session before its first sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One timed call. beside: the artifact whose turn it was; differs from `model` in the
    baseline's samples. text: index into the texts given."""

    model: str
    beside: str
    turn: int
    text: int
    tokens: int
    milliseconds: float


def _timed(session: onnxruntime.InferenceSession, feed: dict[str, np.ndarray]) -> float:
    """Milliseconds of one call."""
    start = time.perf_counter_ns()
    session.run(None, feed)
    return (time.perf_counter_ns() - start) / 1e6


def _turn(
    sessions: Mapping[str, onnxruntime.InferenceSession],
    baseline: str,
    name: str,
    feeds: Mapping[str, Sequence[dict[str, np.ndarray]]],
    turn: int,
) -> Iterator[Sample]:
    """One artifact beside the baseline over all texts; who goes first alternates."""
    pair = [name, baseline] if name != baseline else [name]
    texts = len(feeds[name])
    for i in range(WARM_UP):
        for model in pair:
            sessions[model].run(None, feeds[model][i % texts])
    for i in range(texts):
        for model in pair if (i + turn) % 2 else reversed(pair):
            feed = feeds[model][i]
            yield Sample(
                model=model,
                beside=name,
                turn=turn,
                text=i,
                tokens=feed["ids"].shape[1],
                milliseconds=_timed(sessions[model], feed),
            )


def measure(
    models: Mapping[str, Path],
    texts: Sequence[np.ndarray],
    *,
    baseline: str,
    baseline_texts: Sequence[np.ndarray] | None = None,
    repeats: int = 5,
    threads: int = 1,
) -> list[Sample]:
    """Samples of every model on every text, `repeats` turns each, round-robin.

    models: name → model.onnx. texts: token ids (L,) in their real lengths. baseline: a name.
    baseline_texts: the same texts by the baseline's vocabulary, where that is another one.
    """
    if baseline not in models:
        raise ValueError(
            f"the baseline is one of the models, got {baseline!r}: choose among {', '.join(models)}"
        )
    if not len(texts) or repeats < 1:
        raise ValueError(
            f"latency needs texts and repeats, got {len(texts)} and {repeats}: give at least one"
        )
    if baseline_texts is not None and len(baseline_texts) != len(texts):
        raise ValueError(
            f"the baseline reads the same texts, got {len(baseline_texts)} for {len(texts)}: "
            "encode each text with both vocabularies"
        )
    ours = [{"ids": np.asarray(ids, np.int32)[None, :]} for ids in texts]
    feeds = dict.fromkeys(models, ours)
    if baseline_texts is not None:
        feeds[baseline] = [{"ids": np.asarray(ids, np.int32)[None, :]} for ids in baseline_texts]
    sessions = {name: open_session(path, threads=threads) for name, path in models.items()}
    samples: list[Sample] = []
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        for turn in range(repeats):
            for name in models:
                samples.extend(_turn(sessions, baseline, name, feeds, turn))
    finally:
        if collecting:
            gc.enable()
    return samples
