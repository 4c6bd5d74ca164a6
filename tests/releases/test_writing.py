"""Writing: an artifact is whole before it is named, and of two writers of one number one wins."""

import threading
from pathlib import Path

import pytest

from emoray.artifact.runtime import MANIFEST
from emoray.releases.history import newest_release, numbers_of, releases_of
from emoray.releases.record import record_bytes
from emoray.releases.resolving import artifact_folder
from emoray.releases.writing import put_artifact, write_again
from emoray.storage.location import Place
from emoray.storage.s3 import S3Folder
from tests.releases.made import files, in_production, release, sha_of

WRITERS = 6


def test_an_artifact_is_put_once(root: Place) -> None:
    model = root / "emotions"
    assert put_artifact(model, sha_of(1), files(1))
    assert not put_artifact(model, sha_of(1), files(1))


def test_a_file_that_was_lost_or_changed_is_put_again(root: Place) -> None:
    model = root / "emotions"
    put_artifact(model, sha_of(1), files(1))
    at = artifact_folder(model, sha_of(1))
    if isinstance(at, S3Folder):
        at.write("model.onnx", b"other")
        at.delete(["labels.json"])
    else:
        (at / "model.onnx").write_bytes(b"other")
        (at / "labels.json").unlink()
    assert put_artifact(model, sha_of(1), files(1))
    assert not put_artifact(model, sha_of(1), files(1))


def test_a_bucket_gets_the_manifest_last(s3: S3Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    write = S3Folder.write

    def noted(self: S3Folder, name: str, content: bytes) -> None:
        written.append(name)
        write(self, name, content)

    monkeypatch.setattr(S3Folder, "write", noted)
    put_artifact(s3, sha_of(1), files(1))
    assert written[-1] == MANIFEST and len(written) == 3


def test_writers_at_once_make_one_history_without_gaps(root: Place) -> None:
    model, errors = root / "emotions", []

    def write(seed: int) -> None:
        try:
            release(model, seed)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and numbers_of(model) == list(range(1, WRITERS + 1))
    assert {one.artifact for one in releases_of(model)} == {sha_of(s) for s in range(WRITERS)}
    newest = newest_release(model)
    assert newest is not None and newest.aliases == {"candidate": newest.artifact}


def test_a_record_is_put_back_byte_for_byte(root: Place) -> None:
    model = root / "emotions"
    in_production(model)
    data = record_bytes(releases_of(model)[1])
    assert not write_again(model, 2, data)
    history = model / "history"
    if isinstance(history, S3Folder):
        history.write("000002.json", b"")
    else:
        (history / "000002.json").write_bytes(b"")
    assert write_again(model, 2, data)
    assert record_bytes(releases_of(model)[1]) == data


def test_nothing_is_left_beside_artifacts_and_history(tmp_path: Path) -> None:
    in_production(tmp_path)
    below = {p.relative_to(tmp_path).parts[:2] for p in tmp_path.rglob("*") if p.is_file()}
    shas = {("artifacts", sha_of(1)), ("artifacts", sha_of(2))}
    assert below == shas | {("history", f"00000{n}.json") for n in (1, 2, 3)}
