"""The first look at what a search will read: found, checked, counted before any worker starts."""

from dataclasses import dataclass
from pathlib import Path

from emoray.labels import taxonomy as taxonomy_of
from emoray.trial.spec import CorpusRef, Data, VectorsRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was found, and how many texts it holds."""

    data: Data
    why: str
    train: int
    dev: int
    test: int
    leaked: int

    @property
    def dims(self) -> tuple[int, ...]:
        """Widths of the vectors found, narrowest first."""
        return tuple(sorted({v.dim for v in self.data.vectors}))


def _vectors(data: Path | None, download: bool) -> tuple[VectorsRef, ...]:
    from emoray.text.download import DownloadError
    from emoray.text.vectors import ARCHIVE_DIMS, find_all, find_vectors

    try:
        find_vectors(max(ARCHIVE_DIMS) if download else 1, data, download=download)
    except DownloadError as error:
        raise ValueError(str(error)) from error
    return tuple(VectorsRef(source=v, sha256=v.sha256) for v in find_all(data))


def look(
    taxonomy: str, data: Path | None, *, download: bool = True, download_vectors: bool = False
) -> Look:
    """Find and read corpus and vectors; raises ValueError for whatever a search could not use.

    With `download_vectors` Stanford's archive (862 MB) is fetched into the cache, unless 300
    dimensions are at hand already.
    """
    from emoray.text.corpus import read_corpus
    from emoray.text.sources import locate

    labels = taxonomy_of(taxonomy)
    source = locate(data, download=download)
    corpus = read_corpus(source.folder, name=source.name, taxonomy=labels)
    return Look(
        data=Data(
            corpus=CorpusRef(name=source.name, sha256=corpus.sha256, folder=source.folder),
            vectors=_vectors(data, download_vectors),
        ),
        why=source.why,
        train=len(corpus.train),
        dev=len(corpus.dev),
        test=len(corpus.test),
        leaked=int(corpus.leaked_N.sum()),
    )
