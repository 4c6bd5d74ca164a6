from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emoray.tables.files import read_any_version, table_of, write_chunks, write_table
from emoray.tables.parts import KEYS
from emoray.tables.point_rows import PointRow
from emoray.tables.rows import SurfaceRow
from emoray.tables.scanning import read_rows, scan
from tests.tables.made import row


@pytest.fixture
def surface(tmp_path: Path) -> Path:
    """Six models in three row groups."""
    rows = [
        row(SurfaceRow, model=f"m{k}", threshold=t / 10, temperature=1.0)
        for k in range(6)
        for t in range(4)
    ]
    table = table_of(rows, SurfaceRow)
    write_chunks([table.slice(at, 8) for at in (0, 8, 16)], tmp_path / "s.parquet", SurfaceRow)
    return tmp_path / "s.parquet"


def whole_of(path: Path) -> pa.Table:
    return read_any_version(path, SurfaceRow, KEYS["surface"])


def test_the_pieces_are_the_table(surface: Path) -> None:
    keys = KEYS["surface"]
    assert pa.concat_tables(scan(surface, SurfaceRow, keys)).equals(whole_of(surface))
    some = pa.concat_tables(scan(surface, SurfaceRow, keys, ["threshold", "model"]))
    assert some.equals(whole_of(surface).select(["threshold", "model"]))


@pytest.mark.parametrize("wanted", [["m3"], ["m5", "m0"], ["nothing"], [], ["m1"] * 200], ids=len)
def test_rows_are_found_in_every_part_of_a_file(surface: Path, wanted: list[str]) -> None:
    found = read_rows(surface, SurfaceRow, KEYS["surface"], "model", wanted)
    told = [value in wanted for value in whole_of(surface).column("model").to_pylist()]
    assert found.equals(whole_of(surface).filter(pa.array(told)))


def test_what_another_version_did_not_write_is_null(tmp_path: Path) -> None:
    path = tmp_path / "points.parquet"
    older = table_of([row(PointRow, point=p) for p in "ab"], PointRow).drop_columns(["test_ece"])
    pq.write_table(older, path)
    (found,) = [t for t in scan(path, PointRow, ["point"], ["point", "test_ece"]) if t.num_rows]
    assert found.to_pydict() == {"point": ["a", "b"], "test_ece": [None, None]}
    assert read_rows(path, PointRow, ["point"], "point", ["b"]).num_rows == 1


def test_a_flipped_byte_is_refused_and_so_is_another_table(surface: Path) -> None:
    with pytest.raises(ValueError, match="must hold point rows"):
        list(scan(surface, PointRow, ["point"]))
    content = bytearray(surface.read_bytes())
    content[40] ^= 1
    surface.write_bytes(content)
    with pytest.raises(ValueError, match=r"a table must pass its checksums, .* delete it and run"):
        list(scan(surface, SurfaceRow, KEYS["surface"]))


def test_a_name_that_leads_out_of_a_folder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "points.parquet"
    write_table([row(PointRow, taxonomy="../../x")], path, PointRow)
    with pytest.raises(ValueError, match="a taxonomy names files"):
        list(scan(path, PointRow, ["point"], ["point", "taxonomy"]))
