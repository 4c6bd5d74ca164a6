"""Where a page's rows come from: one run's files, of which few rows are held, or several runs'."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from emoray.report.thinning import EXTREMES
from emoray.tables.coded import coded
from emoray.tables.files import read_any_version
from emoray.tables.parts import KEYS, table_path
from emoray.tables.rows import TABLES
from emoray.tables.scanning import read_rows, scan
from emoray.tables.schema import schema_of

# Columns that are read of every point; drawn points are read whole.
SEEN = (
    *("point", "corpus", "taxonomy", "family", "training_id", "model", "derived_from", "scheme"),
    "bits",
    *("embedding_bits", "grain", "ranges", "activations", "training", "execution", "on_front"),
    *("temperature", "temperature_rule", "threshold_rule", "shots", *EXTREMES),
)


class ReportSource(Protocol):
    """The tables of a page."""

    def points(self) -> pd.DataFrame:
        """All points, at least the columns `SEEN`; text may be held as categories."""

    def rows_of(self, points: Sequence[str]) -> pd.DataFrame:
        """Whole rows of these points, in this order."""

    def where(self, table: str, column: str, values: Collection[Any]) -> pa.Table:
        """The rows with one of these values."""

    def whole(self, table: str) -> pa.Table:
        """A table that stays small however large a run is."""


def _in_order(rows: pd.DataFrame, points: Sequence[str]) -> pd.DataFrame:
    return rows.iloc[pd.Index(rows["point"]).get_indexer(points)].reset_index(drop=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneRun:
    """A run's merged tables; one that was never written counts as empty."""

    folder: Path

    def points(self) -> pd.DataFrame:
        """The columns `SEEN` of all points."""
        path, row_class = table_path(self.folder, "points"), TABLES["points"]
        return coded(scan(path, row_class, KEYS["points"], SEEN), whole=["point"])

    def rows_of(self, points: Sequence[str]) -> pd.DataFrame:
        """Whole rows of these points, in this order."""
        return _in_order(self.where("points", "point", points).to_pandas(), points)

    def where(self, table: str, column: str, values: Collection[Any]) -> pa.Table:
        """The rows with one of these values; others are not read."""
        path = table_path(self.folder, table)
        if not path.is_file():
            return schema_of(TABLES[table]).empty_table()
        return read_rows(path, TABLES[table], KEYS[table], column, values)

    def whole(self, table: str) -> pa.Table:
        """All rows of a table."""
        path = table_path(self.folder, table)
        if not path.is_file():
            return schema_of(TABLES[table]).empty_table()
        return read_any_version(path, TABLES[table], KEYS[table])


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Tables that are held whole: those of several runs."""

    frame: pd.DataFrame
    tables: Mapping[str, pa.Table]

    def points(self) -> pd.DataFrame:
        """All points, all columns."""
        return self.frame

    def rows_of(self, points: Sequence[str]) -> pd.DataFrame:
        """Rows of these points, in this order."""
        return _in_order(self.frame, points)

    def where(self, table: str, column: str, values: Collection[Any]) -> pa.Table:
        """The rows with one of these values."""
        whole = self.tables[table]
        kind = whole.schema.field(column).type
        return whole.filter(pc.is_in(whole.column(column), pa.array(list(values), kind)))

    def whole(self, table: str) -> pa.Table:
        """All rows of a table."""
        return self.tables[table]
