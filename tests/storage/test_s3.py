"""Laws of a folder in a bucket, on a real server."""

import hashlib
import pickle
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.utils import formatdate
from pathlib import Path

import pytest

from emoray.storage import client
from emoray.storage.client import translated_errors
from emoray.storage.objects import DamagedError
from emoray.storage.s3 import PARTS_FROM, S3Folder
from tests.conftest import SERVER
from tests.storage.proxy import Proxy, Rule, Status
from tests.storage.server import BUCKET, SECRET, Server


def test_what_was_written_is_read(s3: S3Folder) -> None:
    s3.write("a/b", b"hello")
    assert s3.read("a/b") == b"hello"
    s3.write("a/b", b"another")
    assert s3.read("a/b") == b"another"
    found = s3.find("a/b")
    assert found is not None and (found.content, found.seconds < 60) == (b"another", True)
    with pytest.raises(FileNotFoundError, match=f"an object must exist, got none at {s3}/a/c"):
        s3.read("a/c")
    assert s3.find("a/c") is None and s3.entry("a/c") is None


@pytest.mark.parametrize(
    "uri", ["s3://bucket", "s3://bucket/a", "s3://my.own-bucket/a b/c=1/é", "s3://bucket/a/"]
)
def test_a_uri_comes_back_as_it_was_written(uri: str) -> None:
    folder = S3Folder.of(uri)
    assert str(folder) == uri.removesuffix("/")
    assert S3Folder.of(str(folder)) == folder == pickle.loads(pickle.dumps(folder))
    assert len({folder, S3Folder.of(uri)}) == 1


def test_a_folder_in_a_bucket_is_taken_apart_like_a_path() -> None:
    place = S3Folder.of("s3://bucket/a/b.parquet")
    assert (place.name, place.stem, place.parent) == ("b.parquet", "b", S3Folder("bucket", "a"))
    assert place.parent / "b.parquet" == place and place.parent.parent / "a" == place.parent
    assert S3Folder("bucket").name == "bucket"


@pytest.mark.parametrize("uri", ["s3://", "s3://a", "s3://UPPER/a", "s3://b_c/a", "s3:///a"])
def test_a_bucket_that_cannot_be_is_refused(uri: str) -> None:
    with pytest.raises(ValueError, match="a bucket's name is 3 to 63 small letters"):
        S3Folder.of(uri)


@pytest.mark.parametrize("name", ["../a", "a/../../b", "/etc/passwd", "a//b", "./a", "a\nb"])
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    folder = S3Folder.of("s3://bucket/a")
    with pytest.raises(ValueError, match="a prefix is names with single '/' between"):
        folder / name
    with pytest.raises(ValueError, match="a prefix is names"):
        folder.write(name, b"")


def test_an_object_is_created_once(s3: S3Folder) -> None:
    assert s3.create("a", b"mine")
    assert not s3.create("a", b"yours")
    assert s3.read("a") == b"mine"


def test_a_create_whose_answer_was_lost_is_known_by_its_bytes(s3: S3Folder) -> None:
    s3.write("a", b"mine")  # as the first try did, of which nobody heard
    assert s3.create("a", b"mine")


def test_of_many_who_create_one_object_one_wins(s3: S3Folder) -> None:
    start = threading.Barrier(8)

    def race(i: int) -> bool:
        start.wait()
        return s3.create("a", f"writer {i}".encode())

    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(race, range(8)))
    assert sum(won) == 1
    assert s3.read("a") == f"writer {won.index(True)}".encode()


def test_a_state_is_replaced_or_removed_only_while_it_stands(s3: S3Folder) -> None:
    s3.write("a", b"one")
    first = s3.find("a")
    assert first is not None and s3.replace("a", b"two", first.etag)
    assert not s3.replace("a", b"three", first.etag)
    assert s3.read("a") == b"two"
    assert not s3.remove("a", first.etag)
    second = s3.find("a")
    assert second is not None and s3.remove("a", second.etag)
    assert s3.find("a") is None and not s3.replace("a", b"four", second.etag)


def test_more_names_than_a_page_holds_are_listed_and_deleted(
    s3: S3Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emoray.storage.s3.PAGE", 10)
    names = [f"many/{i:04}" for i in range(21)]
    for name in names:
        s3.write(name, b"")
    s3.write("other", b"")
    assert s3.names("many") == names
    assert s3.names() == [*names, "other"]
    s3.delete([*names, "never/there"])
    assert s3.names() == ["other"]


def test_a_listing_keeps_to_its_folder(s3: S3Folder) -> None:
    for name in ("a/b", "a-b/c", "ab"):
        s3.write(name, b"")
    assert (s3 / "a").names() == ["b"] and s3.names("a") == ["a/b"]


def test_an_object_whose_bytes_changed_is_not_passed_on(
    s3: S3Folder, s3_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emoray.storage.s3.READS", 2)
    s3.write("a", b"hello")
    s3_server.client().put_object(
        Bucket=BUCKET,
        Key=f"{s3.prefix}/a",
        Body=b"jello",
        Metadata={"sha256": hashlib.sha256(b"hello").hexdigest()},
    )
    with pytest.raises(DamagedError, match="an object holds the bytes that were written, got"):
        s3.read("a")
    with pytest.raises(DamagedError, match="delete it and run the same command again"):
        s3.download("a", tmp_path / "a")
    assert not list(tmp_path.iterdir()), "nothing half is left"


def test_objects_of_others_are_read_without_a_hash(s3: S3Folder, s3_server: Server) -> None:
    s3_server.client().put_object(Bucket=BUCKET, Key=f"{s3.prefix}/a", Body=b"theirs")
    assert s3.read("a") == b"theirs"


def test_a_browser_is_told_what_it_gets(s3: S3Folder, s3_server: Server) -> None:
    kinds = {
        "report.html": "text/html; charset=utf-8",
        "figures/a.png": "image/png",
        "points.parquet": "application/vnd.apache.parquet",
        "manifest.json": "application/json",
        "model.onnx": "application/octet-stream",
    }
    for name, kind in kinds.items():
        s3.write(name, b"")
        head = s3_server.client().head_object(Bucket=BUCKET, Key=f"{s3.prefix}/{name}")
        assert head["ContentType"] == kind


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 70 MB that nothing compresses."""
    path = tmp_path_factory.mktemp("large") / "large"
    block = b"".join(hashlib.sha256(bytes([i])).digest() for i in range(256)) * 128
    with path.open("wb") as file:
        for i in range(70 * 2**20 // (len(block) + 1) + 1):
            file.write(block + bytes([i]))
    assert path.stat().st_size > PARTS_FROM
    return path


def unfinished(server: Server, prefix: str) -> int:
    answer = server.client().list_multipart_uploads(Bucket=BUCKET, Prefix=prefix)
    return len(answer.get("Uploads", ()))


def test_a_large_file_goes_in_parts_and_comes_back_whole(
    s3: S3Folder, s3_server: Server, large: Path, tmp_path: Path
) -> None:
    s3.upload("large", large)
    entry = s3.entry("large")
    assert entry is not None and entry.size == large.stat().st_size
    assert "-" in entry.etag, "the tag of an object that was put together"
    assert unfinished(s3_server, s3.prefix) == 0
    s3.download("large", tmp_path / "large")
    with (tmp_path / "large").open("rb") as here, large.open("rb") as there:
        assert hashlib.file_digest(here, "sha256").digest() == (
            hashlib.file_digest(there, "sha256").digest()
        )


def test_an_upload_that_fails_half_way_leaves_no_parts(
    s3: S3Folder, s3_server: Server, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def part(params: dict[str, object], **more: object) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise KeyError("the third part")

    events = client.client().meta.events
    events.register("before-parameter-build.s3.UploadPart", part)
    try:
        with pytest.raises(KeyError, match="the third part"):
            s3.upload("large", large)
    finally:
        events.unregister("before-parameter-build.s3.UploadPart", part)
    assert len(calls) >= 3 and s3.names() == []
    assert unfinished(s3_server, s3.prefix) == 0


def test_forgotten_uploads_are_dropped_once_they_are_old(s3: S3Folder, s3_server: Server) -> None:
    s3_server.client().create_multipart_upload(Bucket=BUCKET, Key=f"{s3.prefix}/a/b")
    assert s3.abort_forgotten() == 0, "it may still be at work"
    assert unfinished(s3_server, s3.prefix) == 1
    assert s3.abort_forgotten(timedelta(0)) == 1
    assert unfinished(s3_server, s3.prefix) == 0


MISTAKES: dict[str, tuple[dict[str, str], str]] = {
    "unknown key": ({"AWS_ACCESS_KEY_ID": "nobody"}, "must allow reading.*InvalidAccessKeyId"),
    "wrong secret": ({"AWS_SECRET_ACCESS_KEY": "canary"}, "must allow.*SignatureDoesNotMatch"),
    "no keys": (
        {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "nobody"},
        "asks who is calling, got no usable credentials.*ProfileNotFound.*AWS_PROFILE",
    ),
    "nobody there": (
        {"AWS_ENDPOINT_URL": "http://user:canary@127.0.0.1:9"},
        "must answer within 1 s, got EndpointConnectionError.*AWS_ENDPOINT_URL",
    ),
    "no endpoint": (
        {"AWS_ENDPOINT_URL": "canary"},
        "S3's endpoint is a URL such as https://host:port",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_before_any_work_and_without_secrets(
    name: str, s3: S3Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment, words = MISTAKES[name]
    monkeypatch.setenv("EMORAY_S3_TIMEOUT", "1")
    monkeypatch.setattr("emoray.storage.s3.PROBES", 1)
    for key, value in environment.items():
        monkeypatch.setenv(key, value) if value else monkeypatch.delenv(key)
    with pytest.raises(ValueError, match=words) as caught:
        s3.probe()
    translated_errors = f"{caught.value!r} {caught.value.__cause__!r}"
    assert "canary" not in translated_errors and SECRET not in translated_errors


SKEW = r"clocks of this machine and of S3 agree within minutes, got .*: set this machine's clock"


def refused(code: str, date: float) -> Exception:
    from botocore.exceptions import ClientError

    headers = {"date": formatdate(date, usegmt=True)}
    told = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPHeaders": headers}}
    return ClientError(told, "HeadObject")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "hours"), [("RequestTimeTooSkewed", 0), ("403", -2), ("AccessDenied", 2)]
)
def test_a_clock_that_is_wrong_is_named(code: str, hours: int) -> None:
    with pytest.raises(OSError, match=SKEW), translated_errors("s3://bucket/x"):
        raise refused(code, time.time() + 3600 * hours)


def test_who_is_refused_with_the_right_clock_is_told_of_rights() -> None:
    with (
        pytest.raises(PermissionError, match="check the credentials"),
        translated_errors("s3://bucket/x"),
    ):
        raise refused("403", time.time() + 60)


def test_a_server_that_finds_the_clock_wrong_is_heard(
    s3: S3Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy(port=SERVER.port) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        fault = Status(code=403, name="RequestTimeTooSkewed")
        with (
            proxy.scripted(Rule(fault=fault, when=lambda _: True)),
            pytest.raises(ValueError, match=SKEW),
        ):
            s3.probe()


def test_a_missing_bucket_is_told_before_any_work(s3: S3Folder) -> None:
    with pytest.raises(ValueError, match=r"a bucket must exist, got none for s3://nothing-here/a"):
        S3Folder.of("s3://nothing-here/a").probe()


def test_a_probe_leaves_nothing(s3: S3Folder) -> None:
    s3.probe()
    assert s3.names() == []


@pytest.mark.parametrize("seconds", ["soon", "0", "-1", "inf"])
def test_a_time_limit_that_is_none_is_refused(
    s3: S3Folder, seconds: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMORAY_S3_TIMEOUT", seconds)
    with pytest.raises(ValueError, match="EMORAY_S3_TIMEOUT is a number of seconds above 0, got"):
        s3.read("a")


def test_the_client_is_kept_until_the_environment_changes(
    s3: S3Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients: list[Callable[[], object]] = [client.client()]
    assert client.client() is clients[0]
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert client.client() is not clients[0]
