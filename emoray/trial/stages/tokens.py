"""From texts to words. Shapes: N texts, K labels."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.trial.spec import CorpusRef
from emoray.trial.stages.augmenting import Augment, read_augmented

SPLITS = ("train", "dev", "test")
MAX_TOKENS = 64  # words of a text that are read, at training and at serving alike


def read_words(folder: Path, split: str) -> list[list[str]]:
    """The words of each text of a split, from a finished `Tokenize`."""
    lines = (folder / f"{split}.txt").read_text("utf-8").split("\n")
    return [line.split(" ") if line else [] for line in lines]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokenize:
    """A corpus, train augmented or not, cut into words, with its labels in one taxonomy."""

    name: ClassVar[str] = "tokenize"
    version: ClassVar[int] = 1

    corpus: CorpusRef
    taxonomy: str
    tokenizer: int
    augment: Augment | None = None

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        from emoray.text.words import tokenize

        corpus = read_augmented(self.corpus, self.taxonomy, inputs)
        for split in SPLITS:
            texts = corpus.split(split)
            lines = (" ".join(tokenize(text)[:MAX_TOKENS]) for text in texts.texts)
            (out / f"{split}.txt").write_text("\n".join(lines), "utf-8")
            np.save(out / f"{split}.npy", texts.labels_NK)
        np.save(out / "leaked.npy", corpus.leaked_N)
