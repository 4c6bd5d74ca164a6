"""Memory and time of merging, reading and drawing tables of many operating points."""

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from emoray.artifact.memory import memory_mb
from emoray.tables.files import read_table
from emoray.tables.parts import part_class_of, part_files, write_part
from emoray.tables.rows import TABLES

IDS = ("point", "model", "training_id", "before", "after")
SCHEMES, SEEDS = 20, 3  # of a training, and of a recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Cost of one process, in MB of 2 ** 20 bytes and seconds.

    Attributes:
        peak_mb: peak resident memory.
        library_mb: resident memory before it read the tables.
        seconds: wall time.
    """

    peak_mb: float
    library_mb: float
    seconds: float


def _named_anew(ids: pa.ChunkedArray, copy: int) -> pa.Array:
    """Other ids of the same kind and length, spread as hashes are."""
    coded = ids.combine_chunks().dictionary_encode()
    anew = []
    for old in coded.dictionary.to_pylist():
        kind, digest = old.rsplit("-", 1) if "-" in old else ("", old)
        made = hashlib.sha256(f"{copy} {old}".encode()).hexdigest()[: max(len(digest), 16)]
        anew.append(f"{kind}-{made}".removeprefix("-"))
    return pa.DictionaryArray.from_arrays(coded.indices, anew).cast(pa.string())


def _varied(rows: pa.Table, copy: int, rng: np.random.Generator) -> dict[str, Any]:
    """Columns of another model: recipe, seed and scheme, score and bytes varied a little."""
    training, number = divmod(copy, SCHEMES)
    score = rows.column("dev_macro_f1").to_numpy() + rng.normal(0, 0.02)
    size = rows.column("size_bytes").to_numpy() * rng.uniform(0.5, 2.0)
    return {
        "recipe": [f"{rows.column('recipe')[0].as_py()} {training // SEEDS}"] * rows.num_rows,
        "seed": [training % SEEDS] * rows.num_rows,
        "scheme": [f"{rows.column('scheme')[0].as_py()} {number}"] * rows.num_rows,
        "dev_macro_f1": np.clip(score, 0, 1),
        "size_bytes": size.astype(np.int64),
    }


def many_points(run_folder: Path, points: int, *, seed: int = 0) -> None:
    """Add parts to a run until it has about so many points.

    They are those of its own models again and again, in all their tables, each with ids of its own.
    Scores and bytes are varied a little, so that the front has something to choose from.
    """
    real = {
        table: [read_table(p, part_class_of(table)) for p in part_files(run_folder, table)]
        for table in TABLES
        if table != "runs"
    }
    # One model leaves a part in each of these; a baseline's parts are its own.
    models = [p for p in real["points"] if "baseline" not in p.column("family").to_pylist()]
    present = sum(part.num_rows for part in real["points"])
    rng = np.random.default_rng(seed)
    copies = -(-(points - present) // max(models[0].num_rows, 1))
    for copy in range(max(copies, 0)):
        own = models[copy % len(models)]
        ids = {i: set(own.column(i).to_pylist()) for i in ("point", "model", "training_id")}
        ids["after"] = ids["point"]
        for table, parts in real.items():
            for part in parts:
                key = next((name for name in ids if name in part.column_names), None)
                if key is None or part.column(key)[0].as_py() not in ids[key]:
                    continue
                columns = dict(zip(part.column_names, part.columns, strict=True))
                anew = {n: _named_anew(columns[n], copy) for n in IDS if n in columns}
                varied = _varied(part, copy, rng) if table == "points" else {}
                write_part(columns | anew | varied, run_folder, table, f"copy-{copy}")


def cost_of_merging(run_folder: Path) -> Cost:
    """Merge parts into tables. Runs in the process that it measures."""
    from emoray.tables.compact import compact

    held, start = memory_mb("VmRSS"), time.perf_counter()
    compact(run_folder)
    seconds = time.perf_counter() - start
    return Cost(peak_mb=memory_mb("VmHWM"), library_mb=held, seconds=seconds)


def cost_of_loading(run_folder: Path) -> Cost:
    """Load points as a notebook does. Runs in the process that it measures."""
    held, start = memory_mb("VmRSS"), time.perf_counter()
    from emoray.tables import load_run

    len(load_run(str(run_folder)).points)
    seconds = time.perf_counter() - start
    return Cost(peak_mb=memory_mb("VmHWM"), library_mb=held, seconds=seconds)


def cost_of_report(run_folder: Path) -> Cost:
    """Draw the report of tables. Runs in the process that it measures."""
    from emoray.report.page import write_report

    held, start = memory_mb("VmRSS"), time.perf_counter()
    write_report(run_folder)
    seconds = time.perf_counter() - start
    return Cost(peak_mb=memory_mb("VmHWM"), library_mb=held, seconds=seconds)
