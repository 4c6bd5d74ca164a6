"""Interleaved timing of models: one text at a time, and 32 at once.

Models take turns in short blocks, in an order that rotates, so what slows the machine slows all;
each block begins with calls off the clock, in which the threads of the previous model fall asleep.
Shapes: N texts, L tokens, K labels.
"""

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np

from emoray.artifact.scoring import Texts
from emoray.tables.finished_rows import SpeedRow

Model = Callable[[np.ndarray], np.ndarray]

ONE, MANY = 1, 32
WARM_UP = 3  # calls off the clock at the start of each block
BLOCKS = {ONE: 16, MANY: 2}  # batches of a block


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingPlan:
    """How much is timed: texts one by one, batches of 32, and how often everything."""

    tag: ClassVar[str] = "Plan"

    singles: int = 64
    batches: int = 8
    turns: int = 3

    def __post_init__(self) -> None:
        for entry in fields(self):
            if getattr(self, entry.name) < 1:
                raise ValueError(
                    f"{entry.name} must be at least 1, got {getattr(self, entry.name)}: time "
                    "something"
                )


def batches_of(texts: Texts, plan: TimingPlan) -> dict[int, list[np.ndarray]]:
    """Choose real texts to time, in the mix of lengths that they have.

    Batches of 32 hold texts of similar length, as in an artifact's own `logits`.

    Args:
        texts: token ids.
        plan: how many.

    Returns:
        Batches ids_NL by batch size.
    """
    from emoray.artifact.scoring import evenly

    order = np.argsort(texts.lengths, kind="stable")
    rows = np.array_split(order, max(1, len(order) // MANY))
    return {
        ONE: [texts.padded(np.array([i])) for i in evenly(texts.lengths, plan.singles)],
        MANY: [texts.padded(rows[i][:MANY]) for i in evenly(np.arange(len(rows)), plan.batches)],
    }


def _block(model: Model, batches: Sequence[np.ndarray]) -> list[float]:
    """Milliseconds of each batch."""
    for i in range(WARM_UP):
        model(batches[i % len(batches)])
    found = []
    for ids_NL in batches:
        start = time.perf_counter_ns()
        model(ids_NL)
        found.append((time.perf_counter_ns() - start) / 1e6)
    return found


def time_interleaved(
    models: Mapping[str, Model],
    texts: Texts,
    plan: TimingPlan,
    *,
    threads: int,
    cpu: tuple[str, str],
) -> list[SpeedRow]:
    """Time every model on every batch, `turns` times, interleaved.

    Args:
        models: each a function of ids_NL, with threads as its caller set them.
        texts: token ids.
        plan: what is timed, and how often.
        threads: for the rows.
        cpu: name and instruction sets, for the rows.

    Returns:
        A row per model, batch and turn.

    Raises:
        ValueError: there are no models.
    """
    if not models:
        raise ValueError("a measurement needs models, got none: give at least one")
    names, rows = list(models), []
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        for size, batches in batches_of(texts, plan).items():
            steps = range(0, len(batches), BLOCKS[size])
            for i, (turn, start) in enumerate((t, s) for t in range(plan.turns) for s in steps):
                block = batches[start : start + BLOCKS[size]]
                at = i % len(names)
                for name in names[at:] + names[:at]:
                    for b, milliseconds in enumerate(_block(models[name], block)):
                        rows.append(
                            SpeedRow(
                                model=name,
                                batch=size,
                                turn=turn,
                                number=start + b,
                                texts=len(block[b]),
                                tokens=block[b].shape[1],
                                milliseconds=milliseconds,
                                threads=threads,
                                cpu=cpu[0],
                                instruction_sets=cpu[1],
                            )
                        )
    finally:
        if collecting:
            gc.enable()
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """One model's times: of one text alone, and texts a second in batches of 32."""

    p50_ms: float
    p95_ms: float
    texts_per_second: float


def speeds(rows: Sequence[SpeedRow]) -> dict[str, Speed]:
    """Per model: percentiles over single texts, and texts a second by each batch's median time."""
    found = {}
    for name in dict.fromkeys(row.model for row in rows):
        own = [row for row in rows if row.model == name]
        alone = [row.milliseconds for row in own if row.batch == ONE]
        times: dict[tuple[int, int], list[float]] = {}
        for row in own:
            if row.batch == MANY:
                times.setdefault((row.number, row.texts), []).append(row.milliseconds)
        seconds = sum(float(np.median(ms)) for ms in times.values()) / 1000
        p50, p95 = np.percentile(alone, [50, 95])
        found[name] = Speed(
            p50_ms=float(p50),
            p95_ms=float(p95),
            texts_per_second=sum(texts for _, texts in times) / seconds,
        )
    return found
