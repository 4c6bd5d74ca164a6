"""Word vectors from a given file: GloVe's text format, or `.npy` with its words.

Shapes: V words of a file, F words found in it, D numbers each.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache as remembered
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.data.utf8 import utf8
from emoray.text.vectors.glove_format import read_vectors, refuse_pointer, width_of


@remembered
def _file_sha256(path: Path, modified_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_sha256(*paths: Path) -> str:
    """SHA-256 of a file's bytes; of several files, of their hashes in this order."""
    digests = [_file_sha256(path, path.stat().st_mtime_ns) for path in paths]
    return hashlib.sha256("".join(digests).encode()).hexdigest() if digests[1:] else digests[0]


class Lines:
    """Methods of all files in GloVe's text format."""

    __slots__ = ()
    dim: int
    path: Path

    @property
    def sha256(self) -> str:
        """Of the file's bytes."""
        return files_sha256(self.path)

    def load(self, words: Iterable[str]) -> tuple[list[str], np.ndarray]:
        """Return the words found and their vectors, matrix_FD."""
        return read_vectors(self.path, words, dim=self.dim)


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorTextFile(Lines):
    """A file in GloVe's text format, plain, `.gz`, or alone in a `.zip`."""

    tag: ClassVar[str] = "TextFile"

    name: str
    dim: int
    path: Path

    def __str__(self) -> str:
        return f"{self.name} ({self.path})"


def read_word_list(path: Path) -> list[str]:
    """Read one word a line, each once; ValueError for other files."""
    refuse_pointer(path)
    words = utf8(path.read_bytes(), str(path)).removesuffix("\n").split("\n")
    invalid = [word for word in words if word.split() != [word]]
    if invalid or len(set(words)) < len(words):
        shown = f"{invalid[0]!r}" if invalid else f"{len(words) - len(set(words))} of them twice"
        raise ValueError(f"{path}: words stand one a line, each once, got {shown}: write it again")
    return words


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorArrayFile:
    """A matrix in numpy's format, and its words, one a line, in the order of its rows."""

    tag: ClassVar[str] = "ArrayFile"

    name: str
    dim: int
    matrix: Path
    words: Path

    @property
    def sha256(self) -> str:
        """Of both files' bytes."""
        return files_sha256(self.matrix, self.words)

    def open(self) -> np.ndarray:
        """Map matrix_VD, which is read where it is used; ValueError for another shape or type."""
        matrix = open_matrix(self.matrix)
        if matrix.shape[1] != self.dim:
            raise ValueError(
                f"{self.matrix}: vectors were asked for with {self.dim} dimensions, got "
                f"{matrix.shape[1]}: the file has changed, start again"
            )
        return matrix

    def load(self, words: Iterable[str]) -> tuple[list[str], np.ndarray]:
        """Return the words found and their vectors, matrix_FD; only their rows are read."""
        matrix_VD, known = self.open(), read_word_list(self.words)
        if len(known) != len(matrix_VD):
            raise ValueError(
                f"{self.words}: every row of {self.matrix.name} has one word, got {len(known)} "
                f"words and {len(matrix_VD)} rows: write both again"
            )
        wanted = set(words)
        rows = [row for row, word in enumerate(known) if word in wanted]
        matrix_FD = np.ascontiguousarray(matrix_VD[rows], dtype=np.float32)
        if not np.isfinite(matrix_FD).all():
            raise ValueError(
                f"{self.matrix}: vectors hold finite numbers only, got NaN or infinity: write it "
                "again"
            )
        return [known[row] for row in rows], matrix_FD

    def __str__(self) -> str:
        return f"{self.name} ({self.matrix})"


def open_matrix(path: Path) -> np.ndarray:
    """Map the matrix of a `.npy`; ValueError where it is no matrix of floats."""
    refuse_pointer(path)
    try:
        matrix = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(
            f"{path}: vectors lie in a .npy as numpy.save writes it, got: {error}: save it again"
        ) from error
    if matrix.ndim != 2 or not matrix.size or matrix.dtype.kind != "f":
        raise ValueError(
            f"{path}: vectors are a matrix of floats with a row for each word, got shape "
            f"{matrix.shape} of {matrix.dtype}: save another array"
        )
    return np.asarray(matrix)


def _stem(path: Path) -> str:
    """A file's name without the endings of its format."""
    name = path.name
    for ending in (".gz", ".zip", ".txt", ".vec", ".npy"):
        name = name.removesuffix(ending)
    return name or path.name


def word_file_names(matrix: str) -> tuple[str, str]:
    """Names under which the words of a `.npy` are looked for, in its folder, in this order."""
    return f"{matrix.removesuffix('.npy')}.words.txt", "words.txt"


def vector_file(path: Path, words: Path | None = None) -> VectorTextFile | VectorArrayFile:
    """Recognise a file of vectors by its name and its first line.

    Args:
        path: of the vectors.
        words: of a `.npy`, where they are not next to it.

    Returns:
        The source.

    Raises:
        ValueError: if the file is not there or holds no vectors.
    """
    if not path.is_file():
        raise ValueError(
            f"vectors are a file in GloVe's text format or a .npy with its words, got no file "
            f"{path}: check the name"
        )
    if path.suffix != ".npy":
        return VectorTextFile(name=_stem(path), dim=width_of(path), path=path.absolute())
    candidates = [path.with_name(name) for name in word_file_names(path.name)]
    found = [p for p in ([words] if words else candidates) if p.is_file()]
    if not found:
        raise ValueError(
            f"{path}: a .npy has its words beside it, one a line, got neither "
            f"{' nor '.join(p.name for p in candidates)}: write one of them"
        )
    dim = open_matrix(path).shape[1]
    return VectorArrayFile(
        name=_stem(path), dim=dim, matrix=path.absolute(), words=found[0].absolute()
    )
