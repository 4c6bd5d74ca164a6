"""What a finished artifact says of a corpus: logits, computed once per model and split.

Logits depend on the model's files alone, so they outlive every change of its decision.
Shapes: N texts, K labels of the artifact.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.labels import taxonomy as taxonomy_of
from emoray.text.corpus import Corpus, read_corpus
from emoray.text.sources import Source, locate
from emoray.trial.finished.artifacts import Finished
from emoray.trial.spec import CorpusRef
from emoray.trial.store import Store

SPLITS = ("dev", "test")  # train was fitted: scored, it would only flatter


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
        from emoray.export import artifact
        from emoray.export.decision import model_sha256

        files = artifact.read(self.folder)
        corpus = read_corpus(
            self.corpus.folder, name=self.corpus.name, taxonomy=taxonomy_of(self.taxonomy)
        )
        if (model_sha256(files), corpus.sha256) != (self.model_sha256, self.corpus.sha256):
            raise ValueError(
                f"artifact and corpus must not change meanwhile, got other bytes in {self.folder} "
                f"or {self.corpus.folder}: start again"
            )
        logits_NK = artifact.Classifier(files).logits(corpus.split(self.split).texts)
        np.save(out / "logits.npy", logits_NK, allow_pickle=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wanted:
    """Which corpus judges, and where logits are kept."""

    corpus: Path | None = None
    data: Path | None = None
    download: bool = True
    out: Path
    store: Path | None = None

    def find(self) -> Source:
        """A folder of three splits as given, else what a sweep would take."""
        if self.corpus is None:
            return locate(self.data, download=self.download)
        where = self.corpus
        return Source(name=where.resolve().name, folder=where, why=f"from {where}")

    @property
    def store_root(self) -> Path:
        return (self.store or self.out / "_store").absolute()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Said:
    """One split: what the artifact says, and what is true, in the artifact's order of labels."""

    logits_NK: np.ndarray
    labels_NK: np.ndarray
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judge:
    """An artifact before a corpus."""

    finished: Finished
    source: Source
    corpus: Corpus
    store: Store

    def said(self, split: str) -> Said:
        """Scored once per model and corpus; found again after that."""
        if split not in SPLITS:
            raise ValueError(
                f"an artifact is scored on {' or '.join(SPLITS)}, got {split!r}: it was fitted on "
                "train, where its score says nothing"
            )
        stage = ScoreArtifact(
            model_sha256=self.finished.model_sha256,
            corpus=CorpusRef(
                name=self.corpus.name, sha256=self.corpus.sha256, folder=self.source.folder
            ),
            taxonomy=self.finished.taxonomy.name,
            split=split,
            folder=self.finished.folder,
        )
        texts = self.corpus.split(split)
        return Said(
            logits_NK=np.load(self.store.make(stage).folder / "logits.npy", allow_pickle=False),
            labels_NK=texts.labels_NK[:, self.finished.columns_K],
            texts=texts.texts,
        )


def _require_outside(folder: Path, out: Path) -> None:
    """Refuse to write where the artifact lies."""
    if folder.resolve() in (out.resolve(), *out.resolve().parents):
        raise ValueError(
            f"nothing is written into an artifact, got {out} inside {folder}: name another --out"
        )


def judge(finished: Finished, wanted: Wanted) -> Judge:
    """Find and read the corpus; raises ValueError for whatever cannot be judged, writing nothing
    before."""
    source = wanted.find()
    corpus = read_corpus(source.folder, name=source.name, taxonomy=finished.taxonomy)
    for place in (wanted.out, wanted.store_root):
        _require_outside(finished.folder, place)
    return Judge(finished=finished, source=source, corpus=corpus, store=Store(wanted.store_root))
