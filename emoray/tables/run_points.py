"""The points of a run: what stages measured of each, joined with what only the run knows."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from emoray.tables.coded import coded
from emoray.tables.files import filled, write_chunks
from emoray.tables.merging import Merged
from emoray.tables.parts import table_path
from emoray.tables.point_rows import MeasuredPointRow, PointRow
from emoray.tables.schema import schema_of

MEASURED = schema_of(MeasuredPointRow).names


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


def latency_columns(model: pa.ChunkedArray, percentiles: pd.DataFrame) -> dict[str, pa.Array]:
    """The percentiles of each row's model; null where it was not timed."""
    of_row = model.to_pandas()
    return {
        name: pa.array(of_row.map(percentiles[name]).astype(float), from_pandas=True)
        for name in percentiles.columns
    }


def derived_columns(point: pa.ChunkedArray, derivations: pd.DataFrame) -> dict[str, pa.Array]:
    """The model itself and its contradictions of each row; "" and null for its own labels."""
    of_row = derivations.reindex(point.to_pandas())
    share = of_row["test_contradictions_share"].astype(float)
    return {
        "derived_from": pa.array(of_row["derived_from"].fillna(""), pa.string()),
        "test_contradictions_share": pa.array(share, pa.float64(), from_pandas=True),
    }


def joined_points(measured: pa.Table, facts: Mapping[str, Any]) -> pa.Table:
    """Join measured columns with facts of the run to rows of `points`; unknown facts are null."""
    columns = dict(zip(measured.column_names, measured.columns, strict=True))
    return filled(pa.table({**columns, **facts}), schema_of(PointRow))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPoints:
    """The points of all parts of a run, with columns from its other tables.

    They can be read several times, and become the table `points` once all facts are known.

    Attributes:
        merged: rows of all parts.
        run_folder: of the run.
        percentiles: of latency, by model.
        derivations: of derived points, by point: the model itself, and what contradicts it.
        on_front: booleans in the order of the rows.
    """

    merged: Merged
    run_folder: Path
    percentiles: pd.DataFrame
    on_front: pa.Array
    derivations: pd.DataFrame

    def chunks(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The rows in order, some thousand at once; only these columns, if given."""
        names = list(columns or schema_of(PointRow).names)
        measured = [name for name in MEASURED if name in {*names, "model", "point"}]
        done = 0
        for chunk in self.merged.chunks(measured):
            derived = derived_columns(chunk.column("point"), self.derivations)
            own = derived["derived_from"]
            timed = pc.if_else(pc.equal(own, ""), chunk.column("model").combine_chunks(), own)
            facts = {
                "run": pa.repeat(self.run_folder.name, chunk.num_rows),
                "on_front": self.on_front.slice(done, chunk.num_rows),
                **derived,
                **latency_columns(pa.chunked_array([timed]), self.percentiles),
            }
            done += chunk.num_rows
            known = {**dict(zip(chunk.column_names, chunk.columns, strict=True)), **facts}
            yield pa.table({name: known[name] for name in names if name in known})

    def frame(self, columns: Sequence[str]) -> pd.DataFrame:
        """These columns of all rows, in little memory: see `coded`."""
        return coded(self.chunks(columns), whole=["point", "model"])

    def rows(self, points: Collection[str]) -> pa.Table:
        """The rows of these points, as far as they are known, in order."""
        wanted = pa.array(list(points), pa.string())
        found = [c.filter(pc.is_in(c.column("point"), wanted)) for c in self.chunks()]
        return joined_points(pa.concat_tables(found), {})

    def write(self, facts: Mapping[str, Any] | None = None) -> None:
        """Write the table `points`.

        Args:
            facts: the columns of `RunPointRow` that tables cannot know, in the order of the rows.
        """
        schema, known = schema_of(PointRow), facts or {}

        def whole() -> Iterator[pa.Table]:
            done = 0
            for chunk in self.chunks():
                end = done + chunk.num_rows
                own = {
                    name: pa.array(values[done:end], schema.field(name).type, from_pandas=True)
                    for name, values in known.items()
                }
                done = end
                yield joined_points(chunk, own)

        write_chunks(whole(), table_path(self.run_folder, "points"), PointRow)
