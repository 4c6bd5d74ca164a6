"""Leases: whoever works on something renews its lease, and a killed process loses it.

Soon where its process is known to be dead on this machine, else when it was not renewed for
minutes by the clock of the disk or the bucket, so that clocks of machines may differ.
"""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from emoray.storage.disk import DiskFolder
from emoray.storage.location import Place
from emoray.storage.objects import DamagedError, StoredObject
from emoray.storage.process import lives, this_process
from emoray.storage.s3 import S3Folder

PULSE_SECONDS = 30.0
STALE_SECONDS = 300.0  # without a pulse that long the holder counts as dead
AGAIN_SECONDS = 1.0  # between tries to give back what a store that was away holds
RACES = 5

Leases: TypeAlias = DiskFolder | S3Folder


def _leases(place: Place) -> Leases:
    return DiskFolder(place) if isinstance(place, Path) else place


def _find(leases: Leases, name: str) -> StoredObject | None:
    """Read a lease; an unreadable one counts as none."""
    try:
        return leases.find(name)
    except DamagedError:
        return None


def holder_of(found: StoredObject) -> dict[str, Any]:
    """What the holder of a lease wrote into it."""
    try:
        holder = json.loads(found.content)
    except ValueError:
        return {}
    return holder if isinstance(holder, dict) else {}


def _is_free(found: StoredObject, owner: str) -> bool:
    """Whether a lease's holder is dead; one of the same owner is, unless it is known to live."""
    holder = holder_of(found)
    alive = lives(holder)
    lost = alive is False or (alive is None and holder.get("owner") == owner)
    return lost or found.seconds >= STALE_SECONDS


@dataclass(frozen=True, slots=True)
class _Lease:
    leases: Leases
    name: str
    owner: str
    content: bytes

    def take(self) -> bool:
        for _ in range(RACES):
            if self.leases.create(self.name, self.content):
                return True
            if (found := _find(self.leases, self.name)) is None:
                continue  # given back a moment ago
            if found.content != self.content and not _is_free(found, self.owner):
                return False
            if self.leases.replace(self.name, self.content, found.etag):
                return True
        return False

    def hold(self, ended: threading.Event) -> None:
        """Renew the lease until the work has ended, or it is another's; then release it."""
        while not ended.wait(PULSE_SECONDS):
            with suppress(OSError):  # the store is away: whoever comes back first will see
                found = _find(self.leases, self.name)
                if found is None or found.content != self.content:
                    return
                self.leases.replace(self.name, self.content, found.etag)
        until = time.monotonic() + STALE_SECONDS  # then it is free anyway
        while time.monotonic() < until:
            with suppress(OSError):  # else it would keep others waiting when the store is back
                self._release()
                return
            time.sleep(AGAIN_SECONDS)

    def _release(self) -> None:
        found = _find(self.leases, self.name)
        if found is not None and found.content == self.content:
            self.leases.remove(self.name, found.etag)


@contextmanager
def claimed(place: Place, name: str, owner: str) -> Iterator[bool]:
    """Hold the lease of that name while the block runs.

    Args:
        place: where leases are kept.
        name: of the lease.
        owner: takes over at once from a process of its own that was lost with its machine.

    Yields:
        False where another one holds it.
    """
    # Of this one time: what is given back late is never the next one's.
    holder = {**this_process(), "owner": owner, "claim": uuid.uuid4().hex}
    content = json.dumps(holder).encode()
    lease = _Lease(_leases(place), name, owner, content)
    if not lease.take():
        yield False
        return
    ended = threading.Event()
    thread = threading.Thread(target=lease.hold, args=(ended,), name="claim", daemon=True)
    thread.start()
    try:
        yield True
    finally:
        ended.set()
        thread.join(5.0)


def is_claimed(place: Place, name: str, owner: str) -> bool:
    """Whether the lease of that name is held by one that `owner` must wait for."""
    found = _find(_leases(place), name)
    return found is not None and not _is_free(found, owner)


def clear_claims(place: Place, owner: str) -> None:
    """Remove the leases whose holders are dead."""
    leases = _leases(place)
    for name in leases.names():
        with suppress(OSError):
            found = _find(leases, name)
            if found is not None and _is_free(found, owner):
                leases.remove(name, found.etag)
