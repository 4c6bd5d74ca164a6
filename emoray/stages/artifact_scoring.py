"""Logits of a finished artifact on a corpus, computed once per model and split.

Logits depend on the model's files alone, so they outlive every change of its decision.
Shapes: N texts, K labels of the artifact.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from emoray.artifact.loading import Finished, taxonomy_columns
from emoray.data.corpus import Corpus, read_splits, taxonomies_of
from emoray.data.goemotions import CorpusFolder
from emoray.data.options import SCORED, RunOptions
from emoray.labels import Taxonomy
from emoray.stages.evaluation import Evaluation, open_evaluation
from emoray.stages.spec import CorpusRef


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
        logits_NK = artifact.Classifier(files).logits(corpus.split(self.split).inputs)
        np.save(out / "logits.npy", logits_NK, allow_pickle=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SplitLogits:
    """One split: the artifact's logits and the true labels, in the artifact's order of labels.

    inputs: what it read, texts or rows of features.
    """

    logits_NK: np.ndarray
    labels_NK: np.ndarray
    inputs: Sequence[Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArtifactEvaluation(Evaluation[Finished]):
    """An artifact with the corpus that it is evaluated on."""

    @property
    def inputs(self) -> dict[str, str]:
        """What a run of this artifact on this corpus is made of, as its folder records it."""
        return {
            "artifact_sha256": self.subject.sha256,
            **self.corpus_inputs,
            "taxonomy": self.taxonomy.name,
        }

    def split_logits(self, split: str) -> SplitLogits:
        """The logits of a split, computed once per model and corpus; refuse train."""
        if split not in SCORED:
            raise ValueError(
                f"an artifact is scored on {' or '.join(SCORED)}, got {split!r}: it was fitted on "
                "train, where its score says nothing"
            )
        own, _ = self.subject.taxonomy_among(self.corpus_ref.taxonomies)
        stage = ScoreArtifact(
            model_sha256=self.subject.model_sha256,
            corpus=self.corpus_ref,
            taxonomy=own.name,
            split=split,
            folder=self.subject.folder,
        )
        texts = self.corpus.split(split)
        logits_NK = np.load(self.store.make(stage).folder / "logits.npy", allow_pickle=False)
        return SplitLogits(
            logits_NK=self.subject.logits(logits_NK),
            labels_NK=texts.labels_NK[:, taxonomy_columns(self.subject.labels, self.taxonomy)],
            inputs=texts.inputs,
        )


def require_same(finished: Finished, corpus: Corpus) -> None:
    """Refuse (ValueError) a corpus that an artifact cannot read."""
    rows_NF = corpus.test.features_NF
    found = "texts" if rows_NF is None else "features"
    if found != finished.reads:
        raise ValueError(
            f"the artifact {finished.name} reads {finished.reads}, got the corpus {corpus.name} of "
            f"{found}: name one of {finished.reads} with --corpus"
        )
    if rows_NF is not None and rows_NF.shape[1] != finished.width:
        raise ValueError(
            f"the artifact {finished.name} reads {finished.width} features a row, got the corpus "
            f"{corpus.name} with {rows_NF.shape[1]}: name the corpus of the same features with "
            "--corpus"
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

    def check(source: CorpusFolder, corpus: Corpus) -> None:
        require_same(finished, corpus)
        if require is not None:
            require(source, corpus)

    def find(source: CorpusFolder) -> tuple[Finished, Taxonomy]:
        return finished, finished.taxonomy_among(taxonomies_of(source.folder))[1]

    return open_evaluation(
        *(ArtifactEvaluation, asked, finished.place, find), what="an artifact", require=check
    )
