"""A local folder of small files with a bucket's conditional writes.

Only what leases and releases need: `find`, `create`, `replace` and `remove` mean what they mean in
`S3Folder`.
Ages are by the file system's own clock, which all machines that share it have in common.
"""

import hashlib
import os
import tempfile
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from emoray.storage.objects import StoredObject

LOCK = "_lock"  # held for the moment in which a file takes another's place


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, where the system can."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(opened)
    finally:
        os.close(opened)


@dataclass(frozen=True, slots=True)
class DiskFolder:
    """The folder; it is made when it is needed.

    Attributes:
        root: its path.
        durable: what was created is on the disk, and survives a loss of power.
    """

    root: Path
    durable: bool = False

    def _now(self) -> float:
        with tempfile.TemporaryFile(dir=self.root, prefix=".clock-") as probe:
            return os.fstat(probe.fileno()).st_mtime

    def find(self, name: str) -> StoredObject | None:
        """Read the file with its state and its age in seconds; None where there is none."""
        try:
            with (self.root / name).open("rb") as file:
                content, written = file.read(), os.fstat(file.fileno()).st_mtime
        except FileNotFoundError:
            return None
        etag = hashlib.sha256(content).hexdigest()
        return StoredObject(content=content, etag=etag, seconds=max(0.0, self._now() - written))

    def _write(self, file: Path, content: bytes) -> None:
        with file.open("wb") as opened:
            opened.write(content)
            if self.durable:
                opened.flush()
                os.fsync(opened.fileno())

    def create(self, name: str, content: bytes) -> bool:
        """Write the file where there is none; whoever sees it sees all of it."""
        self.root.mkdir(parents=True, exist_ok=True)
        aside = self.root / f".{name}-{uuid.uuid4().hex[:8]}"
        try:
            self._write(aside, content)
            try:
                os.link(aside, self.root / name)
            except FileExistsError:
                return False
            except OSError:  # a file system without links
                with FileLock(self.root / LOCK):
                    if (self.root / name).exists():
                        return False
                    os.replace(aside, self.root / name)
        finally:
            aside.unlink(missing_ok=True)
        if self.durable:
            sync_folder(self.root)
        return True

    def replace(self, name: str, content: bytes, etag: str) -> bool:
        """Write the file in place of that state of it; False where it has another state."""
        aside = self.root / f".{name}-{uuid.uuid4().hex[:8]}"
        with FileLock(self.root / LOCK):
            if (found := self.find(name)) is None or found.etag != etag:
                return False
            try:
                self._write(aside, content)
                os.replace(aside, self.root / name)
            finally:
                aside.unlink(missing_ok=True)
        return True

    def remove(self, name: str, etag: str) -> bool:
        """Delete that state of the file; False where it has another state, or is not there."""
        with FileLock(self.root / LOCK):
            if (found := self.find(name)) is None or found.etag != etag:
                return False
            (self.root / name).unlink()
        return True

    def names(self) -> list[str]:
        """List the files, relative to the folder."""
        with suppress(FileNotFoundError):
            return sorted(name for name in os.listdir(self.root) if name[0] not in "._")
        return []
