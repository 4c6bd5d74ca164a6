"""Our reader of word vectors compared with gensim's, each alone in a process of its own.

A process of its own because memory is measured at its peak, and a peak never falls again. The file
is made from a seed; it was written a moment ago, so both readers find it in the page cache.
Shapes: V rows of the file, W wanted words, D numbers each.
"""

import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.artifact.memory import MB, memory_mb
from emoray.benchmarks.figures import AtLeast, AtMost, BenchmarkFigure, less_is_better
from emoray.text.vectors.glove_format import read_vectors

DISTINCT = 4000  # rows that are drawn; a file repeats them, for no reader looks at a row twice


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorReading:
    """The cost of one reader, and a digest of the vectors it found for the wanted words."""

    seconds: float
    peak_mb: float
    kept_mb: float
    sha256: str


def word_of(row: int) -> str:
    """The word in a row of the made file."""
    return f"w{row}"


def wanted_words(rows: int, wanted: int) -> list[str]:
    """Words evenly spread over the file, in its order."""
    return [word_of(int(row)) for row in np.linspace(0, rows - 1, wanted).astype(int)]


def make_file(path: Path, *, rows: int, dim: int, seed: int) -> None:
    """Write a file in GloVe's text format with the field's usual five digits."""
    drawn = np.random.default_rng(seed).normal(0, 0.4, (min(rows, DISTINCT), dim))
    numbers = [" ".join(f"{x:.5g}" for x in row) for row in drawn]
    with path.open("w", encoding="utf-8") as file:
        for row in range(rows):
            file.write(f"{word_of(row)} {numbers[row * 7919 % len(numbers)]}\n")


def _measured(
    read: Callable[[], np.ndarray], keep: Callable[[np.ndarray], np.ndarray]
) -> VectorReading:
    before, start = memory_mb("VmRSS"), time.perf_counter()
    read_VD = read()
    seconds, peak = time.perf_counter() - start, memory_mb("VmHWM") - before
    kept_WD = np.ascontiguousarray(keep(read_VD), dtype=np.float32)
    digest = hashlib.sha256(kept_WD.tobytes()).hexdigest()
    return VectorReading(seconds=seconds, peak_mb=peak, kept_mb=kept_WD.nbytes / MB, sha256=digest)


def read_by_emoray(path: Path, words: list[str]) -> VectorReading:
    """Read with emoray: stream the file, keep the wanted words."""
    return _measured(lambda: read_vectors(path, words)[1], lambda kept_WD: kept_WD)


def read_by_gensim(path: Path, words: list[str]) -> VectorReading:
    """Read everything as gensim's KeyedVectors; look the wanted words up off the clock."""
    from gensim.models import KeyedVectors

    loaded = []

    def read() -> np.ndarray:
        loaded.append(KeyedVectors.load_word2vec_format(str(path), no_header=True))
        return np.asarray(loaded[0].vectors)

    return _measured(read, lambda read_VD: read_VD[[loaded[0].key_to_index[w] for w in words]])


def _alone(
    reader: Callable[[Path, list[str]], VectorReading], path: Path, words: list[str]
) -> VectorReading:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(reader, path, words).result()


@dataclass(frozen=True, slots=True, kw_only=True)
class Vectors:
    """A made file of `rows` x `dim` numbers, read for `wanted` of its words."""

    name: ClassVar[str] = "vectors"

    rows: int = 400_000
    dim: int = 300
    wanted: int = 30_000
    seed: int = 0
    folder: Path | None = None  # for the file, about 2.6 kB a row of 300 numbers; None: temporary

    def __post_init__(self) -> None:
        if self.dim < 1:
            raise ValueError(f"vectors have at least 1 dimension, got {self.dim}: 300 is usual")
        if not 1 <= self.wanted <= self.rows:
            raise ValueError(
                f"wanted words are 1 to {self.rows} (the rows of the file), got {self.wanted}: "
                "ask for fewer words or more rows"
            )

    @property
    def title(self) -> str:
        """Heading of the table."""
        return f"word vectors: {self.rows:,} x {self.dim}, {self.wanted:,} words wanted"

    def check(self) -> None:
        """Refuse (ValueError) when the rival is not installed."""
        if find_spec("gensim") is None:
            raise ValueError(
                "the vectors benchmark compares with gensim, got no such package: "
                "pip install 'emoray[benchmark]', or choose others with --only"
            )

    def measure(self) -> tuple[BenchmarkFigure, ...]:
        """Measure time and peak memory of both readers, which must find the same vectors."""
        words = wanted_words(self.rows, self.wanted)
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            path = Path(folder) / f"made.{self.dim}d.txt"
            make_file(path, rows=self.rows, dim=self.dim, seed=self.seed)
            size_mb = os.path.getsize(path) / MB
            ours, theirs = _alone(read_by_emoray, path, words), _alone(read_by_gensim, path, words)
        assert ours.sha256 == theirs.sha256, "two readers of one file found different vectors"
        return (
            BenchmarkFigure(name="file", ours=size_mb, unit="MB"),
            less_is_better(
                "time to read, beside gensim",
                ours=ours.seconds,
                theirs=theirs.seconds,
                unit="s",
                goal=AtLeast(5),
            ),
            BenchmarkFigure(name="vectors kept", ours=ours.kept_mb, unit="MB"),
            BenchmarkFigure(
                name="peak memory above them",
                ours=max(0.0, ours.peak_mb - ours.kept_mb),
                unit="MB",
                goal=AtMost(150),
            ),
            less_is_better(
                "peak memory in all, beside gensim",
                ours=ours.peak_mb,
                theirs=theirs.peak_mb,
                unit="MB",
            ),
        )
