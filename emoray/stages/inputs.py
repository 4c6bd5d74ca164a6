"""Inputs of a search: found, checked and counted before any worker starts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emoray.data.finding import find_corpus, taxonomy_for
from emoray.data.goemotions import CorpusFolder
from emoray.data.importing.settings import CorpusSource
from emoray.labels import Taxonomy
from emoray.labels import taxonomy as taxonomy_of
from emoray.stages.encoders import require_readable
from emoray.stages.spec import CorpusRef, Data, EncoderRef, VectorsRef
from emoray.storage.location import Place, local_copy, place_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusSummary:
    """What was found, and how many texts it holds."""

    data: Data
    source: CorpusFolder
    taxonomy: Taxonomy
    train: int
    dev: int
    test: int
    leaked: int

    @property
    def inputs(self) -> dict[str, str]:
        """Digests that identify a run on these data, as its folder keeps them."""
        return {
            "corpus": self.data.corpus.name,
            "corpus_sha256": self.data.corpus.sha256,
            "taxonomy": self.taxonomy.name,
            "encoders": " ".join(e.sha256 for e in self.data.encoders) or "none",
        }

    @property
    def dims(self) -> tuple[int, ...]:
        """Widths of the vectors found, or of the features, narrowest first."""
        return self.data.corpus.dims or tuple(sorted({v.dim for v in self.data.vectors}))


def vectors_at_hand(
    data: Path | None, files: Sequence[Place] | None = None, *, download: bool = False
) -> tuple[VectorsRef, ...]:
    """Find word vectors.

    Args:
        data: a folder that may have some.
        files: in place of all others.
        download: whether Stanford's archive is downloaded into the cache.

    Returns:
        All that were found.

    Raises:
        ValueError: there are none.
    """
    from emoray.data.download import DownloadError
    from emoray.stages.given_vectors import vectors_at
    from emoray.text.vectors.sources import ARCHIVE_DIMS, find_all, find_vectors

    if files is not None:
        return tuple(vectors_at(place) for place in files)
    try:
        find_vectors(max(ARCHIVE_DIMS) if download else 1, data, download=download)
    except DownloadError as error:
        raise ValueError(str(error)) from error
    return tuple(VectorsRef(source=v, sha256=v.sha256) for v in find_all(data))


def require_encoder(name: str, texts: Sequence[str] = ()) -> EncoderRef:
    """Find the encoder of that name; ValueError where it reads texts unlike transformers.

    Args:
        name: of the hub, a folder, or s3://bucket/prefix.
        texts: of the corpus, to try it on.

    Returns:
        The encoder, named by its content.
    """
    from emoray.models.encoder.architecture import architecture_of, embedding_width
    from emoray.models.encoder.extra import require_bert
    from emoray.models.encoder.sources import find_encoder as find
    from emoray.models.encoder.weights import position_count, read_config

    require_bert()
    source = find(str(local_copy(place_of(name))) if name.startswith("s3://") else name)
    config = read_config(source.folder)
    kind = architecture_of(config)
    longest = min(64, position_count(config, kind))
    require_readable(source.folder, texts, max_tokens=longest)
    return EncoderRef(
        name=source.name,
        sha256=source.sha256,
        folder=source.folder,
        width=embedding_width(config, kind),
        layers=int(config[kind.depth]),
        positions=position_count(config, kind),
    )


def summarize_corpus(
    taxonomy: str | None,
    data: Path | None,
    *,
    corpus: CorpusSource | None = None,
    download: bool = True,
    download_vectors: bool = False,
    encoders: Sequence[str] = (),
    vector_files: Sequence[Place] | None = None,
    vectors_too: bool = False,
) -> CorpusSummary:
    """Find and read corpus and vectors; ValueError for all that a search could not use.

    Args:
        taxonomy: None for the usual one of the corpus.
        data: a folder with GoEmotions or word vectors.
        corpus: one to import in place of GoEmotions.
        download: whether GoEmotions may be downloaded.
        download_vectors: whether Stanford's archive (862 MB) is downloaded into the cache, unless
            300 dimensions are at hand already.
        encoders: names to find in place of word vectors.
        vector_files: in place of all word vectors at hand; empty where none are needed.
        vectors_too: whether vectors are looked for beside encoders.

    Returns:
        What was found, and how many texts each split has.
    """
    from emoray.data.corpus import read_splits

    if corpus is None and taxonomy is not None:
        taxonomy_of(taxonomy)  # refused before anything is downloaded
    source = find_corpus(corpus, data, download=download)
    labels = taxonomy_for(taxonomy, source)
    found = read_splits(source.folder, name=source.name, taxonomy=labels)
    return CorpusSummary(
        data=Data(
            corpus=CorpusRef.of(found, source.folder),
            vectors=()
            if (encoders and not vectors_too) or found.train.features_NF is not None
            else vectors_at_hand(data, vector_files, download=download_vectors),
            encoders=tuple(require_encoder(name, found.dev.texts) for name in encoders),
        ),
        source=source,
        taxonomy=labels,
        train=len(found.train),
        dev=len(found.dev),
        test=len(found.test),
        leaked=int(found.leaked_N.sum()),
    )
