"""S3's objects: their names, their states, their bytes as they arrive."""

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
    """One object of a listing."""

    name: str
    size: int
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """An object's bytes and state, `etag`; seconds: since it was written."""

    content: bytes
    etag: str
    seconds: float


class DamagedError(OSError):
    """An object whose bytes are not those that were written."""


def content_type(name: str) -> str:
    """The MIME type of an object by its name."""
    kind = (
        KINDS.get(PurePosixPath(name).suffix)
        or mimetypes.guess_type(name)[0]
        or "application/octet-stream"
    )
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def seconds_since_written(response: dict[str, Any]) -> float:
    """The age of an object, by the server's own clock where the response has it."""
    header = response["ResponseMetadata"]["HTTPHeaders"].get("date")
    now = parsedate_to_datetime(header) if header else datetime.now(UTC)
    return max(0.0, float((now - response["LastModified"]).total_seconds()))


class Body:
    """The bytes of a response as they arrive, counted and hashed."""

    def __init__(self, response: dict[str, Any]) -> None:
        self.response = response
        self.digest = hashlib.sha256()
        self.length = 0

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes, a mebibyte at a time."""
        for chunk in self.response["Body"].iter_chunks(1 << 20):
            self.digest.update(chunk)
            self.length += len(chunk)
            yield chunk

    @property
    def is_whole(self) -> bool:
        """Whether its length is the announced one, and its hash that of the write, if any."""
        found = self.digest.hexdigest()
        wanted = self.response["Metadata"].get("sha256", found)
        return (self.length, found) == (self.response["ContentLength"], wanted)
