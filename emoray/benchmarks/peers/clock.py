"""Interleaved timing of many models, text by text: a machine's speed drifts within a second.

Shapes: N texts, L tokens.
"""

import gc
import time
from collections.abc import Mapping

import numpy as np

from emoray.artifact.scoring import Texts
from emoray.stages.interleaved_timing import ONE, Model, TimingPlan, batches_of
from emoray.tables.finished_rows import SpeedRow


def _milliseconds(model: Model, ids_NL: np.ndarray) -> float:
    """Time one call.

    A call of one text follows another off the clock, in which the threads of the previous model
    fall asleep and the caches fill.

    Returns:
        Milliseconds.
    """
    if len(ids_NL) == ONE:
        model(ids_NL)
    start = time.perf_counter_ns()
    model(ids_NL)
    return (time.perf_counter_ns() - start) / 1e6


def time_peers(
    models: Mapping[str, Model],
    texts: Texts,
    plan: TimingPlan,
    *,
    threads: int,
    cpu: tuple[str, str],
) -> list[SpeedRow]:
    """Time every model on each batch before the next batch, in rotating order.

    Args:
        models: each a function of ids_NL.
        texts: token ids of the texts.
        plan: batch sizes, texts and turns.
        threads: of the models, for the rows.
        cpu: name and instruction sets, for the rows.

    Returns:
        A row per model, batch and turn.
    """
    names, rows = list(models), []
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        for size, batches in batches_of(texts, plan).items():
            steps = [(turn, number) for turn in range(plan.turns) for number in range(len(batches))]
            for i, (turn, number) in enumerate(steps):
                ids_NL, at = batches[number], i % len(names)
                for name in names[at:] + names[:at]:
                    rows.append(
                        SpeedRow(
                            model=name,
                            batch=size,
                            turn=turn,
                            number=number,
                            texts=len(ids_NL),
                            tokens=ids_NL.shape[1],
                            milliseconds=_milliseconds(models[name], ids_NL),
                            threads=threads,
                            cpu=cpu[0],
                            instruction_sets=cpu[1],
                        )
                    )
    finally:
        if collecting:
            gc.enable()
    return rows
