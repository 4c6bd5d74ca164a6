"""A joint search's study, copied to its bucket while the search goes on.

The study holds the trials. On disk it survives the driver; to a bucket it would only be copied when
the search ends, which a driver that is killed never reaches.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from emoray.storage.location import Place
from emoray.storage.s3 import S3Folder

EVERY_SECONDS = 20.0


def copy(study: Path, place: S3Folder) -> None:
    """Upload the study as it is between two writes, under its own name."""
    aside = study.with_name(f".{study.name}-copy")
    with closing(sqlite3.connect(study)) as source, closing(sqlite3.connect(aside)) as target:
        source.backup(target)
    place.upload(study.name, aside)


@contextmanager
def copied(study: Path, place: Place, *, seconds: float = EVERY_SECONDS) -> Iterator[None]:
    """Copy the study every so many seconds while the block runs, if its place is in a bucket."""
    if isinstance(place, Path):
        yield
        return
    ended = threading.Event()

    def follow() -> None:
        while not ended.wait(seconds):
            with suppress(OSError, sqlite3.Error):  # the next copy will do
                if study.exists():
                    copy(study, place)

    thread = threading.Thread(target=follow, name="study", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(5.0)
