"""One operating point the naive way: train, quantize, score and decide for it alone, keep nothing.

The same functions as the sweep, on the same files; only what every way needs once (token ids, word
vectors of the vocabulary) is given, and TensorFlow is imported off the clock. So the naive way is
charged for repeating work and for nothing else.
"""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from emoray.stages.decisions import Decide
from emoray.storage.store.keys import inputs_of
from emoray.storage.store.local import Store
from emoray.tables.files import read_table
from emoray.tables.point_rows import MeasuredPointRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The cost of one point in seconds, and its score."""

    point: str
    seconds: float
    cpu_seconds: float
    dev_macro_f1: float


def measure_alone(decide: Decide, store: Store) -> Point:
    """Make the one point that `decide` names from `store`'s texts and vectors.

    Args:
        decide: the stage of the point.
        store: only read.

    Returns:
        Wall and processor seconds of its stages, and its score.

    Raises:
        ValueError: `decide` holds more or fewer than one decision.
    """
    if len(decide.decisions) != 1:
        raise ValueError(
            f"a point alone has one decision, got {len(decide.decisions)}: name one of them"
        )
    import emoray.models.word.keras_model  # noqa: F401  off the clock: once a process

    train, compressed, scored = decide.compressed.trained, decide.compressed, decide.scored
    given = {name: store.folder(needed) for name, needed in inputs_of(train).items()}
    with tempfile.TemporaryDirectory() as folder:
        wall, cpu = time.perf_counter(), time.process_time()
        for field, stage in (
            ("trained", train),
            ("compressed", compressed),
            ("scored", scored),
            ("decided", decide),
        ):
            out = Path(folder) / field
            out.mkdir()
            stage.run(given, out)
            given[field] = out
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        rows = read_table(given["decided"] / "points.parquet", MeasuredPointRow).to_pylist()
    return Point(
        point=rows[0]["point"],
        seconds=wall,
        cpu_seconds=cpu,
        dev_macro_f1=rows[0]["dev_macro_f1"],
    )
