"""Laws of places: local code reads and writes what lies in a bucket, and knows of none."""

import json
from collections import namedtuple
from pathlib import Path

import pandas as pd
import pytest

from emoray.storage import location
from emoray.storage.client import client
from emoray.storage.location import (
    Place,
    cache_of,
    child,
    fetch_gib,
    is_inside,
    local_copy,
    located,
    name_of,
    place_of,
    relative,
    staged_output,
    tables_at,
)
from emoray.storage.s3 import S3Folder
from tests.storage.server import BUCKET, Server

usage = namedtuple("usage", "total used free")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_a_text_names_a_path_or_a_bucket() -> None:
    assert place_of("results/a") == Path("results/a")
    assert place_of("s3://bucket/a") == S3Folder("bucket", "a")
    assert place_of("c=1/a:b") == Path("c=1/a:b")
    for text in ("gs://bucket/a", "http://host/a", "S3://bucket/a", "s3:/bucket/a"):
        with pytest.raises(ValueError, match="a place is a local path or s3://bucket/prefix, got"):
            place_of(text)


@pytest.mark.parametrize("base", [Path("/a"), S3Folder("bucket", "a")], ids=str)
def test_places_are_seen_from_one_another(base: Place) -> None:
    deep = child(base, "b/c")
    assert name_of(deep) == "c"
    assert relative(deep, base) == "b/c" and relative(deep, child(base, "x/y")) == "../../b/c"
    for start in (base, child(base, "x/y"), deep):
        assert located(start, relative(deep, start)) == deep
    assert is_inside(deep, base) and is_inside(base, base) and not is_inside(base, deep)
    assert not is_inside(child(base, "bc"), child(base, "b"))


def test_no_way_leads_from_one_bucket_to_another() -> None:
    one, two = S3Folder("bucket-1", "a"), S3Folder("bucket-2", "a")
    assert located(two, relative(one, two)) == located(Path("/a"), str(one)) == one
    assert relative(one, two) == str(one) and not is_inside(one, two)
    assert relative(one, Path("/a")) == str(one) and not is_inside(Path("/a"), one)


def test_a_local_place_is_where_it_is(tmp_path: Path) -> None:
    assert local_copy(tmp_path) is tmp_path
    with staged_output(tmp_path) as folder:
        assert folder is tmp_path


def test_a_folder_is_brought_whole_and_kept(s3: S3Folder) -> None:
    s3.write("a/train.tsv", b"1")
    s3.write("b", b"2")
    folder = local_copy(s3)
    assert folder.name == s3.name
    assert {p.relative_to(folder).as_posix() for p in folder.rglob("*")} == {
        "a",
        "a/train.tsv",
        "b",
    }
    again = local_copy(s3)
    assert again == folder and again.stat().st_ino == folder.stat().st_ino, "not brought twice"


def test_a_single_object_is_brought_as_a_file(s3: S3Folder) -> None:
    s3.write("a/points.parquet", b"1")
    s3.write("a/points.parquet.old", b"2")
    assert local_copy(s3 / "a/points.parquet").read_bytes() == b"1"


def test_nothing_there_is_the_callers_mistake(s3: S3Folder) -> None:
    with pytest.raises(ValueError, match=f"a place must hold something, got nothing at {s3}"):
        local_copy(s3)


def test_what_changed_there_is_brought_again(s3: S3Folder) -> None:
    s3.write("a", b"1")
    first = local_copy(s3)
    s3.write("a", b"2")
    assert (local_copy(s3) / "a").read_bytes() == b"2"
    assert (first / "a").read_bytes() == b"1", "who reads it is not disturbed"


@pytest.mark.parametrize("damage", ["changed", "gone", "more", "no index"])
def test_what_was_damaged_here_is_brought_again(s3: S3Folder, damage: str) -> None:
    s3.write("a", b"1")
    folder = local_copy(s3)
    match damage:
        case "changed":
            (folder / "a").write_bytes(b"2")
        case "gone":
            (folder / "a").unlink()
        case "more":
            (folder / "b").write_bytes(b"")
        case _:
            (folder.parent.parent / "index.json").unlink()
    assert [(p.name, p.read_bytes()) for p in local_copy(s3).iterdir()] == [("a", b"1")]


def names_in(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_what_lies_there_can_be_changed_added_to_and_deleted(s3: S3Folder) -> None:
    for name in ("kept", "changed", "gone", "_store/stages/x", "_lock"):
        s3.write(name, b"before")
    tags = {entry.name: entry.etag for entry in s3.entries()}
    with staged_output(s3) as folder:
        assert folder.name == s3.name
        assert names_in(folder) == {"kept", "changed", "gone"}
        (folder / "changed").write_bytes(b"after")
        (folder / "gone").unlink()
        (folder / "deep").mkdir()
        (folder / "deep" / "new").write_bytes(b"new")
        (folder / "_scratch").write_bytes(b"mine")
    assert s3.names() == ["_lock", "_store/stages/x", "changed", "deep/new", "kept"]
    assert s3.read("changed") == b"after" and s3.read("deep/new") == b"new"
    same = {entry.name for entry in s3.entries() if tags.get(entry.name) == entry.etag}
    assert same == {"_lock", "_store/stages/x", "kept"}
    assert not list(cache_of(s3).glob("landing-*")), "nothing is left here"


def test_what_was_written_before_a_failure_is_taken_too(s3: S3Folder) -> None:
    s3.write("gone", b"")
    with pytest.raises(KeyboardInterrupt), staged_output(s3) as folder:
        (folder / "gone").unlink()
        (folder / "done").write_bytes(b"1")
        raise KeyboardInterrupt
    assert s3.names() == ["done", "gone"], "and nothing is deleted"


def test_of_some_names_only_those_are_brought_and_taken(s3: S3Folder) -> None:
    s3.write("_tune/study.db", b"1")
    s3.write("_tune/other", b"1")
    with staged_output(s3 / "_tune", only=["study.db"]) as folder:
        assert names_in(folder) == {"study.db"}
        for name in ("study.db", "more"):
            (folder / name).write_bytes(b"2")
    assert s3.names() == ["_tune/other", "_tune/study.db"]
    assert s3.read("_tune/study.db") == b"2"


def test_a_manifest_comes_after_what_it_names_and_tables_come_last(s3: S3Folder) -> None:
    order: list[str] = []

    def put(params: dict[str, str], **more: object) -> None:
        order.append(params["Key"].rpartition("/")[2])

    events = client().meta.events
    events.register("before-parameter-build.s3.PutObject", put)
    with staged_output(s3) as folder:
        (folder / "artifacts" / "a").mkdir(parents=True)
        for name in ("points.parquet", "artifacts/a/manifest.json", "artifacts/a/zzz"):
            (folder / name).write_text(json.dumps(name))
    events.unregister("before-parameter-build.s3.PutObject", put)
    assert order == ["zzz", "manifest.json", "points.parquet"]


def test_a_name_that_leads_elsewhere_is_not_brought(
    s3: S3Folder, s3_server: Server, tmp_path: Path
) -> None:
    key = f"{s3.prefix}/a/../../../../../escaped"
    try:
        s3_server.client().put_object(Bucket=BUCKET, Key=key, Body=b"")
        names = s3.names()
    except Exception:  # the server refuses or tidies it: as well
        names = []
    if any(".." in name for name in names):
        with pytest.raises(ValueError, match="a prefix is names with single '/' between"):
            local_copy(s3)
    assert not list(tmp_path.rglob("escaped"))


@pytest.mark.parametrize("prefix", ["plain", "with space", "отзывы", "a%20b", "a#b", "a+b"])
def test_pandas_reads_a_table_by_the_name_that_is_told(s3: S3Folder, prefix: str) -> None:
    folder, frame = s3 / prefix, pd.DataFrame({"a": [1]})
    folder.write("points.parquet", frame.to_parquet())
    told = tables_at(folder)
    assert told.startswith(f"{folder}/*.parquet")
    _, _, quoted = told.removesuffix(")").partition("(to pandas ")
    name = (quoted or f"{folder}/NAME.parquet").replace("NAME", "points")
    pd.testing.assert_frame_equal(pd.read_parquet(name), frame)


def test_a_place_that_pandas_finds_as_it_is_is_told_once(tmp_path: Path) -> None:
    assert tables_at(tmp_path / "with space") == f"{tmp_path / 'with space'}/*.parquet"
    assert tables_at(S3Folder.of("s3://bucket/a/b")) == "s3://bucket/a/b/*.parquet"


def test_more_than_is_usual_is_not_brought_unasked(
    s3: S3Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.write("model.onnx", b"x" * 3000)
    monkeypatch.setenv("EMORAY_FETCH_GIB", "0.000001")
    with pytest.raises(ValueError, match=r"at most 1e-06 GiB, got 0.0 GiB in 1 objects at s3://"):
        local_copy(s3)
    monkeypatch.setenv("EMORAY_FETCH_GIB", "0.00001")
    assert (local_copy(s3) / "model.onnx").stat().st_size == 3000


def test_what_finds_no_room_is_not_begun(s3: S3Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    s3.write("model.onnx", b"x" * 3000)
    monkeypatch.setattr(location.shutil, "disk_usage", lambda _: usage(0, 0, 2999))
    with pytest.raises(ValueError, match=r"finds room in the cache, .*0.0 GiB are free in .*XDG"):
        local_copy(s3)
    assert not list(cache_of(s3).rglob("*.onnx"))


@pytest.mark.parametrize("said", ["much", "0", "-1", "nan"])
def test_a_limit_that_is_none_is_refused(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMORAY_FETCH_GIB", said)
    with pytest.raises(ValueError, match="EMORAY_FETCH_GIB is a number of GiB above 0, got"):
        fetch_gib()
