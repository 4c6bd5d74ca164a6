"""Which corpus a job reads: one that the user brings, else the one that is always to be had."""

import re
from collections.abc import Sequence
from pathlib import Path

from emoray.data.corpus import taxonomies_of
from emoray.data.goemotions import SAMPLE, CorpusFolder, locate, sample
from emoray.data.importing.importing import bring
from emoray.data.importing.label_names import said_names
from emoray.data.importing.settings import HUB, Bring
from emoray.labels import Taxonomy
from emoray.labels import taxonomy as taxonomy_of
from emoray.storage.cache import user_cache
from emoray.storage.location import Place, fetched, place_of

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
    """What the options of a job say; None where they name no corpus.

    label_names: None of a job that has no options for columns.
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
        label_names=said_names(label_names or ()),
        positive_from=positive_from,
        min_label_texts=min_label_texts,
        seed=seed,
        has_options=label_names is not None,
    )


def find_corpus(
    asked: Bring | None,
    data: Place | None,
    *,
    download: bool = True,
    cache: Path | None = None,
) -> CorpusFolder:
    """The corpus that is brought, in emoray's own form; without one what `data`, the cache, the
    official download or the sample holds. `sample`, unless it is a file or folder here, names the
    embedded one. ValueError for whatever is wrong with it."""
    if asked is None:
        return locate(None if data is None else fetched(data), download=download)
    if asked.source == SAMPLE and not Path(SAMPLE).exists():
        return sample()
    where = asked.source
    if not where.startswith(HUB):
        where = str(fetched(place_of(where)))
    try:
        found = bring(asked, where, cache or user_cache())
    except ValueError as error:
        if asked.has_options or not OPTIONS.search(str(error)):
            raise
        raise ValueError(
            f"{error} (python -m jobs.corpus has these options, and keeps the corpus with --keep "
            "FOLDER as one that every --corpus reads)"
        ) from None
    return CorpusFolder(
        name=found.name, folder=found.folder, why=f"from {asked.source}", said=found.said
    )


def taxonomy_for(name: str | None, source: CorpusFolder, usual: str = USUAL) -> Taxonomy:
    """The taxonomy of that name that the corpus has. Without a name: `own` of a corpus with labels
    of its own, all of GoEmotions' labels of one that is brought, else the usual one."""
    kinds = taxonomies_of(source.folder)
    if name is None and (source.said or len(kinds) == 1):
        return kinds[0]
    return taxonomy_of(name or usual, kinds)


def about_run(taxonomy: str | None, asked: Bring | None, usual: str = USUAL) -> str:
    """What a run's folder is called after: the corpus that is brought, else the taxonomy."""
    if asked is None:
        return taxonomy or usual
    return f"{asked.called}-{taxonomy}" if taxonomy else asked.called
