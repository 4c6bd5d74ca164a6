"""One writer at a time: on disk a locked file, in a bucket an object that names its holder.

A bucket cannot see that a process has died: the holder renews its object, and one that was not
renewed for minutes is free.
"""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from emoray.storage.claim import PULSE_SECONDS, STALE_SECONDS, holder_of
from emoray.storage.location import Place
from emoray.storage.objects import StoredObject
from emoray.storage.process import is_dead, this_process
from emoray.storage.room import full_disks_named
from emoray.storage.run_folder import INPUTS
from emoray.storage.s3 import S3Folder

LOCK = "_lock"
NOT_RESULTS = {LOCK, INPUTS}


@dataclass(kw_only=True)
class Hold:
    """A lock that this process holds; `pulse` renews it from a thread of its own."""

    folder: S3Folder
    pulse_seconds: float
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    lost: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def _content(self) -> bytes:
        more = {"time": time.time(), "token": self.token}
        return json.dumps(this_process() | more).encode()

    def _is_ours(self, found: StoredObject | None) -> bool:
        return found is not None and holder_of(found).get("token") == self.token

    def take(self, stale_seconds: float) -> None:
        """Take the lock, or that of a dead holder; ValueError names a living one."""
        for _ in range(5):
            if self.folder.create(LOCK, self._content()):
                return
            found = self.folder.find(LOCK)
            if found is None:
                continue
            holder = holder_of(found)
            if found.seconds < stale_seconds and not is_dead(holder):
                who = f"process {holder.get('pid', '?')} on {holder.get('node', '?')}"
                raise ValueError(
                    f"one job writes to a folder at a time, {self.folder} is held by {who}, heard "
                    f"of {found.seconds:.0f} s ago: wait for it or name another folder; a dead "
                    f"holder counts as gone after {stale_seconds:.0f} s"
                )
            if self.folder.replace(LOCK, self._content(), found.etag):
                return
        raise ValueError(
            f"one job writes to a folder at a time, {self.folder} is asked for by several at once: "
            "start one of them"
        )

    def pulse(self) -> None:
        """Renew the lock until the block ends, or until it is another's."""
        while not self.ended.wait(self.pulse_seconds):
            with suppress(OSError):  # S3 is away: whoever comes back first will see
                found = self.folder.find(LOCK)
                if not self._is_ours(found) or found is None:
                    self.lost.set()
                    return
                self.folder.replace(LOCK, self._content(), found.etag)

    def check(self) -> None:
        """Raise OSError where another job took the folder over meanwhile."""
        if self.lost.is_set():
            raise OSError(
                f"one job writes to a folder at a time, {self.folder} was taken over by another "
                "while S3 could not be reached from here: run the same command again after it"
            )

    def release(self) -> None:
        """Remove the lock if it is ours."""
        with suppress(OSError):  # it counts as dead soon enough
            found = self.folder.find(LOCK)
            if found is not None and self._is_ours(found):
                self.folder.remove(LOCK, found.etag)


def _made(folder: Path) -> list[Path]:
    """Make a folder; return the ones that were not there, the innermost first."""
    new = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return new


def _drop_empty(folder: Path, made: Sequence[Path]) -> None:
    """Remove a folder that a refused job made, and those made for it, if there are no results."""
    with suppress(OSError):
        if {path.name for path in folder.iterdir()} <= NOT_RESULTS:
            for path in list(folder.iterdir()):
                path.unlink()
            for each in made:
                each.rmdir()


@contextmanager
def _held_here(folder: Path) -> Iterator[None]:
    """Hold a folder on disk, where the system ends a dead process' hold."""
    try:
        made = _made(folder)
        lock = FileLock(folder / LOCK)
        lock.acquire(timeout=0)
    except Timeout:
        raise ValueError(
            f"one job writes to a folder at a time, {folder} is held by another one: wait for it, "
            "or name another folder"
        ) from None
    except OSError as error:
        raise ValueError(
            f"the output must be a folder that can be written, got {folder} ({error.strerror}): "
            "name another with --out"
        ) from error
    try:
        yield
    except BaseException:
        if made:
            _drop_empty(folder, made)  # while nobody else can hold it
        raise
    finally:
        lock.release()


@contextmanager
def alone_in(place: Place) -> Iterator[Callable[[], None]]:
    """Hold the only right to write to a location while the block runs; ValueError if it is taken.

    Yields:
        A function that raises OSError once the location is another's: call it before results are
        published.
    """
    if isinstance(place, Path):
        with _held_here(place), full_disks_named(place):
            yield lambda: None
        return
    with held(place) as hold, full_disks_named():
        try:
            yield hold.check
        except BaseException:
            with suppress(OSError):
                if set(place.names()) == NOT_RESULTS:
                    place.delete([INPUTS])
            raise


@contextmanager
def held(
    folder: S3Folder,
    *,
    pulse_seconds: float = PULSE_SECONDS,
    stale_seconds: float = STALE_SECONDS,
) -> Iterator[Hold]:
    """Hold a bucket's folder while the block runs; ValueError where a living process holds it."""
    hold = Hold(folder=folder, pulse_seconds=pulse_seconds)
    hold.take(stale_seconds)
    thread = threading.Thread(target=hold.pulse, name="lock", daemon=True)
    thread.start()
    try:
        yield hold
    finally:
        hold.ended.set()
        thread.join(5.0)
        hold.release()
