"""Where this user's downloads, corpora and copies of buckets are kept: closed to other users."""

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
OLD_SECONDS = 7 * 86400.0  # of what no lock tells about: an earlier version's


def user_cache() -> Path:
    """The folder, which nobody else may look into: what lies in private buckets comes here."""
    folder = Path(platformdirs.user_cache_dir("emoray"))
    with suppress(OSError):  # another's, or read-only: whoever writes will hear of it
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if stat.S_IMODE(folder.stat().st_mode) & 0o077:
            folder.chmod(0o700)
    return folder


def close_to_others(path: Path) -> None:
    """Take a file, or all below a folder, from group and others."""
    for each in (path, *path.rglob("*")) if path.is_dir() else (path,):
        with suppress(OSError):
            if not each.is_symlink():
                each.chmod(stat.S_IMODE(each.stat().st_mode) & 0o700)


def _is_dead(work: Path) -> bool:
    """Whether nobody holds it any more: the system lets go of a dead process' lock."""
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
    """A new folder below `parent`, `name-…`, closed to other users; it goes when the block ends, or
    when the next one begins after its process was killed."""
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
