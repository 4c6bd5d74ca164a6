"""Names become folders and keys: none may lead anywhere else."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emoray.models.encoder.sources import find_encoder
from emoray.report.page import draw_run
from emoray.storage.s3 import S3Folder
from emoray.tables.files import read_any_version, read_table, write_table
from emoray.tables.parts import part_path, table_path
from emoray.tables.point_rows import PointRow
from emoray.tables.scanning import scan
from emoray.workflows.settings.sweep import Sweep
from tests.tables.made import row

BAD = ["", ".", "..", "../x", "../../etc/passwd", "a/b", "a\\b", "/abs", "~", "-rf", "_store"]
ODD = ["a b", "a\nb", "a\x00b", "a\x1b[31mb", "\u202eb", "naïve", "a" * 201]


@pytest.mark.parametrize("name", [*BAD, *ODD], ids=ascii)
def test_a_runs_name_stays_in_the_output_folder(name: str) -> None:
    with pytest.raises(ValueError, match=r"a run's name is .*, got .*--name"):
        Sweep(name=name)


@pytest.mark.parametrize("name", ["quick-ekman", "2026-11-22", "A.b_c=d", "0"])
def test_an_ordinary_name_is_a_folder_of_the_output(name: str) -> None:
    assert Sweep(name=name, out=Path("/out")).run_place == Path("/out") / name


@pytest.mark.parametrize("name", [*BAD[:-1], *ODD], ids=ascii)
def test_a_part_stays_in_its_table(name: str) -> None:
    with pytest.raises(ValueError, match="a part's name is"):
        part_path(Path("run"), "points", name)


@pytest.mark.parametrize("name", [*BAD, "points2"], ids=ascii)
def test_a_table_is_one_of_ours(name: str) -> None:
    with pytest.raises(ValueError, match="a table is one of"):
        table_path(Path("run"), name)


@pytest.mark.parametrize(
    "name",
    ["../x", "../../nowhere", "a/../b", "a/b/c", "a\nb", "https://127.0.0.1/x", "x\x00y"],
    ids=ascii,
)
def test_an_encoders_name_that_is_no_folder_and_no_id_asks_nobody(name: str) -> None:
    with pytest.raises(ValueError, match=r"an encoder is .* a folder or a hub id"):
        find_encoder(name)


@pytest.mark.parametrize("name", ["../x", "a/../../x", "a//b", "", "a\nb"], ids=ascii)
def test_an_object_of_a_bucket_cannot_be_brought_elsewhere(name: str, tmp_path: Path) -> None:
    folder = S3Folder("bucket", "prefix")
    with pytest.raises(ValueError, match="a prefix is names"):
        folder.download(name, tmp_path / "a" / "b")


@pytest.mark.parametrize("uri", ["s3://../x", "s3://UP/x", "s3://b/../x", "s3://key:secret@b/x"])
def test_a_uri_that_is_no_bucket_is_refused(uri: str) -> None:
    with pytest.raises(ValueError):
        S3Folder.of(uri)


@pytest.mark.parametrize("column", ["run", "corpus", "taxonomy", "point"])
def test_a_strangers_table_whose_names_lead_elsewhere_is_refused(
    column: str, tmp_path: Path
) -> None:
    for name in ("../../../pwned", "/etc", "a/b", "a\nb", "a\x1b[31m", ".hidden", "x" * 300):
        write_table([row(PointRow, **{column: name})], tmp_path / "points.parquet", PointRow)
        with pytest.raises(ValueError, match=f"a {column} names files, so it is letters") as said:
            read_table(tmp_path / "points.parquet", PointRow)
        assert len(str(said.value)) < 400 and "\n" not in str(said.value)


def test_a_strangers_table_without_a_name_is_refused(tmp_path: Path) -> None:
    path = write_table([row(PointRow), row(PointRow)], tmp_path / "points.parquet", PointRow)
    for column in ("run", "corpus", "taxonomy", "point"):
        table = pq.read_table(path)
        names = pa.array([table.column(column)[0].as_py(), None], pa.string())
        at = table.column_names.index(column)
        pq.write_table(table.set_column(at, column, names), tmp_path / "other.parquet")
        with pytest.raises(ValueError, match=f"a {column} names files, .*, got null in .*other"):
            read_any_version(tmp_path / "other.parquet", PointRow, ["point"])
        with pytest.raises(ValueError, match=f"a {column} names files, .*, got null in .*other"):
            list(scan(tmp_path / "other.parquet", PointRow, ["point"]))


def test_a_report_of_a_strangers_table_writes_nothing_anywhere(tmp_path: Path) -> None:
    run = tmp_path / "a" / "b" / "run"
    names = {"taxonomy": "../../../pwned", "on_front": True}
    write_table([row(PointRow, **names)], run / "points.parquet", PointRow)
    before = {path for path in tmp_path.rglob("*")}
    with pytest.raises(ValueError, match=r"a taxonomy names files, .*'\.\./\.\./\.\./pwned'"):
        draw_run(run)
    assert {path for path in tmp_path.rglob("*") if path.suffix == ".png"} == set()
    assert {path for path in tmp_path.rglob("*") if "pwned" in path.name} == set() and before


def test_names_of_other_scripts_are_names_too(tmp_path: Path) -> None:
    for name in ("отзывы", "リスト", "a.b_c=d+1", "_x"):
        path = write_table([row(PointRow, corpus=name)], tmp_path / "points.parquet", PointRow)
        assert read_table(path, PointRow).column("corpus").to_pylist() == [name]
