"""Parts become tables: merged, sorted, each row once, with what only all rows together can say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from emoray.storage.parallel import in_parallel
from emoray.tables.coded import as_text, coded
from emoray.tables.files import read_table, write_chunks, write_table
from emoray.tables.front import on_front
from emoray.tables.many import read_many
from emoray.tables.merging import Merged
from emoray.tables.parts import KEYS, PARTS, part_files, row_class_of, table_path
from emoray.tables.rows import TABLES, LatencyRow, PointRow, RepeatRow
from emoray.tables.schema import schema_of

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
    """What a run's tables hold after compaction."""

    rows: dict[str, int]  # table -> rows
    damaged: tuple[Path, ...]  # parts left out: delete them and do their trials again
    errors: tuple[str, ...]  # one line a damaged part, saying what is wrong with it


def percentiles_of(latency: pa.Table) -> pd.DataFrame:
    """Percentiles by model from raw samples, at the fewest threads the model was timed with."""
    columns = ["model", "threads", "milliseconds", "model_milliseconds"]
    samples = latency.select(columns).to_pandas()
    fewest = samples.groupby("model")["threads"].transform("min")
    models = samples[samples["threads"] == fewest].groupby("model")
    return pd.DataFrame(
        {
            "latency_p50_ms": models["milliseconds"].quantile(0.5),
            "latency_p95_ms": models["milliseconds"].quantile(0.95),
            "model_p50_ms": models["model_milliseconds"].quantile(0.5),
        }
    )


def with_percentiles(points: pa.Table, percentiles: pd.DataFrame) -> pa.Table:
    """`points` with their model's percentiles; a model without any keeps what it had."""
    if percentiles.empty:
        return points
    model = points.column("model").to_pandas()
    for name in percentiles.columns:
        before = points.column(name).to_pandas().astype(float)
        after = model.map(percentiles[name]).astype(float).fillna(before)
        at = points.schema.get_field_index(name)
        array = pa.array(after.to_numpy(), pa.float64(), from_pandas=True)
        points = points.set_column(at, points.schema.field(at), array)
    return points


def with_latency(points: pa.Table, latency: pa.Table) -> pa.Table:
    """`points` with percentiles of their model's samples."""
    return with_percentiles(points, percentiles_of(latency))


def repeats_of(points: pd.DataFrame) -> pd.DataFrame:
    """Operating points averaged over the seeds of their recipe, one row a `RepeatRow`.

    points: at least the columns `AVERAGED`.
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
    """The rows of parts that are whole, in order; of others why not goes into `wrong`."""
    for start in range(0, len(paths), TOGETHER):
        rows, without = read_many(paths[start : start + TOGETHER], row_class_of(table))
        wrong |= without
        yield rows


def _named(points: pa.Table, run: str) -> pa.Table:
    """Points as their stages left them, which know of no run, as those of this one."""
    at = points.schema.get_field_index("run")
    own = pc.if_else(pc.equal(points.column(at), ""), run, points.column(at))
    return points.set_column(at, points.schema.field(at), own)


def _points(merged: Merged, latency: pd.DataFrame, run_folder: Path) -> dict[str, int]:
    """Write `points`, with what only all rows together can say, and `repeats`; returns their
    lengths."""
    known = coded(merged.chunks(list(AVERAGED)))
    front = pa.array(on_front(known), pa.bool_())
    repeats = repeats_of(known)
    del known

    def finished() -> Iterator[pa.Table]:
        done = 0
        for chunk in merged.chunks():
            at = chunk.schema.get_field_index("on_front")
            own = front.slice(done, chunk.num_rows)
            done += chunk.num_rows
            chunk = _named(chunk.set_column(at, chunk.schema.field(at), own), run_folder.name)
            yield with_percentiles(chunk, latency)

    rows = write_chunks(finished(), table_path(run_folder, "points"), PointRow)
    write_table(repeats.to_dict("series"), table_path(run_folder, "repeats"), RepeatRow)
    return {"points": rows, "repeats": len(repeats)}


def _merge(run_folder: Path, table: str) -> Compacted:
    """Merge the parts of one table; with `points` come `repeats`."""
    wrong: dict[Path, str] = {}
    with Merged(table=table, folder=run_folder) as merged:
        merged.take(_read(part_files(run_folder, table), table, wrong))
        if table == "points":
            latency = read_table(table_path(run_folder, "latency"), LatencyRow)
            rows = _points(merged, percentiles_of(latency), run_folder)
        else:
            path = table_path(run_folder, table)
            rows = {table: write_chunks(merged.chunks(), path, TABLES[table])}
    return Compacted(rows=rows, damaged=tuple(wrong), errors=tuple(wrong.values()))


def compact(run_folder: Path) -> Compacted:
    """Merge a run's parts into `<run>/<table>.parquet`; damaged parts are left out and named."""
    run_folder = Path(run_folder).absolute()
    if not (run_folder / PARTS).is_dir():
        raise ValueError(
            f"a run's folder holds {PARTS}/, {run_folder} does not: run the sweep into it first"
        )
    latency = _merge(run_folder, "latency")  # first: points are told of it
    others = [name for name in TABLES if name not in ("latency", "points", "repeats")]
    # Points take as long as all others together.
    merge = partial(_merge, run_folder)
    merged = [latency, *in_parallel(merge, ["points", *others], at_once=MERGED_AT_ONCE)]
    rows = {name: count for table in merged for name, count in table.rows.items()}
    return Compacted(
        rows={name: rows[name] for name in TABLES},
        damaged=tuple(path for table in merged for path in table.damaged),
        errors=tuple(error for table in merged for error in table.errors),
    )
