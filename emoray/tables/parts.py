"""Where a run's tables lie: one part per trial and table while it runs.

`<run>/_parts/<table>/<part>.parquet`, merged into `<run>/<table>.parquet` by `compact`. Whatever in
a run's folder is no table starts with `_` or is `report.html`, `figures/` or `artifacts/`.
"""

import re
from pathlib import Path

import pyarrow as pa

from emoray.tables.files import Rows, read_table, write_table
from emoray.tables.rows import TABLES

PARTS = "_parts"

# What names a row: parts may repeat a row, the compacted table holds it once.
KEYS: dict[str, tuple[str, ...]] = {
    "points": ("point",),
    "repeats": ("corpus", "taxonomy", "recipe", "scheme", "temperature", "threshold_rule"),
    "labels": ("point", "label"),
    "layers": ("model", "layer"),
    "surface": ("model", "temperature", "threshold"),
    "reliability": ("model", "temperature", "bin_low"),
    "trainings": ("training_id", "epoch"),
    "latency": ("model", "beside", "threads", "turn", "text"),
    "failures": ("trial", "stage", "error"),
    "runs": ("run", "started"),
}


def row_class_of(table: str) -> type:
    """The row class of a table, by name."""
    if table not in TABLES:
        raise ValueError(f"a table is one of {', '.join(TABLES)}, got {table!r}: name one of these")
    return TABLES[table]


def table_path(run_folder: Path, table: str) -> Path:
    """Where the compacted table lies."""
    row_class_of(table)
    return Path(run_folder) / f"{table}.parquet"


def part_path(run_folder: Path, table: str, part: str) -> Path:
    """Where the part lies, written or not."""
    row_class_of(table)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._=-]{0,199}", part):
        raise ValueError(
            f"a part's name is 1 to 200 letters, digits, '.', '_', '=' or '-', and starts with a "
            f"letter or digit, got {part!r}: use the trial's id"
        )
    return Path(run_folder) / PARTS / table / f"{part}.parquet"


def write_part(rows: Rows, run_folder: Path, table: str, part: str) -> Path:
    """Write one trial's rows of one table; the same part written again replaces itself."""
    return write_table(rows, part_path(run_folder, table, part), row_class_of(table))


def part_files(run_folder: Path, table: str) -> list[Path]:
    """Parts of a table by name; half-written files, which start with a dot, are no parts."""
    row_class_of(table)
    folder = Path(run_folder) / PARTS / table
    return sorted(p for p in folder.glob("*.parquet") if not p.name.startswith("."))


def run_table(run_folder: Path, table: str) -> pa.Table:
    """The compacted table of a run."""
    return read_table(table_path(run_folder, table), row_class_of(table))
