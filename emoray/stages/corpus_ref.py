"""A corpus as stages name it: by content, with the labels and features that it has."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from emoray.data.auxiliary import FILE as AUXILIARY
from emoray.data.auxiliary import auxiliary_names
from emoray.data.corpus import Corpus, Split, read_records, read_split, read_splits
from emoray.data.features import FILE as FEATURES
from emoray.data.features import MATRICES
from emoray.labels import GOEMOTIONS, OWN, TAXONOMIES, Taxonomy, own
from emoray.labels import taxonomy as taxonomy_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusRef:
    """A corpus as a stage names it: by content; where it lies does not count."""

    tag: ClassVar[str] = "CorpusRef"

    patterns: ClassVar[tuple[str, ...]] = ("train.tsv", "dev.tsv", "test.tsv", "labels.txt")
    of_features: ClassVar[bool] = False  # whether models read rows of numbers, not texts

    name: str
    sha256: str
    folder: Path

    @staticmethod
    def of(corpus: Corpus, folder: Path) -> "CorpusRef":
        """Name a corpus that was read from a folder."""
        standard = corpus.taxonomy.name != OWN and corpus.taxonomy.of == GOEMOTIONS.of
        features_NF = corpus.train.features_NF
        if features_NF is not None:
            return FeatureCorpusRef(
                name=corpus.name,
                sha256=corpus.sha256,
                folder=folder,
                labels=() if standard else corpus.taxonomy.of,
                width=features_NF.shape[1],
                rows=len(features_NF),
            )
        auxiliary = auxiliary_names(folder)
        if standard and not auxiliary:
            return CorpusRef(name=corpus.name, sha256=corpus.sha256, folder=folder)
        labels = corpus.taxonomy.of
        if auxiliary:
            return AuxiliaryCorpusRef(
                name=corpus.name,
                sha256=corpus.sha256,
                folder=folder,
                labels=() if standard else labels,
                auxiliary=auxiliary,
            )
        return OwnCorpusRef(name=corpus.name, sha256=corpus.sha256, folder=folder, labels=labels)

    @property
    def dims(self) -> tuple[int, ...]:
        """The width that models of its features may have at most; none of a corpus of texts."""
        return ()

    @property
    def heads(self) -> tuple[str, ...]:
        """Names of auxiliary labels that a training may learn beside its own."""
        return ()

    @property
    def taxonomies(self) -> tuple[Taxonomy, ...]:
        """Taxonomies that it can be read in."""
        return tuple(TAXONOMIES.values())

    def taxonomy(self, name: str) -> Taxonomy:
        """The taxonomy of that name, known without the files; ValueError where it has none."""
        return taxonomy_of(name, self.taxonomies)

    def read(self, taxonomy: str) -> Corpus:
        """Read the corpus in one taxonomy; ValueError where its files have changed."""
        found = read_splits(self.folder, name=self.name, taxonomy=self.taxonomy(taxonomy))
        self._require(found.sha256)
        return found

    def read_test(self, taxonomy: str) -> Split:
        """Read its test texts in one taxonomy; ValueError as in `read`."""
        sha256, found = read_split(self.folder, "test", self.taxonomy(taxonomy))
        self._require(sha256)
        return found

    def read_train(self) -> list[tuple[str, str, list[int]]]:
        """Read id, text and label ids of each train text; ValueError as in `read`."""
        sha256, records = read_records(self.folder, "train")
        self._require(sha256)
        return records

    def texts(self, split: str) -> tuple[str, ...]:
        """The texts of a split, without labels; ValueError as in `read`."""
        sha256, records = read_records(self.folder, split)
        self._require(sha256)
        return tuple(text for _, text, _ in records)

    def _require(self, sha256: str) -> None:
        if sha256 != self.sha256:
            raise ValueError(
                f"a corpus must not change during a run, got other bytes in {self.folder}: "
                "start the run again"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCorpusRef(CorpusRef):
    """A corpus with labels of its own, in the order of their ids.

    A type apart from `CorpusRef`, so that stages of GoEmotions keep their keys.
    """

    tag: ClassVar[str] = "OwnCorpusRef"

    labels: tuple[str, ...]

    @property
    def taxonomies(self) -> tuple[Taxonomy, ...]:
        """The one taxonomy of its own labels."""
        return (own(self.labels),)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuxiliaryCorpusRef(CorpusRef):
    """A corpus with auxiliary labels; its own are GoEmotions' where none are said."""

    tag: ClassVar[str] = "AuxiliaryCorpusRef"

    patterns: ClassVar[tuple[str, ...]] = (*CorpusRef.patterns, AUXILIARY)

    labels: tuple[str, ...]
    auxiliary: tuple[str, ...]

    @property
    def heads(self) -> tuple[str, ...]:
        """Names of its auxiliary labels."""
        return self.auxiliary

    @property
    def taxonomies(self) -> tuple[Taxonomy, ...]:
        """GoEmotions' taxonomies, or the one of its own labels."""
        return (own(self.labels),) if self.labels else tuple(TAXONOMIES.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureCorpusRef(CorpusRef):
    """A corpus of rows of features; its labels are GoEmotions' where none are said."""

    tag: ClassVar[str] = "FeatureCorpusRef"

    patterns: ClassVar[tuple[str, ...]] = (*CorpusRef.patterns, FEATURES, *MATRICES)
    of_features: ClassVar[bool] = True

    labels: tuple[str, ...]
    width: int
    rows: int  # of train

    @property
    def dims(self) -> tuple[int, ...]:
        """All features, as long as train has as many rows."""
        return (min(self.width, self.rows),)

    @property
    def taxonomies(self) -> tuple[Taxonomy, ...]:
        """GoEmotions' taxonomies, or the one of its own labels."""
        return (own(self.labels),) if self.labels else tuple(TAXONOMIES.values())
