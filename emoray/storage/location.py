"""Locations, here or in a bucket, and how local code reads and writes either.

Files of a bucket are copied to a local folder to be read, and uploaded from a local folder after
they were written: nothing else of emoray deals with buckets.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

from emoray.storage.cache import close_to_others, own_scratch, user_cache
from emoray.storage.objects import Entry
from emoray.storage.parallel import in_parallel
from emoray.storage.s3 import S3Folder
from emoray.storage.submitted import check_travelled

Place: TypeAlias = Path | S3Folder
SEAL = "manifest.json"  # of an artifact: whoever sees it sees all that it names
LISTINGS = 3  # of a folder that changes while it is copied
FETCH_GIB = 16.0  # copied without being asked for: a bucket may hold any amount


def place_of(text: str) -> Place:
    """Parse a location: `s3://bucket/prefix`, else a path."""
    if not text.strip():
        raise ValueError(
            "a place is a local path or s3://bucket/prefix, got '': write one, or leave it out"
        )
    if text.startswith("s3://"):
        return S3Folder.of(text)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:/", text):
        raise ValueError(
            f"a place is a local path or s3://bucket/prefix, got {text!r}: write one of these"
        )
    return Path(text)


def place_or_none(text: str | None) -> Place | None:
    """Parse a location, or None, of an option that may be left out."""
    return place_of(text) if text else None


def child(place: Place, name: str) -> Place:
    """The location of that name below another."""
    return place / name


def tables_at(place: Place) -> str:
    """Name the tables in a folder, for a console.

    For a bucket with a prefix that pandas would misread, its quoted form is added.

    Returns:
        A glob.
    """
    text = f"{place}/*.parquet"
    if isinstance(place, S3Folder) and (quoted := quote(f"/{place.prefix}")) != f"/{place.prefix}":
        text += f" (to pandas s3://{place.bucket}{quoted}/NAME.parquet)"
    return text


def name_of(place: Place) -> str:
    """The last part of a location's whole name."""
    return place.resolve().name if isinstance(place, Path) else place.name


def is_inside(place: Place, outer: Place) -> bool:
    """Whether `place` is `outer` or lies in it."""
    if isinstance(place, Path) and isinstance(outer, Path):
        return outer.resolve() in (place.resolve(), *place.resolve().parents)
    return f"{place}/".startswith(f"{outer}/") and type(place) is type(outer)


def relative(place: Place, start: Place) -> str:
    """The path from `start` to `place`; its whole URI where there is no such path."""
    if isinstance(place, Path) and isinstance(start, Path):
        return os.path.relpath(place, start)
    if isinstance(place, S3Folder) and isinstance(start, S3Folder) and place.bucket == start.bucket:
        return os.path.relpath(f"/{place.prefix}", f"/{start.prefix}")
    return str(place)


def located(start: Place, path: str) -> Place:
    """Resolve a path of `relative` from `start`; absolute, wherever a process stands later.

    A `start` that is a link may have been written by its own name or by that of its target: the
    first of both that exists is taken.

    Returns:
        The location.
    """
    if "://" in path:
        return place_of(path)
    if isinstance(start, Path):
        by_name = Path(os.path.normpath(start.absolute() / path))
        followed = start.resolve() / path
        return followed.resolve() if followed.exists() and not by_name.exists() else by_name
    inside = os.path.normpath(f"/{start.prefix}/{path}").lstrip("/")
    return S3Folder.of(f"s3://{start.bucket}/{inside}")


def absolute(place: Place) -> Place:
    """The location independent of the working directory."""
    return place.absolute() if isinstance(place, Path) else place


def check_writable(*places: Place) -> None:
    """Refuse a bucket that cannot be listed and written; drop uploads of killed processes."""
    for place in places:
        if isinstance(place, S3Folder):
            place.probe()
            with suppress(OSError):  # some servers, and some policies, know nothing of it
                place.abort_forgotten()


def cache_of(folder: S3Folder) -> Path:
    """This user's local copy of a bucket's folder: kept between runs, and never cut down."""
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:32]
    return user_cache() / "s3" / digest


def hashes_below(folder: Path) -> dict[str, str]:
    """Name and SHA-256 of every file below."""
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        found[path.relative_to(folder).as_posix()] = digest
    return found


def fetch_gib() -> float:
    """The limit of a local copy in GiB; ValueError where the environment holds another value."""
    text = os.environ.get("EMORAY_FETCH_GIB", "")
    try:
        gib = float(text or FETCH_GIB)
    except ValueError:
        gib = 0.0
    if not gib > 0:
        raise ValueError(
            f"EMORAY_FETCH_GIB is a number of GiB above 0, got {text!r}: {FETCH_GIB:g} is usual"
        )
    return gib


def _refuse_too_much(place: S3Folder, entries: Sequence[Entry]) -> None:
    """Refuse a copy that is larger than the limit, or than the cache's disk has room for."""
    needed, most = sum(entry.size for entry in entries), fetch_gib()
    found = f"got {needed / 2**30:,.1f} GiB in {len(entries):,} objects at {place}"
    if needed > most * 2**30:
        raise ValueError(
            f"what is brought from a bucket has at most {most:g} GiB, {found}: name the folder "
            "that is meant, or allow more with EMORAY_FETCH_GIB"
        )
    if needed > (free := shutil.disk_usage(user_cache()).free):
        raise ValueError(
            f"what is brought from a bucket finds room in the cache, {found}, and "
            f"{free / 2**30:,.1f} GiB are free in {user_cache()}: free space, or set XDG_CACHE_HOME"
        )


def _listed(place: S3Folder) -> tuple[S3Folder, list[Entry]]:
    """List the objects below a location, else the object of that name, with their folder."""
    if below := place.entries():
        return place, below
    single = place.parent.entry(place.name) if place.prefix else None
    if single is None:
        raise ValueError(f"a place must hold something, got nothing at {place}: check the name")
    return place.parent, [single]


def _brought(source: S3Folder, entries: Sequence[Entry], folder: Path) -> bool:
    """Download objects to a folder; False when one of them was overwritten meanwhile."""
    try:
        etags = in_parallel(lambda entry: source.download(entry.name, folder / entry.name), entries)
    except FileNotFoundError:
        return False
    return etags == [entry.etag for entry in entries]


def _below(place: S3Folder, source: S3Folder) -> str:
    """Where the objects of `source` go: into a folder of the location's name, or next to it."""
    return place.name if source == place else ""


def _is_whole(content: Path, index: Path) -> bool:
    """Whether a local copy is unchanged."""
    try:
        known: object = json.loads(index.read_text())
    except (OSError, ValueError):
        return False
    return known == hashes_below(content)


def local_copy(place: Place) -> Path:
    """Copy a bucket's folder or object, as it is now, to a local path, checked by hash.

    The copy is kept and used again as long as nothing changes in the bucket. A local path is
    returned as it is.

    Returns:
        The local path.

    Raises:
        OSError: if the bucket changes again and again while it is read.
    """
    if isinstance(place, Path):
        check_travelled(place)
        return place
    for _ in range(LISTINGS):
        source, entries = _listed(place)
        state = json.dumps([[e.name, e.size, e.etag] for e in entries])
        kept = cache_of(place) / "fetched" / hashlib.sha256(state.encode()).hexdigest()[:32]
        content, index = kept / "content", kept / "index.json"
        found = content / place.name
        if _is_whole(content, index):
            return found
        _refuse_too_much(place, entries)
        with own_scratch(cache_of(place), "fetching") as work:
            aside = work / kept.name
            try:
                if not _brought(source, entries, aside / "content" / _below(place, source)):
                    continue
                (aside / "index.json").write_text(json.dumps(hashes_below(aside / "content")))
                close_to_others(aside)
                shutil.rmtree(kept, ignore_errors=True)  # damaged, or not there
                kept.parent.mkdir(parents=True, exist_ok=True)
                aside.rename(kept)
            except OSError:
                if not _is_whole(content, index):  # unless another process was first
                    raise
        return found
    raise OSError(f"a place must stand still to be read, {place} changes: try again")


def _counts(name: str, only: Collection[str] | None) -> bool:
    """Whether a name is one of `only`, or without these is not internal."""
    return name in only if only is not None else not name.startswith("_")


def _taken(
    folder: Path, place: S3Folder, before: Mapping[str, str], only: Collection[str] | None
) -> set[str]:
    """Upload what changed since `before`: files that others refer to first, tables last."""
    now = hashes_below(folder)
    changed = [name for name in now if before.get(name) != now[name] and _counts(name, only)]
    nested = [name for name in changed if "/" in name]
    seals = [name for name in nested if name.endswith(f"/{SEAL}")]
    for batch in (
        [name for name in nested if name not in set(seals)],
        seals,
        [name for name in changed if "/" not in name],
    ):
        in_parallel(lambda name: place.upload(name, folder / name), batch)
    return set(now)


@contextmanager
def staged_output(place: Place, *, only: Collection[str] | None = None) -> Iterator[Path]:
    """Write into a local folder; of a bucket: into a copy, uploaded at the end.

    Changed files are uploaded when the block ends, with an error too; deleted ones are deleted in
    the bucket when it ends without. Names that start with `_` are left alone: they are kept by
    other means.

    Args:
        place: the output.
        only: the names that are copied and uploaded, in place of all.

    Yields:
        The local folder.
    """
    if isinstance(place, Path):
        yield place
        return
    with own_scratch(cache_of(place), "landing") as work:
        folder = work / place.name
        folder.mkdir()
        there = [entry for entry in place.entries() if _counts(entry.name, only)]
        in_parallel(lambda entry: place.download(entry.name, folder / entry.name), there)
        before = hashes_below(folder)
        try:
            yield folder
        except BaseException as error:
            try:
                _taken(folder, place, before, only)
            except OSError as another:
                error.add_note(f"and what was written could not be taken to {place}: {another}")
            raise
        now = _taken(folder, place, before, only)
        place.delete(sorted({entry.name for entry in there} - now))
