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

from emoray.models.batches import FeatureRows, PaddedTexts
from emoray.stages.spec import CorpusRef, VectorsRef
from emoray.stages.tokens import FACTS, SPLITS, Tokenize, read_words
from emoray.stages.vectors import TrainVectors
from emoray.text.vectors.sources import VectorSource
from emoray.text.vocabulary import FIRST, UNKNOWN, Ragged, Vocabulary

VOCABULARY, TOKENIZER = "vocabulary.txt", "tokenizer.json"  # as an artifact has them
OOV_MIN_COUNT = 5  # a word without a vector gets a row of its own from this count on


def read_texts(folder: Path, split: str) -> tuple[Ragged | FeatureRows, np.ndarray]:
    """Token ids, or rows of features, and labels_NK of one split, from a finished text stage."""
    with np.load(folder / f"{split}.npz", allow_pickle=False) as data:
        if "features_NF" in data:
            return FeatureRows(features_NF=data["features_NF"]), data["labels_NK"]
        return Ragged(flat=data["flat"], offsets=data["offsets"]), data["labels_NK"]


def write_token_ids(folder: Path, split: str, texts: Ragged, labels_NK: np.ndarray) -> None:
    """Token ids and labels of one split, as `read_texts` finds them."""
    path = folder / f"{split}.npz"
    np.savez(path, flat=texts.flat, offsets=texts.offsets, labels_NK=labels_NK)


def read_padded(folder: Path, split: str) -> PaddedTexts:
    """The same as training reads it."""
    texts, labels_NK = read_texts(folder, split)
    ids_NL = texts.padded(np.arange(len(texts)))
    return PaddedTexts(ids_NL=ids_NL, lengths_N=texts.lengths, labels_NK=labels_NK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encode:
    """Words to ids of a vocabulary chosen on train, and word vectors of the words kept.

    `vectors` are files at hand, or those trained on the same words.
    """

    name: ClassVar[str] = "encode"
    version: ClassVar[int] = 4

    tokens: Tokenize
    vocabulary: int
    vectors: VectorsRef | TrainVectors

    @property
    def corpus(self) -> CorpusRef:
        """The corpus of the words."""
        return self.tokens.corpus

    def vectors_name(self, dim: int) -> str:
        """Name in tables of the vectors that training starts from, cut to `dim`."""
        if isinstance(self.vectors, TrainVectors):
            return self.vectors.label
        return self.vectors.name(dim)

    def _source(self, inputs: dict[str, Path]) -> VectorSource:
        if isinstance(self.vectors, TrainVectors):
            return self.vectors.source(inputs["vectors"])
        return self.vectors.source

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write token ids, labels, vocabulary, word vectors, tokenizer and facts."""
        from emoray.text.words import rules_json

        tokens = {split: read_words(inputs["tokens"], split) for split in SPLITS}
        wanted = {word for words in tokens["train"] for word in words}
        found, matrix_FD = self._source(inputs).load(wanted)
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
            labels_NK = np.load(inputs["tokens"] / f"{split}.npy", allow_pickle=False)
            write_token_ids(out, split, vocabulary.encode_all(tokens[split]), labels_NK)
        facts = json.loads((inputs["tokens"] / FACTS).read_text())
        (out / FACTS).write_text(json.dumps({"changed_pieces_share": 0.0, **facts}))
        limit = {"max_tokens": self.tokens.max_tokens}
        (out / TOKENIZER).write_text(json.dumps({**rules_json(), **limit}))
        shutil.copyfile(inputs["tokens"] / "leaked.npy", out / "leaked.npy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Embed:
    """Word vectors of the width asked for: as they are, or their first principal components."""

    name: ClassVar[str] = "embed"
    version: ClassVar[int] = 1

    text: Encode
    dim: int

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `vectors.npz`: the embedding (V, D), and its rows without a vector (M)."""
        from emoray.text.vectors.embedding import embedding_rows
        from emoray.text.vectors.pca import reduce_by_pca

        vocabulary = Vocabulary.from_text((inputs["text"] / VOCABULARY).read_text("utf-8"))
        found = (inputs["text"] / "found.txt").read_text("utf-8").split()
        with np.load(inputs["text"] / "vectors.npz", allow_pickle=False) as data:
            matrix_FD = data["matrix_FD"]
        if self.dim < matrix_FD.shape[1]:
            matrix_FD = reduce_by_pca(matrix_FD, self.dim)
        vectors_VD = embedding_rows(vocabulary, found, matrix_FD)
        known = set(found)
        rare = [i for i, word in enumerate(vocabulary.words, start=FIRST) if word not in known]
        np.savez(out / "vectors.npz", vectors_VD=vectors_VD, rare_M=np.array([UNKNOWN, *rare]))
