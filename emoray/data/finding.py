"""Choose the corpus that a job reads: an imported one, else the default one."""

import re
from pathlib import Path

from emoray.data.corpus import taxonomies_of
from emoray.data.goemotions import SAMPLE, CorpusFolder, locate, sample
from emoray.data.importing.importing import import_corpus
from emoray.data.importing.settings import HUB, USUAL, CorpusSource
from emoray.labels import Taxonomy
from emoray.labels import taxonomy as taxonomy_of
from emoray.storage.cache import user_cache
from emoray.storage.location import Place, local_copy, place_of

OPTIONS = re.compile(r"--(text-column|feature-column|label-|positive-from|min-label-texts)")


def find_corpus(
    options: CorpusSource | None,
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
        found = import_corpus(options, where, cache or user_cache())
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
