"""Choose the corpus that a job reads: an imported one, else the default one."""

import re
from collections.abc import Sequence
from pathlib import Path

from emoray.data.corpus import taxonomies_of
from emoray.data.goemotions import SAMPLE, CorpusFolder, locate, sample
from emoray.data.importing.importing import bring
from emoray.data.importing.label_names import parse_label_names
from emoray.data.importing.settings import HUB, Bring
from emoray.labels import Taxonomy
from emoray.labels import taxonomy as taxonomy_of
from emoray.storage.cache import user_cache
from emoray.storage.location import Place, local_copy, place_of

USUAL = "ekman"  # the taxonomy where none is named


OPTIONS = re.compile(r"--(text-column|label-|positive-from|min-label-texts)")


def bring_or_none(
    source: str | None,
    *,
    name: str | None = None,
    text_column: str | None = None,
    label_columns: Sequence[str] = (),
    label_separator: str | None = None,
    label_names: Sequence[str] | None = None,
    positive_from: float | None = None,
    min_label_texts: int = 1,
    seed: int = 0,
) -> Bring | None:
    """Build the corpus settings from the options of a job; None where they name no corpus.

    Args:
        source: of `--corpus`.
        name: what tables call it.
        text_column: that holds the texts.
        label_columns: one that holds all labels of a text, or several of 0 and 1.
        label_separator: between the labels in a cell.
        label_names: names of ids; None for a job that has no options for columns.
        positive_from: share from which on a label is positive.
        min_label_texts: labels with fewer texts are dropped.
        seed: of the splits.

    Returns:
        The settings, or None without a source.

    Raises:
        ValueError: if options of a corpus are given without a source.
    """
    if source is None:
        columns = text_column or label_columns or label_separator or label_names
        if name or columns or positive_from is not None or min_label_texts > 1:
            raise ValueError(
                "--text-column, --label-column and their kin say how --corpus is read, got them "
                "without: add --corpus"
            )
        return None
    return Bring(
        source=source,
        name=name,
        text_column=text_column,
        label_columns=tuple(label_columns),
        label_separator=label_separator,
        label_names=parse_label_names(label_names or ()),
        positive_from=positive_from,
        min_label_texts=min_label_texts,
        seed=seed,
        has_options=label_names is not None,
    )


def find_corpus(
    options: Bring | None,
    data: Place | None,
    *,
    download: bool = True,
    cache: Path | None = None,
) -> CorpusFolder:
    """Find the corpus that a job reads.

    Without settings it is what `data`, the cache, the official download or the sample holds. The
    name `sample`, unless it is a file or folder here, is the embedded one.

    Args:
        options: an imported corpus' settings, or None.
        data: the folder with `goemotions/`.
        download: whether GoEmotions may be downloaded.
        cache: where imported corpora are kept; the user's cache by default.

    Returns:
        The folder of the corpus in emoray's own form.

    Raises:
        ValueError: if the corpus cannot be read.
    """
    if options is None:
        return locate(None if data is None else local_copy(data), download=download)
    if options.source == SAMPLE and not Path(SAMPLE).exists():
        return sample()
    where = options.source
    if not where.startswith(HUB):
        where = str(local_copy(place_of(where)))
    try:
        found = bring(options, where, cache or user_cache())
    except ValueError as error:
        if options.has_options or not OPTIONS.search(str(error)):
            raise
        raise ValueError(
            f"{error} (python -m jobs.corpus has these options, and keeps the corpus with --keep "
            "FOLDER as one that every --corpus reads)"
        ) from None
    return CorpusFolder(
        name=found.name, folder=found.folder, why=f"from {options.source}", notes=found.notes
    )


def taxonomy_for(name: str | None, source: CorpusFolder, usual: str = USUAL) -> Taxonomy:
    """The taxonomy of that name that a corpus has.

    Without a name: `own` of a corpus with labels of its own, all of GoEmotions' labels of an
    imported one, else the default.

    Returns:
        A taxonomy of the corpus' labels.
    """
    kinds = taxonomies_of(source.folder)
    if name is None and (source.notes or len(kinds) == 1):
        return kinds[0]
    return taxonomy_of(name or usual, kinds)


def about_run(taxonomy: str | None, options: Bring | None, usual: str = USUAL) -> str:
    """The name of a run's folder: the imported corpus', else the taxonomy's."""
    if options is None:
        return taxonomy or usual
    return f"{options.called}-{taxonomy}" if taxonomy else options.called
