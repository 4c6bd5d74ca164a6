"""What S3 says of objects: their names, their states, their bytes as they arrive."""

import hashlib
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath
from typing import Any

KINDS = {".parquet": "application/vnd.apache.parquet", ".jsonl": "application/x-ndjson"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One object as a listing names it."""

    name: str
    size: int
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """An object's bytes; `etag` names this state of it. seconds: since it was written."""

    content: bytes
    etag: str
    seconds: float


class DamagedError(OSError):
    """An object whose bytes are not those that were written."""


def content_type(name: str) -> str:
    """What a browser is told of an object of that name."""
    kind = (
        KINDS.get(PurePosixPath(name).suffix)
        or mimetypes.guess_type(name)[0]
        or "application/octet-stream"
    )
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def seconds_since_written(answer: dict[str, Any]) -> float:
    """How old an object is, by the server's own clock where its answer shows it."""
    header = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    now = parsedate_to_datetime(header) if header else datetime.now(UTC)
    return max(0.0, float((now - answer["LastModified"]).total_seconds()))


class Body:
    """The bytes of an answer as they arrive, counted and hashed."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer
        self.digest = hashlib.sha256()
        self.length = 0

    def chunks(self) -> Iterator[bytes]:
        for chunk in self.answer["Body"].iter_chunks(1 << 20):
            self.digest.update(chunk)
            self.length += len(chunk)
            yield chunk

    @property
    def is_whole(self) -> bool:
        """Whether as much came as was announced, with the hash that it was written with, if any."""
        found = self.digest.hexdigest()
        wanted = self.answer["Metadata"].get("sha256", found)
        return (self.length, found) == (self.answer["ContentLength"], wanted)
