"""Texts from a file of any size, one a line, plain or `.gz`, streamed."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from emoray.data.utf8 import to_utf8

LONGEST = 1 << 20  # bytes of a text; a file without line ends is no file of texts


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines that are not empty, without their ends; ValueError for a file of no text."""
    if not path.is_file():
        raise ValueError(
            f"word vectors are trained on a text file, one text a line, got no file {path}: check "
            "the name"
        )
    number = 0
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            while line := file.readline(LONGEST + 1):
                number += 1
                if len(line) > LONGEST:
                    raise ValueError(
                        f"{path} line {number}: a text holds {LONGEST:,} bytes at most, got more: "
                        "write one text a line"
                    )
                if text := line.decode("utf-8-sig" if number == 1 else "utf-8").strip():
                    yield text
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} line {number}: text must be UTF-8, got byte "
            f"0x{error.object[error.start]:02x}: {to_utf8(error.object, error.start)}"
        ) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(
            f"{path}: a compressed file must be whole, got: {error}: fetch it again"
        ) from error
