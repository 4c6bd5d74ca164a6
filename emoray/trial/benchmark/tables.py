"""What tables of many operating points cost to merge, to read and to draw."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from emoray.tables.files import read_table
from emoray.tables.parts import part_files, write_part
from emoray.tables.rows import PointRow
from emoray.trial.benchmark.vectors import memory_mb

ROWS_OF_A_PART = 200  # about what one model leaves


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of one process, in MB of 2 ** 20 bytes and seconds. library: before it read the tables."""

    peak_mb: float
    library_mb: float
    seconds: float


def many_points(run_folder: Path, points: int, *, seed: int = 0) -> None:
    """Add parts to a run until it has so many points: real rows, each with an id of its own.

    Scores and bytes are shaken a little, so that the front has something to choose from.
    """
    real = pa.concat_tables([read_table(p, PointRow) for p in part_files(run_folder, "points")])
    rng = np.random.default_rng(seed)
    for part in range((points - real.num_rows + ROWS_OF_A_PART - 1) // ROWS_OF_A_PART):
        rows = real.take(rng.integers(real.num_rows, size=ROWS_OF_A_PART))
        shaken = {
            "point": [f"p{part}-{i}" for i in range(ROWS_OF_A_PART)],
            "model": [f"m{part}"] * ROWS_OF_A_PART,
            "dev_macro_f1": np.clip(
                rows.column("dev_macro_f1").to_numpy() + rng.normal(0, 0.02, ROWS_OF_A_PART), 0, 1
            ),
            "size_bytes": (
                rows.column("size_bytes").to_numpy() * rng.uniform(0.5, 2.0, ROWS_OF_A_PART)
            ).astype(np.int64),
        }
        columns = {name: rows.column(name) for name in rows.column_names} | shaken
        write_part(columns, run_folder, "points", f"many-{part}")


def of_merging(run_folder: Path) -> Cost:
    """Parts into tables. Runs in the process that it measures."""
    from emoray.tables.compact import compact

    held, start = memory_mb("VmRSS"), time.perf_counter()
    compact(run_folder)
    seconds = time.perf_counter() - start
    return Cost(peak_mb=memory_mb("VmHWM"), library_mb=held, seconds=seconds)


def of_loading(run_folder: Path) -> Cost:
    """Points into a notebook. Runs in the process that it measures."""
    held, start = memory_mb("VmRSS"), time.perf_counter()
    from emoray.tables import load

    len(load(str(run_folder)).points)
    seconds = time.perf_counter() - start
    return Cost(peak_mb=memory_mb("VmHWM"), library_mb=held, seconds=seconds)


def of_report(run_folder: Path) -> Cost:
    """Tables into a report. Runs in the process that it measures."""
    from emoray.tables.report.page import write_report

    held, start = memory_mb("VmRSS"), time.perf_counter()
    write_report(run_folder)
    seconds = time.perf_counter() - start
    return Cost(peak_mb=memory_mb("VmHWM"), library_mb=held, seconds=seconds)
