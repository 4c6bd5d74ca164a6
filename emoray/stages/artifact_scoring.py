"""Logits of a finished artifact on a corpus, computed once per model and split.

Logits depend on the model's files alone, so they outlive every change of its decision.
Shapes: N texts, K labels of the artifact.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.artifact.loading import Finished, taxonomy_columns, taxonomy_of_labels
from emoray.data.corpus import Corpus, read_splits, taxonomies_of
from emoray.data.goemotions import CorpusFolder
from emoray.data.options import SCORED, RunOptions
from emoray.labels import Taxonomy
from emoray.stages.spec import CorpusRef
from emoray.storage.location import Place, is_inside
from emoray.storage.store.local import Store
from emoray.storage.store.opening import open_store


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreArtifact:
    """Logits of one split from an artifact, run as a user would, on one thread."""

    name: ClassVar[str] = "score_artifact"
    version: ClassVar[int] = 1

    model_sha256: str
    corpus: CorpusRef
    taxonomy: str
    split: str
    folder: Path

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write logits.npy, logits_NK float32."""
        from emoray.artifact import runtime as artifact
        from emoray.artifact.decision_history import model_sha256

        files = artifact.read(self.folder)
        corpus = read_splits(
            self.corpus.folder,
            name=self.corpus.name,
            taxonomy=self.corpus.taxonomy(self.taxonomy),
        )
        if (model_sha256(files), corpus.sha256) != (self.model_sha256, self.corpus.sha256):
            raise ValueError(
                f"artifact and corpus must not change meanwhile, got other bytes in {self.folder} "
                f"or {self.corpus.folder}: start again"
            )
        logits_NK = artifact.Classifier(files).logits(corpus.split(self.split).texts)
        np.save(out / "logits.npy", logits_NK, allow_pickle=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SplitLogits:
    """Logits of one split and the true labels, in the artifact's order of labels."""

    logits_NK: np.ndarray
    labels_NK: np.ndarray
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArtifactEvaluation:
    """An artifact that is evaluated on a corpus."""

    finished: Finished
    source: CorpusFolder
    corpus: Corpus
    store: Store

    @property
    def taxonomy(self) -> Taxonomy:
        """The corpus' taxonomy that has the artifact's labels."""
        return self.corpus.taxonomy

    @property
    def inputs(self) -> dict[str, str]:
        """What a run of this artifact on this corpus is made of, as its folder records it."""
        return {
            "artifact_sha256": self.finished.sha256,
            "corpus": self.corpus.name,
            "corpus_sha256": self.corpus.sha256,
            "taxonomy": self.taxonomy.name,
        }

    def split_logits(self, split: str) -> SplitLogits:
        """Score a split, once per model and corpus; it is found in the store after that."""
        if split not in SCORED:
            raise ValueError(
                f"an artifact is scored on {' or '.join(SCORED)}, got {split!r}: it was fitted on "
                "train, where its score says nothing"
            )
        stage = ScoreArtifact(
            model_sha256=self.finished.model_sha256,
            corpus=CorpusRef.of(self.corpus, self.source.folder),
            taxonomy=self.taxonomy.name,
            split=split,
            folder=self.finished.folder,
        )
        texts = self.corpus.split(split)
        return SplitLogits(
            logits_NK=np.load(self.store.make(stage).folder / "logits.npy", allow_pickle=False),
            labels_NK=texts.labels_NK[:, taxonomy_columns(self.finished.labels, self.taxonomy)],
            texts=texts.texts,
        )


def _require_outside(artifact: Place, out: Place) -> None:
    """Refuse to write inside the artifact."""
    if is_inside(out, artifact):
        raise ValueError(
            f"nothing is written into an artifact, got {out} inside {artifact}: name another --out"
        )


def evaluate_on(
    finished: Finished,
    asked: RunOptions,
    require: Callable[[CorpusFolder, Corpus], None] | None = None,
) -> ArtifactEvaluation:
    """Find and read the corpus; refuse what cannot be evaluated before anything is written.

    Args:
        finished: the artifact.
        asked: the job's options of corpus and outputs.
        require: a further check of the corpus.

    Returns:
        The artifact with its corpus and the store of logits.
    """
    source = asked.find()
    taxonomy = taxonomy_of_labels(finished.labels, taxonomies_of(source.folder))
    corpus = read_splits(source.folder, name=source.name, taxonomy=taxonomy)
    if require is not None:
        require(source, corpus)
    for place in (asked.out, asked.store_place):
        _require_outside(finished.place, place)
    asked.ready()
    store = open_store(asked.store_place)
    return ArtifactEvaluation(finished=finished, source=source, corpus=corpus, store=store)
