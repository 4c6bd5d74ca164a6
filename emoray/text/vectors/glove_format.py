"""Read word vectors in Stanford's text format: a word, a space, its numbers, one word a line.

Files reach a gigabyte while a corpus needs a twentieth of it. So the file streams past in blocks;
of each line only the word and the number of columns are looked at, and only the wanted words'
numbers are parsed, a block at a time. Plain text, `.gz` and `.zip` (as Stanford ships it) are read
as they are; word2vec's header line is skipped.

Shapes: W wanted words, F found ones, D numbers each.
"""

import codecs
import gzip
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

_BLOCK_BYTES = 8 << 20
_LONGEST_LINE = 1 << 20
_EXPANSION = 100  # vectors pack 2 or 3 to 1; a bomb packs 1000 to 1
_POINTER = b"version https://git-lfs.github.com/spec/"
_LARGEST = float(np.finfo(np.float32).max)


def refuse_pointer(path: Path) -> None:
    """Refuse the pointer file that a clone without Git LFS leaves in place of the file."""
    with path.open("rb") as file:
        if file.read(len(_POINTER)) == _POINTER:
            raise ValueError(
                f"{path}: vectors are the file itself, got Git LFS's note of where it lies: fetch "
                "it with git lfs pull"
            )


def _member(archive: zipfile.ZipFile, path: Path, dim: int | None) -> str:
    names = [n for n in archive.namelist() if n.endswith(".txt")]
    chosen = [n for n in names if dim is not None and f".{dim}d." in n] or names
    if len(chosen) != 1:
        raise ValueError(
            f"{path}: the archive must hold one .txt of vectors for dim={dim}, got "
            f"{', '.join(names) or 'none'}: name a dimension that it holds"
        )
    return chosen[0]


@contextmanager
def _opened(path: Path, dim: int | None) -> Iterator[IO[bytes] | gzip.GzipFile]:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive, archive.open(_member(archive, path, dim)) as file:
            yield file
    elif path.suffix == ".gz":
        with gzip.open(path) as file:
            yield file
    else:
        with path.open("rb") as file:
            yield file


def _line_blocks(file: IO[bytes] | gzip.GzipFile, path: Path) -> Iterator[list[bytes]]:
    rest, left = b"", _EXPANSION * path.stat().st_size + _BLOCK_BYTES
    while block := file.read(_BLOCK_BYTES):
        if (left := left - len(block)) < 0:
            raise ValueError(
                f"{path}: numbers as text pack {_EXPANSION} to 1 at most, got more: this is no "
                "file of vectors, fetch it again"
            )
        lines = block.split(b"\n")
        lines[0] = rest + lines[0]
        rest = lines.pop()
        if len(rest) > _LONGEST_LINE:
            raise ValueError(
                f"{path}: a line holds {_LONGEST_LINE} bytes at most, got {len(rest)} and no end: "
                "point to a file in GloVe's text format"
            )
        yield lines
    if rest:
        yield [rest]


def _all_lines(path: Path, dim: int | None) -> Iterator[list[bytes]]:
    """The file's lines, a block at a time; ValueError where it is damaged or no such file."""
    refuse_pointer(path)
    try:
        with _opened(path, dim) as file:
            yield from _line_blocks(file, path)
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path}: a compressed file must be whole, got: {error}: fetch it again"
        ) from error


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return b"_" not in text  # Python's own reader takes 1_000, nobody else does


def _checked(line: bytes, where: str, dim: int) -> bytes | None:
    """Clean a line of irregular form, None to skip it; ValueError for a wrong number of columns."""
    columns = line.split()
    if len(columns) == dim + 1:
        return b" ".join(columns)
    if not columns:
        raise ValueError(
            f"{where}: every line is a word and {dim} numbers, got an empty line: drop it"
        )
    extra = columns[1:-dim]
    if extra and not any(map(_is_number, extra)):
        return None  # a "word" with spaces in it, as the 840B vectors have some: no token equals it
    raise ValueError(
        f"{where}: every line is a word and {dim} numbers, got {len(columns) - 1} numbers: "
        "the file is damaged or mixes dimensions, fetch it again"
    )


def _numbers(text: bytes) -> np.ndarray:
    with warnings.catch_warnings():
        # numpy announces unreadable text as a deprecation, not as an error.
        warnings.simplefilter("error", DeprecationWarning)
        return np.fromstring(text, dtype=np.float32, sep=" ")


def _parsed(kept: list[tuple[int, bytes]], path: Path, dim: int) -> np.ndarray:
    """Parse the numbers of a block's wanted lines, (kept lines, D)."""
    try:
        values = _numbers(b" ".join(numbers for _, numbers in kept))
    except (ValueError, DeprecationWarning):
        values = np.empty(0, np.float32)
    if values.size == len(kept) * dim and np.isfinite(values).all():
        return values.reshape(-1, dim)
    for number, numbers in kept:
        for text in numbers.split():
            if not (_is_number(text) and abs(float(text)) <= _LARGEST):
                raise ValueError(
                    f"{path} line {number}: vectors hold finite numbers only, got "
                    f"{text.decode(errors='replace')!r}: drop the line or fetch the file again"
                )
    raise AssertionError("every number of the block is fine alone")


def _is_header(line: bytes) -> bool:
    parts = line.split()
    return len(parts) == 2 and parts[0].isdigit() and parts[1].isdigit()


class _Reader:
    """One pass over one file; `matrix_WD` is allocated at once, its unused pages cost nothing."""

    def __init__(self, path: Path, words: Iterable[str], dim: int | None) -> None:
        self.path, self.dim = path, dim
        self.wanted = {word.encode(): word for word in words}
        self.found: list[str] = []
        self.matrix_WD: np.ndarray | None = None

    def _learn_dim(self, line: bytes) -> None:
        dim = len(line.split()) - 1
        if dim < 1:
            raise ValueError(
                f"{self.path} line 1: every line is a word and its numbers, got {line[:60]!r}: "
                "point to a file in GloVe's text format"
            )
        if self.dim is not None and dim != self.dim:
            raise ValueError(
                f"{self.path}: vectors were asked for with {self.dim} dimensions, got {dim} in "
                f"line 1: ask for {dim} or point to the file with {self.dim}"
            )
        self.dim = dim
        self.matrix_WD = np.empty((len(self.wanted), dim), dtype=np.float32)

    def take(self, lines: list[bytes], first: int) -> None:
        """Keep the wanted words of these lines, the first of which is line `first` of the file."""
        if first == 1 and lines:
            lines = [lines[0].removeprefix(codecs.BOM_UTF8), *lines[1:]]
        if self.matrix_WD is None:
            if first == 1 and lines and _is_header(lines[0]):
                lines, first = lines[1:], 2
            if not lines:
                return
            self._learn_dim(lines[0])
        assert self.dim is not None and self.matrix_WD is not None
        kept: list[tuple[int, bytes]] = []
        start = len(self.found)
        for number, line in enumerate(lines, start=first):
            if line.count(b" ") != self.dim or line[-1:] in b" \r":
                clean = _checked(line, f"{self.path} line {number}", self.dim)
                if clean is None:
                    continue
                line = clean
            space = line.find(b" ")
            # A word leaves the wanted ones with its first line: repeated lines change nothing.
            word = self.wanted.pop(line[:space], None)
            if word is not None:
                self.found.append(word)
                kept.append((number, line[space + 1 :]))
        if kept:
            self.matrix_WD[start : len(self.found)] = _parsed(kept, self.path, self.dim)


def read_vectors(
    path: Path, words: Iterable[str], *, dim: int | None = None
) -> tuple[list[str], np.ndarray]:
    """Read the vectors of the wanted words.

    Every line's number of columns is checked, kept or not; numbers are checked where they are kept.

    Args:
        path: of the file.
        words: wanted ones.
        dim: expected number of dimensions; chooses the member of an archive.

    Returns:
        The words found, in the file's order, and their vectors matrix_FD, float32.

    Raises:
        ValueError: if the file holds no vector.
    """
    reader = _Reader(path, words, dim)
    first = 1
    for lines in _all_lines(path, dim):
        reader.take(lines, first)
        first += len(lines)
    if reader.matrix_WD is None:
        raise ValueError(f"{path} must hold at least one vector, got none: check the copy")
    return reader.found, reader.matrix_WD[: len(reader.found)]


def width_of(path: Path) -> int:
    """The number of dimensions of a file's vectors; only its beginning is read."""
    reader = _Reader(path, (), None)
    for lines in _all_lines(path, None):
        reader.take(lines[:2], 1)  # a header may stand before the first vector
        if reader.dim is not None:
            return reader.dim
    raise ValueError(f"{path} must hold at least one vector, got none: check the copy")
