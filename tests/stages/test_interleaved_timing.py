import numpy as np
import pytest

from emoray.stages.interleaved_timing import (
    MANY,
    ONE,
    TimingPlan,
    batches_of,
    speeds,
    time_interleaved,
)
from emoray.tables.finished_rows import SpeedRow
from emoray.text.vocabulary import Ragged

TEXTS = Ragged.from_lists([[1] * (1 + i % 9) for i in range(100)])


def test_batches_have_real_lengths_short_and_long() -> None:
    found = batches_of(TEXTS, TimingPlan(singles=5, batches=3))
    assert [len(ids) for ids in found[ONE]] == [1] * 5
    assert found[ONE][0].shape[1] == 1 and found[ONE][-1].shape[1] == 9
    assert [len(ids) <= MANY for ids in found[MANY]] == [True] * 3


def test_a_corpus_smaller_than_a_batch_is_one_batch() -> None:
    few = Ragged.from_lists([[1, 2], [3]])
    assert [len(ids) for ids in batches_of(few, TimingPlan())[MANY]] == [2]


def test_every_model_is_timed_on_every_batch_and_turn() -> None:
    calls: list[str] = []

    def model(name: str) -> object:
        def run(ids_NL: np.ndarray) -> np.ndarray:
            calls.append(name)
            return np.zeros((len(ids_NL), 2), np.float32)

        return run

    plan = TimingPlan(singles=20, batches=2, turns=2)
    models = {"a": model("a"), "b": model("b")}
    rows = time_interleaved(models, TEXTS, plan, threads=1, cpu=("c", "sse"))  # type: ignore[arg-type]
    for name in models:
        own = [row for row in rows if row.model == name]
        assert len(own) == 2 * (20 + 2)
    firsts = [calls[i] for i in range(len(calls)) if i == 0 or calls[i] != calls[i - 1]]
    assert firsts[:4] == ["a", "b", "a", "b"] or firsts[:3] == ["a", "b", "a"]


def row(model: str, batch: int, number: int, milliseconds: float) -> SpeedRow:
    return SpeedRow(
        model=model,
        batch=batch,
        turn=0,
        number=number,
        texts=batch,
        tokens=3,
        milliseconds=milliseconds,
        threads=1,
        cpu="c",
        instruction_sets="",
    )


def test_throughput_takes_each_batchs_median_and_latency_every_single_text() -> None:
    rows = [row("m", ONE, i, float(ms)) for i, ms in enumerate((1, 2, 9))]
    rows += [row("m", MANY, 0, ms) for ms in (10.0, 10.0, 500.0)]
    rows += [row("m", MANY, 1, ms) for ms in (30.0, 30.0, 30.0)]
    found = speeds(rows)["m"]
    assert found.p50_ms == 2
    assert found.texts_per_second == pytest.approx(2 * 32 / 0.040)


def test_a_measurement_needs_models_and_something_to_time() -> None:
    with pytest.raises(ValueError, match="a measurement needs models, got none"):
        time_interleaved({}, TEXTS, TimingPlan(), threads=1, cpu=("", ""))
    with pytest.raises(ValueError, match="turns must be at least 1, got 0"):
        TimingPlan(turns=0)
