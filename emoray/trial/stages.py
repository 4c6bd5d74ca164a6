"""The flow, arrow by arrow: text -> vectors -> training -> compressed model -> logits -> operating points.

Every stage is a frozen value; its stage-valued fields are its inputs, the others what it reads. Raise
`version` when a stage's code changes what its files say. Heavy libraries are imported where they run.
Shapes: N texts, L tokens, K labels, D width, V rows of the embedding, M trainable words.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.labels import taxonomy as taxonomy_of
from emoray.model.recipe import GloveRecipe
from emoray.quant.scheme import ModelScheme
from emoray.text.vocabulary import FIRST, UNKNOWN, Ragged, Vocabulary
from emoray.trial.spec import CorpusRef, Decision, VectorsRef, recipe_id

SPLITS = ("train", "dev", "test")
OOV_MIN_COUNT = 10  # a word without a vector earns a row of its own from here on


def read_texts(folder: Path, split: str) -> tuple[Ragged, np.ndarray]:
    """Token ids and labels_NK of one split, from a finished `Encode`."""
    with np.load(folder / f"{split}.npz", allow_pickle=False) as data:
        return Ragged(flat=data["flat"], offsets=data["offsets"]), data["labels_NK"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Encode:
    """Texts to token ids, and the word vectors of the words that were kept."""

    name: ClassVar[str] = "encode"
    version: ClassVar[int] = 1

    corpus: CorpusRef
    taxonomy: str
    vocabulary: int
    vectors: VectorsRef
    tokenizer: int

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        from emoray.text.corpus import read_corpus
        from emoray.text.words import tokenize

        corpus = read_corpus(
            self.corpus.folder, name=self.corpus.name, taxonomy=taxonomy_of(self.taxonomy)
        )
        if corpus.sha256 != self.corpus.sha256:
            raise ValueError(
                f"the corpus must not change during a run, got other bytes in {self.corpus.folder}: "
                "start the run again"
            )
        tokens = {s: [tokenize(t) for t in corpus.split(s).texts] for s in SPLITS}
        wanted = {word for words in tokens["train"] for word in words}
        found, found_VD = self.vectors.load(wanted)
        vocabulary = Vocabulary.build(
            tokens["train"],
            max_words=self.vocabulary,
            min_count=2,
            oov_min_count=OOV_MIN_COUNT,
            known=set(found),
        )
        rows = {word: row for row, word in enumerate(found)}
        vectors_VD = np.zeros((len(vocabulary), found_VD.shape[1]), np.float32)
        known_V = np.zeros(len(vocabulary), bool)
        for i, word in enumerate(vocabulary.words, start=FIRST):
            if word in rows:
                vectors_VD[i], known_V[i] = found_VD[rows[word]], True
        np.savez(out / "vectors.npz", vectors_VD=vectors_VD, known_V=known_V)
        (out / "vocabulary.txt").write_text(vocabulary.to_text(), encoding="utf-8")
        for split in SPLITS:
            ragged = vocabulary.encode_all(tokens[split])
            np.savez(
                out / f"{split}.npz",
                flat=ragged.flat,
                offsets=ragged.offsets,
                labels_NK=corpus.split(split).labels_NK,
            )
        np.save(out / "leaked.npy", corpus.leaked_N)


@dataclass(frozen=True, slots=True, kw_only=True)
class Embed:
    """Word vectors of the width asked for: as they are, or their first principal components."""

    name: ClassVar[str] = "embed"
    version: ClassVar[int] = 1

    text: Encode
    dim: int

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        from emoray.text.pca import reduce_by_pca

        with np.load(inputs["text"] / "vectors.npz", allow_pickle=False) as data:
            vectors_VD, known_V = data["vectors_VD"], data["known_V"]
        if self.dim < vectors_VD.shape[1]:
            reduced_VD = np.zeros((len(vectors_VD), self.dim), np.float32)
            reduced_VD[known_V] = reduce_by_pca(vectors_VD[known_V], self.dim)
            vectors_VD = reduced_VD
        rare_M = np.array([UNKNOWN, *(np.flatnonzero(~known_V[FIRST:]) + FIRST)])
        np.savez(out / "vectors.npz", vectors_VD=vectors_VD, rare_M=rare_M)


@dataclass(frozen=True, slots=True, kw_only=True)
class Train:
    """One recipe with one seed: the dear part."""

    name: ClassVar[str] = "train"
    version: ClassVar[int] = 1

    recipe: GloveRecipe
    text: Encode
    vectors: Embed

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        from emoray.decide.crossfit import cross_fitted_macro_f1
        from emoray.decide.thresholds import PerLabel
        from emoray.model import glove
        from emoray.tables.files import write_table
        from emoray.tables.rows import TrainingRow
        from emoray.trial.store import key_of

        def texts(split: str) -> glove.Texts:
            ragged, labels_NK = read_texts(inputs["text"], split)
            ids_NL = ragged.padded(np.arange(len(ragged)))[:, : self.recipe.max_tokens]
            return glove.Texts(
                ids_NL=ids_NL,
                lengths_N=np.minimum(ragged.lengths, self.recipe.max_tokens),
                labels_NK=labels_NK,
            )

        with np.load(inputs["vectors"] / "vectors.npz", allow_pickle=False) as data:
            vectors_VD, rare_M = data["vectors_VD"], data["rare_M"]
        dev = texts("dev")
        trained = glove.train(
            self.recipe,
            train=texts("train"),
            dev=dev,
            vectors_VD=vectors_VD,
            rare_M=rare_M,
            score=lambda logits_NK: cross_fitted_macro_f1(PerLabel(), logits_NK, dev.labels_NK),
        )
        np.savez(out / "weights.npz", allow_pickle=False, **trained.tensors)
        rows = [
            TrainingRow(
                training_id=key_of(self),
                recipe=recipe_id(self.recipe),
                taxonomy=self.recipe.taxonomy,
                seed=self.recipe.seed,
                kept=epoch.epoch == trained.kept,
                **asdict(epoch),
            )
            for epoch in trained.epochs
        ]
        write_table(rows, out / "trainings.parquet", TrainingRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compress:
    """A trained model under one scheme: the artifact, all but its decision."""

    name: ClassVar[str] = "compress"
    version: ClassVar[int] = 1

    trained: Train
    text: Encode
    scheme: ModelScheme

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Logits of dev and test from the compressed model, run as a user would."""

    name: ClassVar[str] = "score"
    version: ClassVar[int] = 1

    compressed: Compress
    text: Encode

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """Every decision on one model's logits: the rows of the tables."""

    name: ClassVar[str] = "decide"
    version: ClassVar[int] = 1

    scored: Score
    compressed: Compress
    text: Encode
    decisions: tuple[Decision, ...]

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        raise NotImplementedError
