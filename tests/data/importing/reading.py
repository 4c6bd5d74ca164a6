"""What comes out of a corpus that was brought: labels by text."""

from pathlib import Path

from emoray.data.corpus import SPLITS, Corpus, read_splits, taxonomies_of
from emoray.data.importing.importing import ImportedCorpus, import_corpus
from emoray.data.importing.settings import CorpusSource


def brought(source: Path | str, cache: Path, **said: object) -> ImportedCorpus:
    return import_corpus(CorpusSource(source=str(source), **said), str(source), cache)


def read(found: ImportedCorpus) -> Corpus:
    (kind, *_) = taxonomies_of(found.folder)
    return read_splits(found.folder, name=found.name, taxonomy=kind)


def told(corpus: Corpus) -> dict[str, set[str]]:
    """The labels of each text, over all splits."""
    return {
        text: {name for name, has in zip(corpus.taxonomy.labels, labels_K, strict=True) if has}
        for split in SPLITS
        for text, labels_K in zip(
            corpus.split(split).texts, corpus.split(split).labels_NK, strict=True
        )
    }


def labels_of(source: Path | str, cache: Path, **said: object) -> dict[str, set[str]]:
    return told(read(brought(source, cache, **said)))
