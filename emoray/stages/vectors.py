"""Word vectors trained on the words of train: counted once, trained for any method and width.

Dev and test never enter. An augmented train is counted as training sees it. Shapes: V words, D
dimensions.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.stages.tokens import Tokenize, read_words
from emoray.storage.store.keys import UNFINISHED
from emoray.text.vectors.files import VectorArrayFile
from emoray.text.vectors.settings import OwnVectors

MATRIX, WORDS = "vectors.npy", "words.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class CountPairs:
    """How often the words of train stand near each other; equal for all methods and widths."""

    name: ClassVar[str] = "count"
    version: ClassVar[int] = 1

    tokens: Tokenize
    window: int
    min_count: int
    max_words: int

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write the counts of words and pairs."""
        from emoray.text.vectors.cooccurrence import count_pairs

        counts = count_pairs(
            read_words(inputs["tokens"], "train"),
            window=self.window,
            min_count=self.min_count,
            max_words=self.max_words,
        )
        counts.save(out)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainVectors:
    """Word vectors of one width, by one method. Stopped, it goes on at its last epoch."""

    name: ClassVar[str] = "vectors"
    version: ClassVar[int] = 1
    resumable: ClassVar[bool] = True

    counted: CountPairs
    settings: OwnVectors
    dim: int

    @property
    def label(self) -> str:
        """Name in tables."""
        return f"{self.settings}.{self.dim}d"

    def source(self, folder: Path) -> VectorArrayFile:
        """Where `folder` is this stage, finished: what `run` left, to load from."""
        return VectorArrayFile(
            name=self.label, dim=self.dim, matrix=folder / MATRIX, words=folder / WORDS
        )

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write the matrix (V, D) and its words."""
        from emoray.text.vectors.cooccurrence import Counts
        from emoray.text.vectors.training import train_vectors
        from emoray.text.vectors.writing import words_text

        counts = Counts.load(inputs["counted"])
        vectors_VD = train_vectors(
            counts, self.settings, dim=self.dim, unfinished=inputs[UNFINISHED]
        )
        np.save(out / MATRIX, vectors_VD)
        (out / WORDS).write_text(words_text(counts.words), "utf-8")
