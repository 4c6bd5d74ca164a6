"""Measure the latency of one text, batch 1: text in, labels out, and of this the model's share.

A text is what an artifact reads: of one of features a row, float32 (F,), of F tokens.

Artifacts are timed one at a time with a baseline: text by text first the one, then the other, so
whatever slows the machine slows both. Raw samples are returned; percentiles are for the reader.
"""

import gc
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from emoray.artifact.runtime import Classifier, Reader

WARM_UP = 10  # calls of each model before its first sample
READ_BEFORE = 200  # other texts that a model in use has read: it remembers their words


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One timed text.

    Attributes:
        model: that was timed.
        beside: the artifact whose turn it was; differs from `model` in the baseline's samples.
        turn: its number.
        text: index into the given texts.
        tokens: of the text.
        milliseconds: text in, labels out.
        model_milliseconds: of a call of the model alone with the same text's ids.
    """

    model: str
    beside: str
    turn: int
    text: int
    tokens: int
    milliseconds: float
    model_milliseconds: float


class Timed(Protocol):
    """What can be timed: a text to its labels, and the model's part of it."""

    def prepare(self, others: Sequence[Any]) -> None:
        """Clear the cache of words, then read the others, which are not timed."""

    def whole(self, text: Any) -> object:
        """Classify a text."""

    def alone(self, text: Any) -> tuple[int, float]:
        """(tokens, milliseconds) of the model's own calls for a text, from ids to logits."""


class TimedArtifact:
    """An artifact as `Timed`."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._feeds: dict[str | bytes, list[dict[str, np.ndarray]]] = {}
        self._others: Sequence[Any] | None = None
        self._known: dict[Reader, dict[str, Any]] = {}  # the words of the others

    def prepare(self, others: Sequence[Any]) -> None:
        """Set the cache of words to those of the others, which are not timed."""
        if others is not self._others:
            self._read(others)
        for reader, known in self._known.items():
            reader.remember(known)

    def _read(self, others: Sequence[Any]) -> None:
        self._others = others
        self._known = {}
        for reader in {reader for reader, _ in self._classifier.members}:
            reader.forget()
            for text in others:
                reader.ids(text)
            self._known[reader] = reader.remembered()

    def whole(self, text: Any) -> object:
        """Classify a text."""
        return self._classifier([text])

    def alone(self, text: Any) -> tuple[int, float]:
        """(tokens, milliseconds) of the model's own calls for a text, from ids to logits."""
        key = text if isinstance(text, str) else text.tobytes()
        if key not in self._feeds:
            self._feeds[key] = [reader.feed(text) for reader, _ in self._classifier.members]
        feeds, spent = self._feeds[key], 0
        for (_, model), feed in zip(self._classifier.members, feeds, strict=True):
            start = time.perf_counter_ns()
            model.session.run(None, feed)
            spent += time.perf_counter_ns() - start
        (first,) = feeds[0].values()
        return first.shape[1], spent / 1e6


def _turn(
    models: Mapping[str, Timed],
    baseline: str,
    name: str,
    texts: Sequence[Any],
    others: Sequence[Any],
    turn: int,
) -> Iterator[Sample]:
    """Time one artifact and the baseline over all texts; which is first alternates."""
    pair = [name, baseline] if name != baseline else [name]
    warm = others or texts
    for model in pair:
        models[model].prepare(others)
        for i in range(WARM_UP):
            models[model].whole(warm[i % len(warm)])
    for i, text in enumerate(texts):
        for model in pair if (i + turn) % 2 else reversed(pair):
            start = time.perf_counter_ns()
            models[model].whole(text)
            milliseconds = (time.perf_counter_ns() - start) / 1e6
            tokens, alone = models[model].alone(text)
            yield Sample(
                model=model,
                beside=name,
                turn=turn,
                text=i,
                tokens=tokens,
                milliseconds=milliseconds,
                model_milliseconds=alone,
            )


def measure_latency(
    models: Mapping[str, Timed],
    texts: Sequence[Any],
    *,
    baseline: str,
    others: Sequence[Any] = (),
    repeats: int = 5,
) -> list[Sample]:
    """Time every model on every text, `repeats` turns each, round-robin.

    Args:
        models: by name.
        texts: that are timed.
        baseline: a name.
        others: texts that are not timed, which a model has read before.
        repeats: turns of each model.

    Returns:
        A sample for each call.

    Raises:
        ValueError: if the baseline is no model, or there are no texts or repeats.
    """
    if baseline not in models:
        raise ValueError(
            f"the baseline is one of the models, got {baseline!r}: choose among {', '.join(models)}"
        )
    if not len(texts) or repeats < 1:
        raise ValueError(
            f"latency needs texts and repeats, got {len(texts)} and {repeats}: give at least one"
        )
    samples: list[Sample] = []
    others = others[:READ_BEFORE]
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        for turn in range(repeats):
            for name in models:
                samples.extend(_turn(models, baseline, name, texts, others, turn))
    finally:
        if collecting:
            gc.enable()
    return samples
