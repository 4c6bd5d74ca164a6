"""What only reads needs no right to write: every request that changes a bucket is refused here."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

import emoray
from emoray.data.goemotions import sample
from emoray.storage.location import local_copy
from emoray.storage.s3 import S3Folder
from emoray.storage.store.keys import key_of
from emoray.storage.store.opening import open_store
from emoray.tables.files import write_table
from emoray.tables.point_rows import PointRow
from emoray.workflows.reproduce.chain import StoreCheck
from jobs import compare, evaluate, tables
from tests.artifact.finished import make_artifact
from tests.jobs.test_in_a_bucket import put
from tests.storage.proxy import FORBIDDEN, Proxy, Rule, changes
from tests.storage.server import BUCKET, Server
from tests.storage.store.counting import Join, Write
from tests.tables.made import row

pytestmark = pytest.mark.usefixtures("no_data")

JOIN = Join(parts=(Write(text="hello"),), last=Write(text="world"))


@pytest.fixture(scope="module")
def filled(s3_server: Server, tmp_path_factory: pytest.TempPathFactory) -> S3Folder:
    """A folder with models, a corpus, a run and its store."""
    s3, tmp_path = S3Folder(BUCKET, "tests/reading-rights"), tmp_path_factory.mktemp("filled")
    put(make_artifact(tmp_path / "first"), s3 / "first")
    put(make_artifact(tmp_path / "second", seed=4), s3 / "second")
    put(sample().folder, s3 / "corpus")
    write_table([row(PointRow)], s3 / "run" / "points.parquet", PointRow)
    open_store(s3 / "_store").make(JOIN)
    return s3


@pytest.fixture
def bucket(
    filled: S3Folder, s3_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[S3Folder]:
    """That folder, of which nothing may be changed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rule = Rule(fault=FORBIDDEN, when=lambda _: True, meant=changes)
    with Proxy(port=s3_server.port) as proxy, proxy.scripted(rule):
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        with pytest.raises(PermissionError):
            filled.write("x", b"")
        proxy.met.clear()
        yield filled
        assert not proxy.met, "nothing was asked for that needs more than reading"


def run(app: typer.Typer, *words: object) -> Result:
    return CliRunner().invoke(app, [*map(str, words)])


def test_a_run_is_read_without_a_right_to_write(bucket: S3Folder) -> None:
    assert len(emoray.load_run(str(bucket / "run")).points) == 1
    result = run(tables.app, bucket / "run")
    assert result.exit_code == 0, result.output


def test_models_are_evaluated_and_compared_into_a_local_folder(
    bucket: S3Folder, tmp_path: Path
) -> None:
    words = ("--corpus", bucket / "corpus", "--out", tmp_path / "out", "--no-figures")
    result = run(evaluate.app, "--artifact", bucket / "first", *words[:-1])
    assert result.exit_code == 0, result.output
    result = run(compare.app, bucket / "first", bucket / "second", *words)
    assert result.exit_code == 0, result.output


def test_a_store_is_checked_and_read(bucket: S3Folder) -> None:
    shelf = open_store(bucket / "_store", reading=True)
    done = shelf.find(JOIN)
    assert done is not None and (done.folder / "text").read_text() == "helloworld"
    assert StoreCheck(bucket / "_store").chain(key_of(JOIN)).is_whole


def test_a_damaged_stage_is_left_where_it_is(
    bucket: S3Folder, monkeypatch: pytest.MonkeyPatch, s3_server: Server
) -> None:
    shelf = open_store(bucket / "_store", reading=True)
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", s3_server.endpoint)
        at = shelf.at(JOIN)
        assert isinstance(at, S3Folder)
        text = at.read("text")
        at.delete(["text"])
    assert shelf.seek(JOIN) is None and shelf.find(JOIN) is None
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", s3_server.endpoint)
        at.write("text", text)


def test_a_folder_is_copied_here_without_a_right_to_write(bucket: S3Folder) -> None:
    assert (local_copy(bucket / "corpus") / "train.tsv").is_file()
