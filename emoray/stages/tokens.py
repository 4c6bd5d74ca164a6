"""From texts to words. Shapes: N texts, K labels."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.models.recipe import MAX_TOKENS
from emoray.stages.augmentation import Augment, read_augmented
from emoray.stages.spec import CorpusRef

SPLITS = ("train", "dev", "test")
FACTS = "facts.json"  # of a stage: values for columns of the tables


def read_words(folder: Path, split: str) -> list[list[str]]:
    """The words of each text of a split, from a finished `Tokenize`."""
    lines = (folder / f"{split}.txt").read_text("utf-8").split("\n")
    return [line.split(" ") if line else [] for line in lines]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokenize:
    """A corpus, train augmented or not, cut into words, with its labels in one taxonomy.

    `max_tokens` words of a text are read, at training and at serving alike.
    """

    name: ClassVar[str] = "tokenize"
    version: ClassVar[int] = 2

    corpus: CorpusRef
    taxonomy: str
    tokenizer: int
    augment: Augment | None = None
    max_tokens: int = field(default=MAX_TOKENS, metadata={"key_default": MAX_TOKENS})

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write the words and labels of each split."""
        from emoray.text.words import tokenize

        corpus = read_augmented(self.corpus, self.taxonomy, inputs)
        for split in SPLITS:
            texts = corpus.split(split)
            lines, truncated = [], 0
            for text in texts.texts:
                words = tokenize(text)
                truncated += len(words) > self.max_tokens
                lines.append(" ".join(words[: self.max_tokens]))
            (out / f"{split}.txt").write_text("\n".join(lines), "utf-8")
            np.save(out / f"{split}.npy", texts.labels_NK)
        share = truncated / max(1, len(corpus.test))  # test is the last split
        (out / FACTS).write_text(json.dumps({"truncated_share": share}))
        np.save(out / "leaked.npy", corpus.leaked_N)
