"""The files that a name stands for: a file, all in a folder, or those that fit a pattern."""

import glob
import re
from collections.abc import Collection
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from emoray.storage.location import Place, place_of
from emoray.storage.s3 import S3Folder
from emoray.storage.submitted import check_travelled

WILD = re.compile(r"[*?\[]")


def _is_shown(name: PurePosixPath) -> bool:
    """Whether no part of a path below a folder is hidden or kept for inner purposes."""
    return not any(part.startswith((".", "_")) for part in name.parts)


def _fits(name: str, pattern: str) -> bool:
    """Whether a whole name fits a pattern, where `**` stands for any folders, or none."""
    return _parts_fit(name.split("/"), pattern.split("/"))


def _parts_fit(parts: list[str], patterns: list[str]) -> bool:
    if not patterns:
        return not parts
    if patterns[0] == "**":
        return any(_parts_fit(parts[i:], patterns[1:]) for i in range(len(parts) + 1))
    if not parts or not fnmatchcase(parts[0], patterns[0]):
        return False
    return _parts_fit(parts[1:], patterns[1:])


def _in_bucket(text: str) -> tuple[list[Place], bool]:
    """The objects, and whether each was named by itself."""
    if WILD.search(text):
        fixed = text[: WILD.search(text).start()].rpartition("/")[0]  # type: ignore[union-attr]
        folder = S3Folder.of(fixed)
        pattern = text.removeprefix(fixed).lstrip("/")
        return [folder / name for name in folder.names() if _fits(name, pattern)], True
    folder = S3Folder.of(text)
    below = [name for name in folder.names() if _is_shown(PurePosixPath(name))]
    if not below and folder.prefix and folder.parent.entry(folder.name):
        return [folder], True
    return [folder / name for name in below], False


def _here(text: str) -> tuple[list[Place], bool]:
    path = Path(text)
    check_travelled(path)
    if path.is_dir():
        below = (p for p in path.rglob("*") if p.is_file())
        return [p for p in below if _is_shown(PurePosixPath(p.relative_to(path)))], False
    if path.exists() or not WILD.search(text):
        return [path] if path.exists() else [], True
    found = (Path(name) for name in glob.glob(text, recursive=True))
    return [p for p in found if p.is_file()], True


def files_at(text: str, *, endings: Collection[str]) -> list[Place]:
    """The files, here or in a bucket, that a name stands for.

    Args:
        text: a file, a folder (of which those with one of the endings count, at any depth, but no
            names that begin with `.` or `_`), or a pattern with `*`, `?`, `[…]` and `**`.
        endings: of the files that are meant, such as `.parquet`.

    Returns:
        Sorted by name.

    Raises:
        ValueError: nothing is there.
    """
    place_of(text)
    found, named = _in_bucket(text) if text.startswith("s3://") else _here(text)
    if not named:
        found = [place for place in found if str(place).endswith(tuple(endings))]
    if not found:
        raise ValueError(
            f"a file, a folder with {' or '.join(endings)} files or a pattern must stand for "
            f"something, got nothing at {text!r}: check the name, and quote a pattern for the shell"
        )
    return sorted(found, key=str)
