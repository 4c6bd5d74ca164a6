"""The request log in a bucket: rows stay on this machine until they are there."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from emoray.storage.s3 import S3Folder
from tests.serving import made
from tests.serving.made import ready, served, wait_for
from tests.storage.proxy import FORBIDDEN, Proxy, Rule, always, puts
from tests.storage.server import Server


@pytest.fixture
def proxy(s3_server: Server) -> Iterator[Proxy]:
    with Proxy(port=s3_server.port) as found:
        yield found


@pytest.fixture
def environment(s3_server: Server, proxy: Proxy, tmp_path: Path) -> dict[str, str]:
    mine = {"AWS_ENDPOINT_URL": proxy.endpoint, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    return s3_server.environment | mine


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.artifact(tmp_path_factory.mktemp("artifacts") / "served")


def texts_in(folder: S3Folder, to: Path) -> list[str]:
    """Every text of the log, sorted."""
    found: list[str] = []
    for name in folder.names():
        folder.download(name, to / name)
        found += pq.read_table(to / name).column("text").to_pylist()
    return sorted(found)


def left(tmp_path: Path) -> list[Path]:
    """Files that wait on this machine."""
    return list((tmp_path / "cache").rglob("*.jsonl"))


def test_files_go_to_the_bucket_as_they_are_full(
    artifact: Path, s3: S3Folder, environment: dict[str, str], tmp_path: Path
) -> None:
    options = ("--log", str(s3), "--log-texts", "--log-rows", "10", "--log-seconds", "3600")
    asked = [f"joy {i}" for i in range(25)]
    with served(artifact, tmp_path / "said.txt", *options, environment=environment) as found:
        ready(found)
        for text in asked:
            assert found.predict({"text": text}).status == 200
        wait_for(lambda: len(s3.names()) == 2)
        assert found.stop() == 0
    assert len(s3.names()) == 3 and not left(tmp_path)
    assert texts_in(s3, tmp_path / "read") == sorted(asked)


def test_what_is_refused_waits_here_and_is_told_until_it_can_go(
    artifact: Path, s3: S3Folder, environment: dict[str, str], proxy: Proxy, tmp_path: Path
) -> None:
    options = ("--log", str(s3), "--log-texts", "--log-rows", "5", "--log-seconds", "0.5")
    asked = [f"joy {i}" for i in range(20)]
    with served(artifact, tmp_path / "said.txt", *options, environment=environment) as found:
        ready(found)
        with proxy.scripted(Rule(fault=FORBIDDEN, when=lambda i: True, meant=puts)):
            for text in asked:
                assert found.predict({"text": text}).status == 200
            wait_for(lambda: found.count("emoray_log_failed_total") >= 2)
            wait_for(lambda: found.count("emoray_log_waiting") >= 4)
            assert not s3.names() and found.count("emoray_log_lost_total") == 0
            assert found.said.read_text().count("rows stay in") == 1
            assert "until they can be taken to" in found.said.read_text()
        wait_for(lambda: found.count("emoray_log_waiting") == 0)
        assert "are taken to" in found.said.read_text()
        assert texts_in(s3, tmp_path / "read") == sorted(asked)
        assert found.stop() == 0
    assert not left(tmp_path)


def test_rows_of_a_service_that_was_killed_or_never_let_in_go_with_the_next(
    artifact: Path, s3: S3Folder, environment: dict[str, str], tmp_path: Path
) -> None:
    options = ("--log", str(s3), "--log-texts")
    wrong = environment | {"AWS_SECRET_ACCESS_KEY": "another"}
    with served(artifact, tmp_path / "1.txt", *options, environment=wrong) as found:
        assert ready(found).predict({"text": "joy of a stranger"}).status == 200
        assert found.stop() == 0
        assert "for the next start" in found.said.read_text()
    assert not s3.names() and len(left(tmp_path)) == 1
    with served(artifact, tmp_path / "2.txt", *options, environment=environment) as found:
        ready(found)
        wait_for(lambda: len(s3.names()) == 1)
        assert found.predict({"text": "joy of the killed"}).status == 200
        wait_for(lambda: any(b"of the killed" in path.read_bytes() for path in left(tmp_path)))
        found.process.kill()
        found.process.wait()
    with served(artifact, tmp_path / "3.txt", *options, environment=environment) as found:
        ready(found)
        wait_for(lambda: not left(tmp_path))
    assert len(s3.names()) == 2
    assert texts_in(s3, tmp_path / "read") == ["joy of a stranger", "joy of the killed"]


def test_an_artifact_in_a_bucket_is_served_from_a_copy(
    artifact: Path, s3: S3Folder, environment: dict[str, str], proxy: Proxy, tmp_path: Path
) -> None:
    for path in artifact.iterdir():
        s3.upload(path.name, path)
    texts = {"texts": ["thanks a lot !", "so sad"]}
    with served(artifact, tmp_path / "here.txt") as found:
        local = ready(found).predict(texts).json
    manifest = (artifact / "manifest.json").read_bytes()
    options = ("--look-again", "0.2")
    with served(str(s3), tmp_path / "s3.txt", *options, environment=environment) as found:
        assert ready(found).predict(texts).json == local
        changed = f'emoray_artifact_changed{{artifact="{local["artifact"]}",role="primary"}}'
        with proxy.scripted(Rule(fault=FORBIDDEN, when=lambda i: True, meant=always)):
            wait_for(lambda: proxy.met[str(FORBIDDEN)] >= 2)
            assert found.count(changed) == 0, "a bucket that is away holds no other artifact"
        s3.write("manifest.json", manifest + b"\n")
        wait_for(lambda: found.count(changed) == 1)
        assert found.predict(texts).json == local
        assert f"{s3} names another artifact now" in found.said.read_text()
