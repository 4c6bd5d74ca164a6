"""From texts to token ids and word vectors.

Shapes: N texts, K labels, F words found in the vectors, D width, V rows of the embedding, M words
without a vector.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.model.texts import Texts
from emoray.text.vocabulary import FIRST, UNKNOWN, Ragged, Vocabulary
from emoray.trial.spec import CorpusRef, VectorsRef
from emoray.trial.stages.augmenting import Augment, read_augmented

VOCABULARY, TOKENIZER = "vocabulary.txt", "tokenizer.json"  # as an artifact has them
FACTS = "facts.json"  # of a stage: what the tables say of it
SPLITS = ("train", "dev", "test")
MAX_TOKENS = 64  # words of a text that are read, at training and at serving alike
OOV_MIN_COUNT = 5  # a word without a vector earns a row of its own from here on


def read_texts(folder: Path, split: str) -> tuple[Ragged, np.ndarray]:
    """Token ids and labels_NK of one split, from a finished `Encode`."""
    with np.load(folder / f"{split}.npz", allow_pickle=False) as data:
        return Ragged(flat=data["flat"], offsets=data["offsets"]), data["labels_NK"]


def read_padded(folder: Path, split: str) -> Texts:
    """The same as training reads it."""
    ragged, labels_NK = read_texts(folder, split)
    ids_NL = ragged.padded(np.arange(len(ragged)))
    return Texts(ids_NL=ids_NL, lengths_N=ragged.lengths, labels_NK=labels_NK)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Encode:
    """Words to ids of a vocabulary chosen on train, and the word vectors of what was kept."""

    name: ClassVar[str] = "encode"
    version: ClassVar[int] = 3

    tokens: Tokenize
    vocabulary: int
    vectors: VectorsRef

    @property
    def corpus(self) -> CorpusRef:
        return self.tokens.corpus

    def vectors_name(self, dim: int) -> str:
        """What a table calls the vectors that training starts from, cut to `dim`."""
        return self.vectors.name(dim)

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        from emoray.text.words import rules_json

        tokens = {
            split: [
                line.split(" ") if line else []
                for line in (inputs["tokens"] / f"{split}.txt").read_text("utf-8").split("\n")
            ]
            for split in SPLITS
        }
        wanted = {word for words in tokens["train"] for word in words}
        found, matrix_FD = self.vectors.source.load(wanted)
        vocabulary = Vocabulary.build(
            tokens["train"],
            max_words=self.vocabulary,
            min_count=2,
            oov_min_count=OOV_MIN_COUNT,
            known=set(found),
        )
        kept = [row for row, word in enumerate(found) if word in vocabulary]
        np.savez(out / "vectors.npz", matrix_FD=matrix_FD[kept])
        (out / "found.txt").write_text("".join(f"{found[row]}\n" for row in kept), "utf-8")
        (out / VOCABULARY).write_text(vocabulary.to_text(), "utf-8")
        for split in SPLITS:
            ragged = vocabulary.encode_all(tokens[split])
            np.savez(
                out / f"{split}.npz",
                flat=ragged.flat,
                offsets=ragged.offsets,
                labels_NK=np.load(inputs["tokens"] / f"{split}.npy", allow_pickle=False),
            )
        (out / FACTS).write_text(json.dumps({"changed_pieces_share": 0.0}))
        (out / TOKENIZER).write_text(json.dumps({**rules_json(), "max_tokens": MAX_TOKENS}))
        shutil.copyfile(inputs["tokens"] / "leaked.npy", out / "leaked.npy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Embed:
    """Word vectors of the width asked for: as they are, or their first principal components."""

    name: ClassVar[str] = "embed"
    version: ClassVar[int] = 1

    text: Encode
    dim: int

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        from emoray.text.embedding import Zeros, embedding_rows
        from emoray.text.pca import reduce_by_pca

        vocabulary = Vocabulary.from_text((inputs["text"] / VOCABULARY).read_text("utf-8"))
        found = (inputs["text"] / "found.txt").read_text("utf-8").split()
        with np.load(inputs["text"] / "vectors.npz", allow_pickle=False) as data:
            matrix_FD = data["matrix_FD"]
        if self.dim < matrix_FD.shape[1]:
            matrix_FD = reduce_by_pca(matrix_FD, self.dim)
        vectors_VD = embedding_rows(vocabulary, found, matrix_FD, init=Zeros())
        known = set(found)
        rare = [i for i, word in enumerate(vocabulary.words, start=FIRST) if word not in known]
        np.savez(out / "vectors.npz", vectors_VD=vectors_VD, rare_M=np.array([UNKNOWN, *rare]))
