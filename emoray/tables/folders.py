"""Which tables lie in a folder, here or in a bucket, and how large they are."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from emoray.storage.location import Place, child, name_of
from emoray.storage.s3 import S3Folder
from emoray.storage.submitted import check_travelled
from emoray.tables.files import columns_at, count_rows, read_any_version
from emoray.tables.parts import KEYS, PARTS
from emoray.tables.rows import FINISHED_TABLES, TABLES
from emoray.tables.scanning import scan
from emoray.tables.schema import schema_of

CLASSES: dict[str, type] = {**TABLES, **FINISHED_TABLES}
ENDING = ".parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder with tables; `sizes` has the bytes of each table's file."""

    place: Place
    name: str
    sizes: dict[str, int]

    def holds(self, table: str) -> bool:
        """Whether the table is there."""
        return table in self.sizes

    def at(self, table: str) -> Place:
        """Where the table lies."""
        return child(self.place, f"{table}{ENDING}")

    def rows(self, table: str) -> int:
        """How many rows a table has; local files are not read for it."""
        return count_rows(self.at(table))

    def missing(self, table: str) -> tuple[str, ...]:
        """Columns of this version that the file does not have."""
        there = set(columns_at(self.at(table)))
        return tuple(name for name in schema_of(CLASSES[table]).names if name not in there)

    def pieces(self, table: str) -> Iterator[pa.Table]:
        """The same as `read`, some thousand rows at once."""
        yield from scan(self.at(table), CLASSES[table], KEYS.get(table, ()))

    def read(self, table: str) -> pa.Table:
        """Read the whole table, columns of another version as nulls; ValueError if damaged."""
        return read_any_version(self.at(table), CLASSES[table], KEYS.get(table, ()))


def _files(place: Place) -> Iterator[tuple[str, int]]:
    """Name and bytes of each file that lies directly in the folder."""
    if isinstance(place, S3Folder):
        yield from ((entry.name, entry.size) for entry in place.entries() if "/" not in entry.name)
    elif place.is_dir():
        yield from ((path.name, path.stat().st_size) for path in place.iterdir() if path.is_file())


def _folders_below(place: Place, file: str) -> list[str]:
    """The folders directly below that hold the file."""
    if isinstance(place, S3Folder):
        parts = [name.split("/") for name in place.names()]
        return sorted({first for first, *rest in parts if rest == [file]})
    return sorted(path.parent.name for path in place.glob(f"*/{file}"))


def _parts(place: Place) -> list[str]:
    """The tables of which a run has parts."""
    if isinstance(place, S3Folder):
        names = place.names(PARTS)
        return sorted({name.split("/")[-2] for name in names if name.endswith(ENDING)})
    return sorted({path.parent.name for path in (place / PARTS).rglob(f"[!.]*{ENDING}")})


def _without_tables(place: Place) -> str:
    """Why a folder has no tables, and what to do."""
    if isinstance(place, Path) and place.is_file():
        return f"a run is a folder, got the file {place}: name the folder that it lies in"
    if parts := _parts(place):
        return (
            f"a run's tables are whole when it has ended, got {place} with parts of "
            f"{', '.join(parts)} and no table: run the same command again to its end, or "
            f"`python -m jobs.report {place}` to merge what is there"
        )
    if runs := _folders_below(place, f"points{ENDING}"):
        some = ", ".join(str(child(place, run)) for run in runs[:5])
        return f"a run's folder holds tables, got {place} that holds runs: name one, such as {some}"
    there = not isinstance(place, Path) or place.is_dir()
    found = "without any" if there else "which does not exist"
    return (
        f"a run's folder holds tables such as points{ENDING}, got {place} {found}: name the folder "
        "that the job printed, such as results/quick-ekman"
    )


def folder_at(place: Place) -> Folder:
    """The folder and its tables. ValueError where it holds none, with what it does hold."""
    if isinstance(place, Path):
        check_travelled(place)
    found = dict(_files(place))
    sizes = {name: found[name + ENDING] for name in CLASSES if name + ENDING in found}
    if not sizes:
        raise ValueError(_without_tables(place))
    return Folder(place=place, name=name_of(place), sizes=sizes)
