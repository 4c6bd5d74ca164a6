"""Recognise a full disk, which libraries' errors seldom name."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emoray.storage.cache import user_cache

LEAST_BYTES = 4 << 20  # with less a job's own state finds no room


def full_disk(*folders: Path) -> Path | None:
    """The first of the folders whose disk has no room left; None where all have."""
    for folder in folders:
        try:
            disk = os.statvfs(folder)
        except OSError:
            continue
        if disk.f_bavail * disk.f_frsize < LEAST_BYTES:
            return folder
    return None


@contextmanager
def full_disks_named(*folders: Path) -> Iterator[None]:
    """Raise OSError for an error on a full disk: of these folders, the cache or temporary files."""
    try:
        yield
    except (OSError, ValueError):  # in words already
        raise
    except Exception as error:
        full = full_disk(*folders, user_cache(), Path(tempfile.gettempdir()))
        if full is None:
            raise
        raise OSError(
            errno.ENOSPC,
            f"a job needs room for its files, got less than {LEAST_BYTES >> 20} MiB on the disk of "
            f"{full} ({type(error).__name__})",
        ) from error
