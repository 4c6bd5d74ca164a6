"""Write what is released: an artifact whole before it is named, then one record, at one moment.

The record is made where there is none of its number (a link on a disk, a conditional put in a
bucket). That is the whole release: killed before it, nothing was released; after it, everything is.
"""

import getpass
import hashlib
import os
import socket
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from emoray.releases.history import read_record, releases_of
from emoray.releases.record import HISTORY, Release, record_bytes, record_name
from emoray.releases.resolving import MANIFEST, artifact_folder
from emoray.storage.cache import own_scratch
from emoray.storage.disk import DiskFolder, sync_folder
from emoray.storage.location import Place
from emoray.storage.parallel import in_parallel
from emoray.storage.s3 import S3Folder


def user_and_machine() -> str:
    """Who asks: `user@machine`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _lacks(folder: Place, files: Mapping[str, bytes]) -> list[str]:
    """The files that are not there, or have other bytes."""
    if isinstance(folder, S3Folder):
        found = in_parallel(folder.sha256, files)
        return [name for name, sha in zip(files, found, strict=True) if sha != _digest(files[name])]
    return [
        name
        for name, data in files.items()
        if not (folder / name).is_file() or (folder / name).read_bytes() != data
    ]


def _put_on_disk(folder: Path, files: Mapping[str, bytes]) -> None:
    with own_scratch(folder.parent, "adding") as work:
        fresh = work / folder.name
        for name, data in files.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        for inner in (fresh, *(p for p in fresh.rglob("*") if p.is_dir())):
            sync_folder(inner)
        try:
            os.replace(fresh, folder)
        except OSError:
            if not folder.is_dir():
                raise
            if _lacks(folder, files):  # else another one put the same there a moment ago
                os.replace(folder, work / "damaged")
                os.replace(fresh, folder)
        sync_folder(folder.parent)


def put_artifact(model: Place, sha256: str, files: Mapping[str, bytes]) -> bool:
    """Put an artifact below its SHA-256, whole before anyone can name it.

    A card is for people: one that is there stays.

    Args:
        model: folder of the model.
        sha256: of manifest.json.
        files: its content by name, manifest.json among them, and what else lies beside it.

    Returns:
        Whether anything had to be written: not where the same is there, whole.
    """
    folder = artifact_folder(model, sha256)
    listed = {name: data for name, data in files.items() if name != "card.json"}
    lacking = _lacks(folder, listed)
    if not lacking:
        return False
    if isinstance(folder, S3Folder):
        others = [name for name in files if name in {*lacking, *(set(files) - set(listed))}]
        in_parallel(lambda n: folder.write(n, files[n]), [n for n in others if n != MANIFEST])
        folder.write(MANIFEST, files[MANIFEST])  # whoever sees it sees all that it names
    else:
        _put_on_disk(folder, files)
    return True


def _create(model: Place, release: Release) -> bool:
    history = model / HISTORY
    folder = history if isinstance(history, S3Folder) else DiskFolder(history, durable=True)
    return folder.create(record_name(release.number), record_bytes(release))


def release_next(
    model: Place, decide: Callable[[Sequence[Release]], dict[str, Any] | None]
) -> Release | None:
    """Append a release to a model's history.

    Args:
        model: folder of the model.
        decide: gives the fields of the next release (all but number, id and time) for what was
            released so far, None where there is nothing to do, or raises. It is asked again where
            another one released meanwhile.

    Returns:
        The release as it was written; None where there was nothing to do.
    """
    while True:
        before = releases_of(model)
        if (fields := decide(before)) is None:
            return None
        release = Release(
            number=len(before) + 1,
            id=uuid.uuid4().hex,
            time=datetime.now(UTC).isoformat(timespec="seconds"),
            **fields,
        )
        if _create(model, release):
            return release


def write_again(model: Place, number: int, data: bytes) -> bool:
    """Put a record's own bytes back; False where the file has them."""
    if read_record(model, number) == data:
        return False
    history, name = model / HISTORY, record_name(number)
    if isinstance(history, S3Folder):
        history.write(name, data)
    else:
        history.mkdir(parents=True, exist_ok=True)
        aside = history / f".{name}-{uuid.uuid4().hex[:8]}"
        aside.write_bytes(data)
        os.replace(aside, history / name)
    return True
