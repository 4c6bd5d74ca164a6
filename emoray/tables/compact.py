"""Merging of parts into tables: sorted, each row once, with columns that depend on all rows."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from emoray.storage.parallel import in_parallel
from emoray.tables.coded import as_text, coded
from emoray.tables.files import read_table, write_chunks, write_table
from emoray.tables.front import on_front
from emoray.tables.many import read_many
from emoray.tables.merging import Merged
from emoray.tables.parts import (
    KEYS,
    PARTS,
    part_class_of,
    part_files,
    row_class_of,
    table_path,
)
from emoray.tables.rows import TABLES, LatencyRow, RepeatRow
from emoray.tables.run_points import RunPoints, percentiles_of
from emoray.tables.schema import schema_of
from emoray.tables.taxonomy_rows import DerivationRow

TOGETHER = 64  # parts that are read at a time
MERGED_AT_ONCE = 2  # tables: Arrow reads and sorts outside Python's lock
# Columns of `points` that the front and `repeats` are reckoned from.
AVERAGED = (
    *("corpus", "taxonomy", "family", "recipe", "seed", "scheme", "embedding_dim", "layers"),
    *("temperature", "temperature_rule", "threshold_rule", "size_bytes"),
    *("dev_macro_f1", "test_macro_f1"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """Result of merging a run's parts."""

    rows: dict[str, int]  # table -> rows
    damaged: tuple[Path, ...]  # parts left out: delete them and do their trials again
    errors: tuple[str, ...]  # one line per damaged part


def repeats_of(points: pd.DataFrame) -> pd.DataFrame:
    """Average operating points over the seeds of their recipe.

    Args:
        points: at least the columns `AVERAGED`.

    Returns:
        Rows of `repeats`.
    """
    if points.empty:
        empty: pd.DataFrame = schema_of(row_class_of("repeats")).empty_table().to_pandas()
        return empty
    keys = list(KEYS["repeats"])
    fixed = points["temperature"].where(points["temperature_rule"] != "fitted")
    named = fixed.astype("category")
    named = named.cat.rename_categories(named.cat.categories.map("{:g}".format))
    named = named.cat.add_categories(["fitted"]).fillna("fitted")
    frame = points[list(AVERAGED)].assign(temperature=named.astype("str").astype("category"))
    seeds = frame.drop_duplicates([*keys, "seed"]).groupby(keys, sort=True, observed=True)
    repeats = seeds[["family", "embedding_dim", "layers"]].first()
    repeats["seeds"] = seeds.size()
    for split in ("dev", "test"):
        repeats[f"{split}_macro_f1_mean"] = seeds[f"{split}_macro_f1"].mean()
        repeats[f"{split}_macro_f1_std"] = seeds[f"{split}_macro_f1"].std(ddof=1)
    repeats["size_bytes"] = seeds["size_bytes"].mean().astype(float)
    return as_text(repeats.reset_index())


def _read(paths: Sequence[Path], table: str, wrong: dict[Path, str]) -> Iterator[pa.Table]:
    """The rows of parts that are whole, in order; the errors of others go into `wrong`."""
    for start in range(0, len(paths), TOGETHER):
        rows, without = read_many(paths[start : start + TOGETHER], part_class_of(table))
        wrong |= without
        yield rows


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """The parts of one table: how many rows they hold, and the errors of damaged ones."""

    rows: dict[str, int]
    wrong: dict[Path, str]
    on_front: pa.Array | None = None


def _take(merged: Merged) -> dict[Path, str]:
    """Take the rows of all parts; return the errors of those that are left out."""
    wrong: dict[Path, str] = {}
    merged.take(_read(part_files(merged.folder, merged.table), merged.table, wrong))
    return wrong


def _take_points(merged: Merged) -> _Taken:
    """Take the points, which are written later, and write `repeats`."""
    wrong = _take(merged)
    known = coded(merged.chunks(list(AVERAGED)))
    front = pa.array(on_front(known), pa.bool_())
    repeats = repeats_of(known)
    write_table(repeats.to_dict("series"), table_path(merged.folder, "repeats"), RepeatRow)
    return _Taken(rows={"points": len(front), "repeats": len(repeats)}, wrong=wrong, on_front=front)


def _write(run_folder: Path, table: str) -> _Taken:
    """Merge the parts of one table."""
    with Merged(table=table, folder=run_folder) as merged:
        wrong = _take(merged)
        rows = write_chunks(merged.chunks(), table_path(run_folder, table), TABLES[table])
    return _Taken(rows={table: rows}, wrong=wrong)


def _derivations(run_folder: Path) -> pd.DataFrame:
    """What `points` says of derived points, by point."""
    columns = ["point", "derived_from", "test_contradictions_share"]
    rows = read_table(table_path(run_folder, "derivations"), DerivationRow, columns)
    frame: pd.DataFrame = rows.to_pandas().set_index("point")
    return frame


@contextmanager
def merging(run_folder: Path) -> Iterator[tuple[Compacted, RunPoints]]:
    """Merge a run's parts into `<run>/<table>.parquet`; damaged parts are left out and named.

    Within the context all tables are there but `points`, some of whose columns depend on them:
    `RunPoints.write` writes it.

    Args:
        run_folder: a local folder.

    Yields:
        What was merged, and the points that are to be written.

    Raises:
        ValueError: the folder holds no parts.
    """
    run_folder = Path(run_folder).absolute()
    if not (run_folder / PARTS).is_dir():
        raise ValueError(
            f"a run's folder holds {PARTS}/, {run_folder} does not: run the sweep into it first"
        )
    others = [name for name in TABLES if name not in ("points", "repeats")]
    with Merged(table="points", folder=run_folder) as merged:

        def take(table: str) -> _Taken:
            return _take_points(merged) if table == "points" else _write(run_folder, table)

        # Points take as long as all others together.
        points, *rest = in_parallel(take, ["points", *others], at_once=MERGED_AT_ONCE)
        latency = read_table(table_path(run_folder, "latency"), LatencyRow)
        rows = {name: n for taken in (points, *rest) for name, n in taken.rows.items()}
        wrong = {path: why for taken in (points, *rest) for path, why in taken.wrong.items()}
        yield (
            Compacted(
                rows={name: rows[name] for name in TABLES},
                damaged=tuple(wrong),
                errors=tuple(wrong.values()),
            ),
            RunPoints(
                merged=merged,
                run_folder=run_folder,
                percentiles=percentiles_of(latency),
                derivations=_derivations(run_folder),
                on_front=points.on_front,
            ),
        )


def compact(run_folder: Path) -> Compacted:
    """Merge a run's parts, `points` too; columns that only the run knows stay null."""
    with merging(run_folder) as (done, points):
        points.write()
    return done
