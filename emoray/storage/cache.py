"""The user's cache of downloads, corpora and copies of buckets, closed to other users."""

import os
import shutil
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

LOCK = "lock"
OLD_SECONDS = 7 * 86400.0  # for a folder without a lock: an earlier version's


def user_cache() -> Path:
    """The cache folder, with access for this user alone: files of private buckets come here."""
    folder = Path(platformdirs.user_cache_dir("emoray"))
    with suppress(OSError):  # another's, or read-only: writing fails later
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if stat.S_IMODE(folder.stat().st_mode) & 0o077:
            folder.chmod(0o700)
    return folder


def close_to_others(path: Path) -> None:
    """Remove the rights of group and others from a file, or from all below a folder."""
    for each in (path, *path.rglob("*")) if path.is_dir() else (path,):
        with suppress(OSError):
            if not each.is_symlink():
                each.chmod(stat.S_IMODE(each.stat().st_mode) & 0o700)


def _is_dead(work: Path) -> bool:
    """Whether its process is dead: the system releases a dead process' lock."""
    if not (work / LOCK).exists():
        with suppress(OSError):
            return time.time() - work.stat().st_mtime > OLD_SECONDS
        return False
    try:
        with FileLock(work / LOCK, timeout=0):
            return True
    except (OSError, Timeout):
        return False


def clear_dead(parent: Path, name: str) -> None:
    """Remove the scratch folders of that name whose processes are dead."""
    for work in [*parent.glob(f"{name}-*"), *parent.glob(f".{name}-*")]:
        if _is_dead(work):
            shutil.rmtree(work, ignore_errors=True)


@contextmanager
def own_scratch(parent: Path, name: str) -> Iterator[Path]:
    """Make a scratch folder below `parent`, closed to other users.

    It is removed when the block ends, or when the next one begins after its process was killed.

    Yields:
        The folder, `name-…`.
    """
    clear_dead(parent, name)
    made = parent / f".{name}-{uuid.uuid4().hex[:8]}"
    made.mkdir(parents=True, mode=0o700)
    with FileLock(made / LOCK):
        work = made.with_name(made.name[1:])  # seen with its lock held, or not at all
        os.replace(made, work)
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)
