"""Where a run's tables lie: one part per trial and table while it runs.

`<run>/_parts/<table>/<part>.parquet`, merged into `<run>/<table>.parquet` by `compact`. Whatever in
a run's folder is no table starts with `_` or is `report.html`, `figures/` or `artifacts/`.
"""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa

from emoray.storage.names import RUN, RUN_IS, shown
from emoray.storage.objects import DamagedError
from emoray.storage.parallel import in_parallel
from emoray.storage.place import Place
from emoray.storage.s3 import S3Folder
from emoray.tables.files import P, Rows, clear_half_written, read_table, write_table
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
    "members": ("point", "member"),
    "comparisons": ("before", "after", "thresholds"),
    "label_changes": ("before", "after", "thresholds", "label"),
    "predictions": ("model", "text"),
    "texts": ("corpus", "taxonomy", "text"),
    "specs": ("model",),
    "augmentations": ("augmentation", "source_id"),
    "study": ("study", "trial"),
    "importances": ("study", "objective", "parameter"),
    "latency": ("model", "beside", "threads", "turn", "text"),
    "failures": ("trial", "stage", "error"),
    "runs": ("run", "started"),
}


def row_class_of(table: str) -> type:
    """The row class of a table, by name."""
    if table not in TABLES:
        raise ValueError(f"a table is one of {', '.join(TABLES)}, got {table!r}: name one of these")
    return TABLES[table]


def table_path(run_folder: P, table: str) -> P:
    """Where the compacted table lies."""
    row_class_of(table)
    return run_folder / f"{table}.parquet"


def part_path(run_folder: P, table: str, part: str) -> P:
    """Where the part lies, written or not."""
    row_class_of(table)
    if not RUN.fullmatch(part):
        raise ValueError(f"a part's name is {RUN_IS}, got {shown(part)}: use the trial's id")
    return run_folder / PARTS / table / f"{part}.parquet"


def write_part(rows: Rows, run_folder: P, table: str, part: str) -> P:
    """Write one trial's rows of one table; the same part written again replaces itself."""
    return write_table(rows, part_path(run_folder, table, part), row_class_of(table))


def part_files(run_folder: P, table: str) -> Sequence[P]:
    """Parts of a table by name; half-written files, which start with a dot, are no parts."""
    row_class_of(table)
    folder = run_folder / PARTS / table
    if isinstance(folder, S3Folder):
        return [folder / name for name in folder.names() if name.endswith(".parquet")]
    return sorted(p for p in folder.glob("*.parquet") if not p.name.startswith("."))


def clear_parts(run_folder: Place, tables: Iterable[str]) -> None:
    """Drop every part of these tables, and what killed writers left half-written of all."""
    for table in tables:
        row_class_of(table)
        folder = run_folder / PARTS / table
        if isinstance(folder, S3Folder):
            folder.delete(folder.names())
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if isinstance(run_folder, Path):
        for folder in (run_folder, *(run_folder / PARTS / table for table in TABLES)):
            clear_half_written(folder)


def drop_part(run_folder: Place, part: Path) -> None:
    """Drop the part that lies, or of which a copy lies, at `part`."""
    part.unlink(missing_ok=True)
    if isinstance(run_folder, S3Folder):
        (run_folder / PARTS / part.parent.name).delete([part.name])


def gather(run_folder: Place, folder: Path) -> None:
    """Have the parts of a run in a local folder, to be merged there; ValueError for a damaged one,
    which is dropped."""
    if not isinstance(run_folder, S3Folder):
        return
    parts = run_folder / PARTS
    shutil.rmtree(folder / PARTS, ignore_errors=True)

    def bring(name: str) -> None:
        try:
            parts.download(name, folder / PARTS / name)
        except DamagedError as error:
            parts.delete([name])
            raise ValueError(
                f"parts of tables must be whole, got a damaged {name} in {parts}: run the same "
                "command again, it makes it anew from the store"
            ) from error

    in_parallel(bring, parts.names())


def run_table(run_folder: P, table: str) -> pa.Table:
    """The compacted table of a run."""
    return read_table(table_path(run_folder, table), row_class_of(table))
