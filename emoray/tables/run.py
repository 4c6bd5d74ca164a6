"""A finished run as one object, for a notebook: its tables, its front, a choice, a comparison.

Nothing but the footers is read until it is asked for, and then once. Tables come as pandas frames
without surprises: text as text, numbers as numbers, flags that may be missing as `boolean`.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from emoray.storage.location import Place, place_of
from emoray.tables.best import best, of_one_kind
from emoray.tables.column_docs import about, column_docs, example, row_key
from emoray.tables.conditions import short
from emoray.tables.folders import CLASSES, Folder, folder_at
from emoray.tables.front import on_front
from emoray.tables.notebook import Described, run_html
from emoray.tables.schema import schema_of

if TYPE_CHECKING:
    from emoray.tables.comparing_points import PointComparison
    from emoray.tables.predictions import Read

RUN = "run"


def _frame(table: pa.Table) -> pd.DataFrame:
    """As pandas, where flags with nulls would else be Python objects."""
    frame: pd.DataFrame = table.to_pandas()
    for column in table.schema:
        if column.nullable and pa.types.is_boolean(column.type):
            frame[column.name] = frame[column.name].astype("boolean")
    return frame


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """One run, or several read as one. The column `run` distinguishes the rows of several runs.

    Points of equal id in two runs are the same work: same corpus, recipe, scheme and decision. Both
    rows stay; where one point is asked for, that of the run named first counts.
    """

    folders: tuple[Folder, ...]
    _arrow: dict[tuple[int, str], pa.Table] = field(default_factory=dict, repr=False)
    _frames: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, *places: str | Path | Place) -> "Run":
        """Open the run in a folder or s3://bucket/prefix, or several as one.

        Args:
            places: folders or prefixes.

        Returns:
            The run, of which only the footers of files are read.

        Raises:
            ValueError: a place holds no tables, or there is none.
        """
        if not places:
            raise ValueError("a run is a folder, got none: load_run('results/quick-ekman')")
        found = [place_of(place) if isinstance(place, str) else place for place in places]
        return cls(folders=tuple(folder_at(place) for place in dict.fromkeys(found)))

    def __repr__(self) -> str:
        return f"Run({', '.join(str(folder.place) for folder in self.folders)})"

    def _repr_html_(self) -> str:
        places = [str(folder.place) for folder in self.folders]
        return run_html(places, self.describe(), self.missing())

    def missing(self) -> dict[str, tuple[str, ...]]:
        """Columns that an earlier version did not write, by table: they are null here."""
        found: dict[str, dict[str, None]] = {}
        for folder in self.folders:
            for table in folder.sizes:
                found.setdefault(table, {}).update(dict.fromkeys(folder.missing(table)))
        return {table: tuple(columns) for table, columns in found.items() if columns}

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that are there."""
        return tuple(t for t in CLASSES if any(folder.holds(t) for folder in self.folders))

    def names(self) -> list[str]:
        """Name of each folder in the column `run`: its own, or its whole path if two share it."""
        short = [folder.name for folder in self.folders]
        return short if len(set(short)) == len(short) else [str(f.place) for f in self.folders]

    def _checked(self, table: str) -> str:
        if table not in self.tables:
            known = ", ".join(self.tables)
            raise ValueError(f"tables here are {known}, got {table!r}: name one of these")
        return table

    def _read(self, which: int, table: str) -> pa.Table:
        if (which, table) not in self._arrow:
            folder = self.folders[which]
            if not folder.holds(table):
                raise ValueError(
                    f"{folder.place} holds {', '.join(folder.sizes)}, this needs {table}.parquet: "
                    "run the same command again with this version"
                )
            self._arrow[which, table] = folder.read(table)
        return self._arrow[which, table]

    def arrow(self, table: str) -> pa.Table:
        """A table as Arrow, for other readers; several runs below each other, `run` first."""
        self._checked(table)
        holding = [which for which, folder in enumerate(self.folders) if folder.holds(table)]
        read = {which: self._read(which, table) for which in holding}
        if len(self.folders) == 1:
            return read[0]
        parts = []
        for which, part in read.items():
            run = pa.array([self.names()[which]] * part.num_rows, pa.string())
            others = part.drop_columns([RUN]) if RUN in part.column_names else part
            parts.append(others.add_column(0, pa.field(RUN, pa.string(), nullable=False), run))
        return pa.concat_tables(parts, promote_options="default")

    def table(self, name: str) -> pd.DataFrame:
        """A table by name, as `tables` lists them."""
        if name not in self._frames:
            self._frames[name] = _frame(self.arrow(name))
        return self._frames[name].copy(deep=False)

    @property
    def points(self) -> pd.DataFrame:
        """Every operating point, one row each."""
        return self.table("points")

    @property
    def front(self) -> pd.DataFrame:
        """Points that no other beats, by size; of several runs those that none of any run beats."""
        points = self.points
        kept = points["on_front"] if len(self.folders) == 1 else on_front(points)
        return points[kept].sort_values("size_bytes", ignore_index=True)

    def best(
        self,
        within: float = 1.0,
        by: str = "size_bytes",
        *,
        where: str | None = None,
        taxonomy: str | None = None,
        corpus: str | None = None,
    ) -> pd.Series:
        """Choose the point that is best in `by` among those near the best dev score.

        Chosen on dev, as the picks of a sweep are.

        Args:
            within: how near, in points, hundredths of macro-F1.
            by: a column with a direction.
            where: only among rows for which this holds, such as
                "size_bytes < 200_000 and dev_ece < 0.01": columns of points, compared with numbers
                or quoted words, joined by and, or, not.
            taxonomy: which one, of several; None for the labels that models were trained on.
            corpus: which one, of several.

        Returns:
            Its row of `points`.
        """
        kind = of_one_kind(self.points, corpus, taxonomy)
        return best(kind, within=within, by=by, where=where)

    def _point(self, named: str | pd.Series) -> tuple[int, pd.Series]:
        """Find a point's row and the index of its folder.

        Args:
            named: its id, or a row.

        Returns:
            Of several folders the first that keeps its predictions, else the first.

        Raises:
            ValueError: there is no such point.
        """
        name = named if isinstance(named, str) else str(named["point"])
        found = []
        for which, folder in enumerate(self.folders):
            if folder.holds("points"):
                points = self._read(which, "points")
                rows = points.filter(pc.equal(points.column("point"), name)).to_pandas()
                found += [(which, row) for _, row in rows.iterrows()]
        if not found:
            raise ValueError(
                f"a point is an id of the column point in points.parquet, got {short(name)}: copy "
                "one from there"
            )
        kept = [at for at in found if self.folders[at[0]].holds("predictions")]
        if len(kept) > 1:
            kept = [at for at in kept if self._keeps(at[0], at[1]["model"])] or kept
        return (kept or found)[0]

    def point(self, name: str) -> pd.Series:
        """The row of that id; ValueError where there is none."""
        return self._point(name)[1]

    def _keeps(self, which: int, model: str) -> bool:
        return bool(pc.any(pc.equal(self._read(which, "predictions").column("model"), model)))

    def compare(
        self, a: str | pd.Series, b: str | pd.Series, margin: float = 0.005
    ) -> "PointComparison":
        """Compare point `b` with point `a` on the same test texts: interval, verdict, labels.

        ValueError where the run does not keep a point's predictions.

        Args:
            a: an id, or a row such as `best()` returns.
            b: another.
            margin: the change of macro-F1 that counts as none, 0.005 = half a point.

        Returns:
            The comparison, which prints as its verdict.
        """
        from emoray.tables.comparing_points import (
            compare_points,  # scipy.stats takes most of a second
        )

        (first, before), (second, after) = self._point(a), self._point(b)
        return compare_points(
            (before, lambda name: self._read(first, name)),
            (after, lambda name: self._read(second, name)),
            margin,
        )

    def _row_and_tables(self, point: str | pd.Series) -> tuple[pd.Series, "Read"]:
        which, row = self._point(point)
        return row, lambda name: self._read(which, name)

    def thresholds(self, point: str | pd.Series) -> pd.DataFrame:
        """Each label's threshold at a point, as a probability and as the exact logit cut."""
        from emoray.tables.point_decisions import thresholds

        return thresholds(*self._row_and_tables(point))

    def errors(self, point: str | pd.Series, label: str | None = None) -> pd.DataFrame:
        """List the test texts that a point decides wrongly, one row per error.

        For points whose predictions the run keeps: the front and its float models. Texts are kept
        of GoEmotions and the sample, of a corpus of one's own with `--keep-texts`; ValueError where
        they are not.

        Args:
            point: its id, or a row.
            label: one, or None for all.

        Returns:
            The surest mistakes first: those farthest from the threshold.
        """
        from emoray.tables.point_decisions import errors

        return errors(*self._row_and_tables(point), label)

    def confusion(self, point: str | pd.Series) -> pd.DataFrame:
        """Count on test which label a point gives in place of which.

        A text counts for each pair of a label that is missing and one that is given wrongly;
        `(nothing)` where there is none of either.

        Args:
            point: its id, or a row.

        Returns:
            Counts of texts, labels carried (rows) x given (columns).
        """
        from emoray.tables.point_decisions import confusion

        return confusion(*self._row_and_tables(point))

    def ship(self, point: str | pd.Series, folder: str | Path) -> Path:
        """Write the artifact of any point to a new folder, with the bytes that were scored.

        ValueError where the folder exists, or where neither run nor store holds its files.

        Args:
            point: its id, or a row.
            folder: must not exist.

        Returns:
            The folder.
        """
        from emoray.workflows.ship_row import ship_from  # the one way back, taken when it is called

        which, row = self._point(point)
        return ship_from(str(self.folders[which].place), str(row["point"]), folder)

    def describe(self, table: str | None = None) -> pd.DataFrame:
        """Describe every table, or every column of one."""
        if table is None:
            return Described(self._described_tables())
        examples = self._examples(self._checked(table))
        return Described(
            asdict(column) | {"example": examples.get(column.column, "")}
            for column in column_docs(CLASSES[table])
        )

    def _examples(self, table: str) -> dict[str, str]:
        """The first value of each column that is not empty; no more is read than that takes."""
        wanted = dict.fromkeys(schema_of(CLASSES[table]).names)
        found: dict[str, str] = {}
        for folder in self.folders:
            for piece in folder.pieces(table) if folder.holds(table) else ():
                values = dict(zip(piece.column_names, piece.columns, strict=True))
                found |= {
                    n: value for n in wanted if n not in found if (value := example(values, n))
                }
                if len(found) == len(wanted):
                    return found
        return found

    def _described_tables(self) -> Iterable[dict[str, str | int]]:
        for name in self.tables:
            holding = [folder for folder in self.folders if folder.holds(name)]
            yield {
                "table": name,
                "rows": sum(folder.rows(name) for folder in holding),
                "size_bytes": sum(folder.sizes[name] for folder in holding),
                "one row per": row_key(name),
                "description": about(CLASSES[name]),
            }


def chosen_point(
    run: Run,
    point: str | None,
    *,
    within: float,
    by: str,
    where: str | None,
    taxonomy: str | None = None,
) -> pd.Series:
    """The point of that id, else the best one; ValueError for an id and a condition at once."""
    if point is None:
        return run.best(within, by, where=where, taxonomy=taxonomy)
    if where is not None or taxonomy is not None:
        raise ValueError(
            "a row is named with --point or chosen with --where, got both: leave one out"
        )
    return run.point(point)
