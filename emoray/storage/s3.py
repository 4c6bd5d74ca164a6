"""A folder in a bucket: whole objects, checked by their SHA-256, written once where it matters.

Every object that is written here carries its SHA-256, by which every read is checked: a cut-off or
changed body is read again and never passed on.
"""

import base64
import hashlib
import os
import random
import re
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from emoray.storage.client import (
    CONTESTED,
    PROBES,
    TAKEN,
    client,
    code_of,
    is_amazon,
    translated_errors,
)
from emoray.storage.objects import (
    Body,
    DamagedError,
    Entry,
    StoredObject,
    content_type,
    seconds_since_written,
)

READS = 5  # of one object whose body arrives cut off or changed
PARTS_FROM = 64 << 20  # bytes; above, an upload goes in parts
PART = 16 << 20
PAGE = 1000  # names that one request may list or delete
FORGOTTEN = timedelta(days=1)  # an upload in parts that old belongs to nobody

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class S3Folder:
    """`s3://bucket/prefix`: a plain value, which holds no connection and no secret."""

    bucket: str
    prefix: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", self.bucket):
            raise ValueError(
                "a bucket's name is 3 to 63 small letters, digits, '.' or '-', got "
                f"{self.bucket!r}: write s3://bucket/prefix"
            )
        bad = {"", ".", ".."} & set(self.prefix.split("/")) if self.prefix else set()
        if bad or not self.prefix.isprintable() or len(self.prefix.encode()) > 800:
            raise ValueError(
                "a prefix is names with single '/' between, none '.' or '..', got "
                f"{self.prefix!r}: write s3://bucket/prefix"
            )

    @classmethod
    def of(cls, uri: str) -> "S3Folder":
        """Parse a URI such as `s3://bucket/results`."""
        if not uri.startswith("s3://"):
            raise ValueError(f"a folder in a bucket starts with s3://, got {uri!r}: write it so")
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        return cls(bucket, prefix.removesuffix("/"))

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".removesuffix("/")

    def __truediv__(self, name: str) -> "S3Folder":
        return S3Folder(self.bucket, self._key(name))

    @property
    def name(self) -> str:
        """The last part, as a path's."""
        return self.prefix.rpartition("/")[2] or self.bucket

    @property
    def stem(self) -> str:
        """The last part without its ending, as a path's."""
        return PurePosixPath(self.name).stem

    @property
    def parent(self) -> "S3Folder":
        """The folder above, as a path's."""
        return S3Folder(self.bucket, self.prefix.rpartition("/")[0])

    def _key(self, name: str) -> str:
        return f"{self.prefix}/{name}" if self.prefix else name

    def _where(self, name: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": (self / name).prefix}

    def _checked(self, name: str, read: Callable[[Iterator[bytes]], R]) -> tuple[R, dict[str, Any]]:
        """Call `read` on the object's chunks, again where the body was cut off or changed."""
        from botocore.exceptions import HTTPClientError, IncompleteReadError

        for attempt in range(1, READS + 1):
            with translated_errors(f"{self}/{name}"):
                response = client().get_object(**self._where(name))
                body = Body(response)
                try:
                    result = read(body.chunks())
                    if body.is_whole:
                        return result, response
                except (HTTPClientError, IncompleteReadError, ConnectionError, TimeoutError):
                    if attempt == READS:
                        raise
                finally:
                    response["Body"].close()
            time.sleep(random.uniform(0, 0.1 * 2**attempt))
        raise DamagedError(
            f"an object holds the bytes that were written, got others at {self}/{name} "
            f"{READS} times: delete it and run the same command again"
        )

    def read(self, name: str) -> bytes:
        """Read the whole object; FileNotFoundError where there is none."""
        return self._checked(name, b"".join)[0]

    def find(self, name: str) -> StoredObject | None:
        """Read the object with its state for conditional writes; None where there is none."""
        try:
            content, response = self._checked(name, b"".join)
        except FileNotFoundError:
            return None
        age = seconds_since_written(response)
        return StoredObject(content=content, etag=response["ETag"], seconds=age)

    def _put(self, name: str, content: bytes, **conditions: str) -> str:
        """Write the object, checked by the server; return the new etag, or raise boto3's error."""
        digest = hashlib.sha256(content)
        response = client().put_object(
            **self._where(name),
            Body=content,
            ContentType=content_type(name),
            ChecksumSHA256=base64.b64encode(digest.digest()).decode(),
            Metadata={"sha256": digest.hexdigest()},
            **conditions,
        )
        return str(response["ETag"])

    def write(self, name: str, content: bytes) -> None:
        """Write the object, in place of one that is there; readers see the old or the new."""
        with translated_errors(f"{self}/{name}"):
            self._put(name, content)

    def create(self, name: str, content: bytes) -> bool:
        """Write the object where there is none.

        So a success whose response was lost is a success; bytes that must be distinguished hold an
        id.

        Returns:
            True when the object has these bytes.
        """
        return self._put_if(name, content, IfNoneMatch="*")

    def replace(self, name: str, content: bytes, etag: str) -> bool:
        """Write the object in place of that state of it; False where it has another state."""
        return self._put_if(name, content, IfMatch=etag)

    def _put_if(self, name: str, content: bytes, **conditions: str) -> bool:
        from botocore.exceptions import ClientError

        for _ in range(READS):
            with translated_errors(f"{self}/{name}"):
                try:
                    self._put(name, content, **conditions)
                    return True
                except ClientError as error:
                    if code_of(error) not in TAKEN | CONTESTED:
                        raise
                    taken = code_of(error) in TAKEN
            try:
                if taken:
                    return self.read(name) == content
            except FileNotFoundError:
                if "IfMatch" in conditions:
                    return False
            time.sleep(random.uniform(0, 0.2))  # another one writes, or has just deleted it
        return False

    def upload(self, name: str, file: Path) -> None:
        """Write a local file; a large one goes in parts, which a failure leaves none of."""
        size = file.stat().st_size
        if size <= PARTS_FROM:
            return self.write(name, file.read_bytes())
        from boto3.s3.transfer import TransferConfig

        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        more = {"Metadata": {"sha256": digest}, "ContentType": content_type(name)}
        if is_amazon(client()):
            more["ChecksumAlgorithm"] = "SHA256"
        with translated_errors(f"{self}/{name}"):
            client().upload_file(
                str(file),
                **self._where(name),
                ExtraArgs=more,
                Config=TransferConfig(
                    multipart_threshold=PARTS_FROM, multipart_chunksize=PART, max_concurrency=4
                ),
            )
        return None

    def download(self, name: str, file: Path) -> str:
        """Copy the object to a local file, atomically; return its etag."""
        file.parent.mkdir(parents=True, exist_ok=True)
        aside = file.with_name(f".{file.name}-{uuid.uuid4().hex[:8]}")

        def save(chunks: Iterator[bytes]) -> None:
            with aside.open("wb") as opened:
                aside.chmod(0o600)  # it may come from a private bucket
                for chunk in chunks:
                    opened.write(chunk)

        try:
            _, response = self._checked(name, save)
            os.replace(aside, file)
            return str(response["ETag"])
        finally:
            aside.unlink(missing_ok=True)

    def entries(self, under: str = "") -> list[Entry]:
        """List every object below, named relative to this folder, on however many pages."""
        start = self._key(f"{under}/" if under else "")
        found: list[Entry] = []
        with translated_errors(f"{self}/{under}".rstrip("/")):
            pages = client().get_paginator("list_objects_v2")
            at_once = {"PageSize": PAGE}
            for page in pages.paginate(Bucket=self.bucket, Prefix=start, PaginationConfig=at_once):
                for item in page.get("Contents", ()):
                    name = item["Key"].removeprefix(self._key(""))
                    if name and not name.endswith("/"):  # consoles mark folders so
                        found.append(Entry(name=name, size=item["Size"], etag=item["ETag"]))
        return sorted(found, key=lambda entry: entry.name)

    def entry(self, name: str) -> Entry | None:
        """The object of that very name; None where there is none."""
        try:
            with translated_errors(f"{self}/{name}"):
                head = client().head_object(**self._where(name))
        except FileNotFoundError:
            return None
        return Entry(name=name, size=head["ContentLength"], etag=head["ETag"])

    def sha256(self, name: str) -> str | None:
        """The hash of the object's write, by its head; None without one."""
        try:
            with translated_errors(f"{self}/{name}"):
                head = client().head_object(**self._where(name))
        except FileNotFoundError:
            return None
        found: str | None = head["Metadata"].get("sha256")
        return found

    def names(self, under: str = "") -> list[str]:
        """List the names of all objects below, relative to this folder."""
        return [entry.name for entry in self.entries(under)]

    def delete(self, names: Sequence[str]) -> None:
        """Delete objects; one that is not there is deleted already."""
        for first in range(0, len(names), PAGE):
            keys = [{"Key": (self / name).prefix} for name in names[first : first + PAGE]]
            with translated_errors(str(self)):
                response = client().delete_objects(
                    Bucket=self.bucket, Delete={"Objects": keys, "Quiet": True}
                )
            if errors := response.get("Errors"):
                raise OSError(
                    f"S3 must delete what it is asked to, got {errors[0].get('Code')} for "
                    f"{len(errors)} objects of {self}: check the bucket's policy"
                )

    def remove(self, name: str, etag: str) -> bool:
        """Delete that state of an object; False where it has another state, or is not there."""
        from botocore.exceptions import ClientError

        with translated_errors(f"{self}/{name}"):
            try:
                client().delete_object(**self._where(name), IfMatch=etag)
            except ClientError as error:
                if code_of(error) in TAKEN | CONTESTED | {"404", "NoSuchKey"}:
                    return False
                raise
        return True

    def copy(self, name: str, target: str) -> None:
        """Copy an object inside this folder, on the server."""
        with translated_errors(f"{self}/{name}"):
            client().copy(self._where(name), **self._where(target))

    def abort_forgotten(self, older_than: timedelta = FORGOTTEN) -> int:
        """Drop multipart uploads that killed processes left below, which cost and show nowhere."""
        dropped, now = 0, datetime.now(UTC)
        with translated_errors(str(self)):
            pages = client().get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=self.bucket, Prefix=self._key("")):
                for upload in page.get("Uploads", ()):
                    if now - upload["Initiated"] >= older_than:
                        client().abort_multipart_upload(
                            Bucket=self.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                        )
                        dropped += 1
        return dropped

    def probe(self) -> None:
        """List and write below; ValueError where that is not allowed."""
        name = f"_probe-{uuid.uuid4().hex[:8]}"
        try:
            with translated_errors(str(self)):
                quick = client(PROBES)
                quick.list_objects_v2(Bucket=self.bucket, Prefix=self._key(""), MaxKeys=1)
            self.write(name, b"")
            self.delete([name])
        except OSError as error:
            raise ValueError(str(error)) from error
