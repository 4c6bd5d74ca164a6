"""Bytes of a corpus' files, packed ones streamed: never more of them than a limit allows."""

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

LARGEST = 2 << 30  # bytes of one file, unpacked
EXPANSION = 100  # text packs 3 to 20 to 1, a bomb 1,000 to 1
ROOM = 64 << 20  # unpacked bytes that any file may have, however small it is packed
_BLOCK = 1 << 20

OPENERS: dict[str, Callable[[Path], IO[Any] | gzip.GzipFile]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
}
DAMAGED = (gzip.BadGzipFile, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


def most_bytes(packed: int) -> int:
    """The limit of unpacked bytes for a file of so many packed bytes."""
    return min(LARGEST, EXPANSION * packed + ROOM)


def too_large(where: str, most: int, way: str = "unpack it and give what is in it") -> ValueError:
    """The error for a file beyond its limit, with what to do."""
    if most >= LARGEST:
        return ValueError(
            f"{where}: a file of a corpus holds at most {LARGEST >> 30} GiB, got more: cut it into "
            "several, which a glob such as 'part-*.csv' reads as one"
        )
    return ValueError(
        f"{where}: a packed file holds at most {EXPANSION} times its size and {ROOM >> 20} MiB "
        f"({most >> 20:,} MiB), got more: if that is meant, {way}"
    )


def _damaged(where: str, suffix: str, error: Exception) -> ValueError:
    reason = str(error).splitlines()[0][:80] if str(error) else type(error).__name__
    return ValueError(f"{where}: a {suffix} file must be whole, got {reason}: copy it again")


def content(path: Path) -> bytes:
    """The unpacked bytes of a file; refuse a damaged or a far too large one."""
    size, where, suffix = path.stat().st_size, str(path), path.suffix.lower()
    if size > LARGEST:
        raise too_large(where, LARGEST)
    if suffix not in OPENERS:
        return path.read_bytes()
    left = most = most_bytes(size)
    try:
        with OPENERS[suffix](path) as file:
            while block := file.read(_BLOCK):
                left -= len(block)
                if left < 0:
                    raise too_large(where, most)
        with OPENERS[suffix](path) as file:
            return bytes(file.read())
    except (*DAMAGED, OSError) as error:
        raise _damaged(where, suffix, error) from None


def members(path: Path) -> list[zipfile.ZipInfo]:
    """The files in an archive, but for those that operating systems add."""
    try:
        with zipfile.ZipFile(path) as archive:
            found = [m for m in archive.infolist() if not m.is_dir()]
    except (*DAMAGED, OSError, ValueError) as error:
        raise _damaged(str(path), ".zip", error) from None
    parts = {m.filename: m.filename.split("/") for m in found}
    return [m for m in found if not any(p[:1] in (".", "_") for p in parts[m.filename])]


def checked_archive(path: Path, wanted: list[zipfile.ZipInfo]) -> None:
    """Refuse an archive whose members, by their declared sizes, exceed the limit together."""
    most = most_bytes(path.stat().st_size)
    if sum(member.file_size for member in wanted) > most:
        raise too_large(str(path), most)


def member_content(path: Path, member: zipfile.ZipInfo) -> bytes:
    """The bytes of a file in an archive."""
    where = f"{path}/{member.filename}"
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(member)
    except RuntimeError:
        raise ValueError(
            f"{where}: an archive is read without a password, got one that asks for it: unpack it "
            "and give the file"
        ) from None
    except NotImplementedError as error:
        raise ValueError(
            f"{where}: an archive is packed in a usual way, got {str(error)[:60]}: unpack it and "
            "give the file"
        ) from None
    except (*DAMAGED, OSError) as error:
        raise _damaged(where, ".zip", error) from None
