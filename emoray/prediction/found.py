"""The files that a job scores: found by a name or pattern, named by content, each with its output.

A file that lies where it lay, unchanged by its size and times, is not hashed again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from emoray.prediction.text_files import (
    ENDINGS,
    BucketFile,
    LocalFile,
    TextFile,
    TextSource,
    ending_of,
)
from emoray.storage.listing import WILD, files_at
from emoray.storage.location import Place, absolute, place_of
from emoray.storage.objects import Entry
from emoray.storage.parallel import in_parallel
from emoray.storage.s3 import S3Folder
from emoray.storage.store.manifest import file_sha256

State = tuple[int, ...]  # of a file on a disk: what changes when it is written


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file of texts and what its output is called.

    Attributes:
        name: of the output, a path below the folder of outputs.
        file: with its content.
        state: of a file on a disk; empty for an object.
    """

    name: str
    file: TextFile
    state: State

    @property
    def size(self) -> int:
        """In bytes, as it lies there."""
        source = self.file.source
        return source.size if isinstance(source, BucketFile) else self.state[0]


def texts_expected(files: Sequence[FoundFile], texts: Mapping[str, int]) -> int | None:
    """How many texts files have: those that are indexed tell by their bytes of the others.

    Args:
        files: all.
        texts: of those that are indexed, by name.

    Returns:
        None before one that holds anything is indexed.
    """
    known = {found.name: found.size for found in files if found.name in texts}
    if not (size := sum(known.values())):
        return None
    whole = sum(found.size for found in files)
    return round(sum(texts[name] for name in known) * whole / size)


def state_of(path: Path) -> State:
    """What changes when a file is written, without reading it."""
    at = path.stat()
    return at.st_size, at.st_mtime_ns, at.st_ctime_ns, at.st_ino


def _start(text: str, places: Sequence[Place]) -> PurePosixPath:
    """The folder from which on the names of outputs repeat those of inputs."""
    if wild := WILD.search(text):
        text = text[: wild.start()].rpartition("/")[0] or ("/" if text[0] == "/" else ".")
    elif len(places) == 1 and str(absolute(places[0])) == str(absolute(place_of(text))):
        return PurePosixPath(str(absolute(places[0]))).parent
    return PurePosixPath(str(absolute(place_of(text))))


def _named(text: str, places: Sequence[Place]) -> dict[str, Place]:
    """Places by the name of their output."""
    start = _start(text, places)
    found: dict[str, Place] = {}
    for place in places:
        inner = PurePosixPath(str(absolute(place))).relative_to(start)
        stem = inner.name[: len(inner.name) - len(ending_of(place))]
        name = str(inner.with_name(f"{stem}.parquet"))
        if any(part.startswith((".", "_")) for part in inner.parts):
            raise ValueError(
                f"names that begin with '.' or '_' are not for results, got {place}: rename it"
            )
        if name in found:
            raise ValueError(
                f"each file of texts has an output of its own, {found[name]} and {place} would "
                f"both have {name}: rename one, or score them into two folders"
            )
        found[name] = place
    return found


def _entries(places: Sequence[S3Folder]) -> dict[str, Entry]:
    """The state of objects by key, in as few requests as may be."""
    parents = {place.parent for place in places}
    listed = in_parallel(lambda parent: (parent, parent.entries()), sorted(parents, key=str))
    return {(parent / entry.name).prefix: entry for parent, some in listed for entry in some}


def find_texts(text: str, known: Mapping[str, tuple[State, str]]) -> list[FoundFile]:
    """Find the files of texts.

    Args:
        text: a file, a folder or a pattern, here or in a bucket.
        known: state and SHA-256 of files that were hashed before, by path.

    Returns:
        The files in the order of their names.

    Raises:
        ValueError: nothing is there, a file is of no known kind, or two would have one output.
    """
    places = files_at(text, endings=ENDINGS)
    if others := [place for place in places if not ending_of(place)]:
        raise ValueError(
            f"texts are read from {', '.join(ENDINGS)}, got {others[0]}: convert it, or name the "
            "others with a pattern"
        )
    named = _named(text, places)
    in_bucket = [place for place in places if isinstance(place, S3Folder)]
    entries = _entries(in_bucket) if in_bucket else {}

    def one(item: tuple[str, Place]) -> FoundFile:
        name, place = item
        source: TextSource
        if isinstance(place, S3Folder):
            entry = entries[place.prefix]
            source = BucketFile(etag=entry.etag, size=entry.size, place=place)
            return FoundFile(name=name, file=TextFile.of(source), state=())
        path = place.absolute()
        state = state_of(path)
        before, sha256 = known.get(str(path), ((), ""))
        if before != state:
            sha256 = file_sha256(path)
        source = LocalFile(sha256=sha256, path=path)
        return FoundFile(name=name, file=TextFile.of(source), state=state)

    return in_parallel(one, sorted(named.items()))
