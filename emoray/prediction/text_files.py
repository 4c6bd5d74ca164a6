"""Files of texts: what kind they are of, and which content they hold, wherever they lie."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, TypeAlias

from emoray.storage.location import Place
from emoray.storage.ranged import opened
from emoray.storage.s3 import S3Folder

PARQUET, CSV, TSV, JSON_LINES = "parquet", "csv", "tsv", "jsonl"
KINDS = {
    **{".parquet": PARQUET, ".csv": CSV, ".tsv": TSV},
    **{".jsonl": JSON_LINES, ".ndjson": JSON_LINES},
}
PACKED = ".gz"
ENDINGS = (*KINDS, *(f"{ending}{PACKED}" for ending in KINDS if ending != ".parquet"))
UNKEYED: dict[str, Any] = {"key": None}  # where a content lies is no part of what it is


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFile:
    """A file on a disk, named by its content."""

    tag: ClassVar[str] = "LocalFile"

    sha256: str
    path: Path

    def open(self) -> BinaryIO:
        """Open it to be read."""
        return opened(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketFile:
    """An object of a bucket, named by its etag and size.

    So nothing needs to be downloaded to know that it is the same. An etag changes with the content;
    a content that is uploaded anew may have another one, and is then indexed again.
    """

    tag: ClassVar[str] = "BucketFile"

    etag: str
    size: int
    place: S3Folder = field(metadata=UNKEYED)

    def open(self) -> BinaryIO:
        """Open that state of it to be read."""
        return opened(self.place, self.etag, self.size)


TextSource: TypeAlias = LocalFile | BucketFile


def ending_of(place: Place) -> str:
    """The ending of a file that can hold texts, such as `.csv.gz`; empty for another one."""
    name = place.name.lower()
    return max((e for e in ENDINGS if name.endswith(e)), key=len, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFile:
    """A file with a column of texts.

    Attributes:
        source: its content, and where that lies.
        kind: one of `KINDS`.
        packed: whether it is gzip's.
    """

    tag: ClassVar[str] = "TextFile"

    source: TextSource
    kind: str
    packed: bool = False

    @classmethod
    def of(cls, source: TextSource) -> "TextFile":
        """Tell the kind by the name."""
        place = source.path if isinstance(source, LocalFile) else source.place
        ending = ending_of(place)
        kind = KINDS[ending.removesuffix(PACKED)]
        return cls(source=source, kind=kind, packed=ending.endswith(PACKED))

    @property
    def place(self) -> Place:
        """Where it lies."""
        return self.source.path if isinstance(self.source, LocalFile) else self.source.place

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open its bytes, unpacked.

        Yields:
            A file.
        """
        import gzip

        with self.source.open() as file:
            if not self.packed:
                yield file
                return
            with gzip.open(file, "rb") as unpacked:
                yield unpacked  # type: ignore[misc]
