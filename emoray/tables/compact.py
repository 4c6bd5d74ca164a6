"""Parts become tables: merged, sorted, each row once, with what only all rows together can say."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from emoray.tables.files import read_table, write_table
from emoray.tables.front import on_front
from emoray.tables.parts import KEYS, PARTS, part_files, row_class_of, table_path
from emoray.tables.rows import TABLES
from emoray.tables.schema import schema_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """What a run's tables hold after compaction."""

    rows: dict[str, int]  # table -> rows
    damaged: tuple[Path, ...]  # parts left out: delete them and do their trials again
    errors: tuple[str, ...]  # one line a damaged part, saying what is wrong with it


def merge(tables: list[pa.Table], table: str) -> pa.Table:
    """Rows of all `tables`, sorted by key, each key once: the last table that holds it counts."""
    schema = schema_of(row_class_of(table))
    whole = pa.concat_tables([schema.empty_table(), *tables])
    keys = list(KEYS[table])
    age = pa.array(-np.arange(whole.num_rows))  # of rows of one key the youngest comes first
    order = whole.select(keys).append_column("_age", age)
    places = pc.sort_indices(order, [(k, "ascending") for k in (*keys, "_age")])
    sorted_keys = order.select(keys).take(places).combine_chunks()
    repeated = np.ones(max(whole.num_rows - 1, 0), bool)
    for key in sorted_keys.columns:
        repeated &= pc.equal(key[1:], key[:-1]).to_numpy()
    first = np.concatenate([np.ones(min(whole.num_rows, 1), bool), ~repeated])
    return whole.take(pc.filter(places, pa.array(first)))


def _latency_of_models(latency: pa.Table) -> pd.DataFrame:
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


def with_latency(points: pa.Table, latency: pa.Table) -> pa.Table:
    """`points` with percentiles of their model's samples; a model without any keeps what it had."""
    if not latency.num_rows:
        return points
    percentiles = _latency_of_models(latency)
    model = points.column("model").to_pandas()
    for name in percentiles.columns:
        before = points.column(name).to_pandas().astype(float)
        after = model.map(percentiles[name]).astype(float).fillna(before)
        at = points.schema.get_field_index(name)
        array = pa.array(after.to_numpy(), pa.float64(), from_pandas=True)
        points = points.set_column(at, points.schema.field(at), array)
    return points


def with_front(points: pa.Table) -> pa.Table:
    """`points` with `on_front` set, by corpus and taxonomy, on dev."""
    needed = ["corpus", "taxonomy", "family", "size_bytes", "dev_macro_f1"]
    frame = points.select(needed).to_pandas()
    at = points.schema.get_field_index("on_front")
    return points.set_column(at, points.schema.field(at), pa.array(on_front(frame), pa.bool_()))


def repeats_of(points: pa.Table) -> pd.DataFrame:
    """Operating points averaged over the seeds of their recipe, one row a `RepeatRow`."""
    if not points.num_rows:
        empty: pd.DataFrame = schema_of(row_class_of("repeats")).empty_table().to_pandas()
        return empty
    frame = points.to_pandas()
    fixed = frame["temperature"].map("{:g}".format)
    frame["temperature"] = fixed.where(frame["temperature_rule"] != "fitted", "fitted")
    keys = list(KEYS["repeats"])
    seeds = frame.drop_duplicates([*keys, "seed"]).groupby(keys, sort=True)
    repeats = seeds[["family", "embedding_dim", "layers"]].first()
    repeats["seeds"] = seeds.size()
    for split in ("dev", "test"):
        repeats[f"{split}_macro_f1_mean"] = seeds[f"{split}_macro_f1"].mean()
        repeats[f"{split}_macro_f1_std"] = seeds[f"{split}_macro_f1"].std(ddof=1)
    repeats["size_bytes"] = seeds["size_bytes"].mean().astype(float)
    return repeats.reset_index()


def compact(run_folder: Path) -> Compacted:
    """Merge a run's parts into `<run>/<table>.parquet`; damaged parts are left out and named."""
    run_folder = Path(run_folder)
    if not (run_folder / PARTS).is_dir():
        raise ValueError(
            f"a run's folder holds {PARTS}/, {run_folder} does not: run the sweep into it first"
        )
    merged: dict[str, pa.Table] = {}
    damaged: list[Path] = []
    errors: list[str] = []
    for name in TABLES:
        whole = []
        for path in part_files(run_folder, name):
            try:
                whole.append(read_table(path, row_class_of(name)))
            except ValueError as error:
                damaged.append(path)
                errors.append(str(error))
        merged[name] = merge(whole, name)
    merged["points"] = with_front(with_latency(merged["points"], merged["latency"]))
    repeats = repeats_of(merged["points"])
    for name, row_class in TABLES.items():
        rows = repeats.to_dict("series") if name == "repeats" else merged[name]
        write_table(rows, table_path(run_folder, name), row_class)
    merged["repeats"] = pa.table({"seeds": repeats["seeds"]})
    return Compacted(
        rows={name: table.num_rows for name, table in merged.items()},
        damaged=tuple(damaged),
        errors=tuple(errors),
    )
