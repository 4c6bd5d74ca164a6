"""A file to read from, here or in a bucket: of an object only the bytes that are asked for."""

import io
import time
from pathlib import Path
from typing import BinaryIO, cast

from emoray.storage.client import CONTESTED, TAKEN, client, code_of, translated_errors
from emoray.storage.location import Place
from emoray.storage.s3 import READS, S3Folder

AHEAD = 4 << 20  # bytes of an object that are read at once
AHEAD_HERE = 1 << 16


class RangedObject(io.RawIOBase):
    """An object of a bucket as a file; OSError once it is no longer the one that was opened."""

    def __init__(self, place: S3Folder, etag: str, size: int) -> None:
        self._place, self._etag, self._size, self._at = place, etag, size, 0

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True

    def seekable(self) -> bool:
        """Whether it can be read from any place: always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        """The byte that is read next."""
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read as many bytes as there is room for, or as there are."""
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        content = self._range(self._at, wanted)
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)

    def _range(self, start: int, length: int) -> bytes:
        from botocore import exceptions as boto

        for attempt in range(1, READS + 1):
            with translated_errors(str(self._place)):
                try:
                    response = client().get_object(
                        Bucket=self._place.bucket,
                        Key=self._place.prefix,
                        Range=f"bytes={start}-{start + length - 1}",
                        IfMatch=self._etag,
                    )
                    content: bytes = response["Body"].read()
                    if len(content) == length:
                        return content
                except boto.ClientError as error:
                    if code_of(error) not in TAKEN | CONTESTED:
                        raise
                    raise OSError(
                        f"an object must stay as it is while it is read, {self._place} was "
                        "written meanwhile: run the same command again"
                    ) from None
                except (boto.HTTPClientError, boto.IncompleteReadError):
                    if attempt == READS:
                        raise
            time.sleep(0.1 * 2**attempt)
        raise OSError(
            f"an object must arrive whole, {self._place} was cut off {READS} times: run the same "
            "command again"
        )


def opened(place: Place, etag: str = "", size: int = 0) -> BinaryIO:
    """Open a file, or the object that has this state; whoever opens it closes it.

    Args:
        place: of the file.
        etag: of an object.
        size: of an object, in bytes.

    Returns:
        A file that can be read from any place.
    """
    if isinstance(place, Path):
        return place.open("rb", AHEAD_HERE)
    return cast(BinaryIO, io.BufferedReader(RangedObject(place, etag, size), AHEAD))
