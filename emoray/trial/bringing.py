"""Which corpus a job reads: one that the user brings, else the one that is always to be had."""

import re
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from emoray.labels import Taxonomy
from emoray.labels import taxonomy as taxonomy_of
from emoray.storage.cache import user_cache
from emoray.storage.place import Place, fetched, landing, place_of, ready
from emoray.storage.submitted import check_outlives
from emoray.tables.terminal import show, table
from emoray.text.bring.asked import HUB, Bring
from emoray.text.bring.first_look import FirstLook, first_look
from emoray.text.bring.importing import bring
from emoray.text.bring.label_names import said_names
from emoray.text.corpus import NAMES, SPLITS, taxonomies_of
from emoray.text.sources import SAMPLE, Source, locate, sample
from emoray.text.vectors import VectorSource
from emoray.trial.first_words import told_words
from emoray.trial.given_vectors import vectors_at_hand

USUAL = "ekman"  # the taxonomy where none is named
OPTIONS = re.compile(r"--(text-column|label-|positive-from|min-label-texts)")
SHOWN = 12  # labels of a first look, those with the fewest texts


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
) -> Source:
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
    return Source(name=found.name, folder=found.folder, why=f"from {asked.source}", said=found.said)


def taxonomy_for(name: str | None, source: Source, usual: str = USUAL) -> Taxonomy:
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


def _labels(look: FirstLook) -> str:
    kind = "one a text" if look.single else "any number a text"
    return f"{len(look.labels)} labels ({kind}), taxonomy {' or '.join(look.taxonomies)}"


def tell_look(source: Source, console: Console, vectors: Sequence[VectorSource] = ()) -> None:
    """The first look at a corpus that was brought: how it was understood, and what is in it.

    vectors: those of which it says how many of the corpus' words they know.
    """
    look = first_look(source.folder)
    why = source.why if source.why.isprintable() else repr(source.why)
    console.print(
        f"[bold]corpus {escape(source.name)}[/bold] {escape(why)}", highlight=False, soft_wrap=True
    )
    for said in (*source.said, _labels(look)):
        console.print(f"  {said}", markup=False, highlight=False, soft_wrap=True)
    console.print("")
    total_K = look.count_SK.sum(axis=0)
    rare = sorted(range(len(look.labels)), key=lambda k: (total_K[k], k))[:SHOWN]
    left = len(look.labels) - len(rare)
    made = table(f"Texts by label{', the rarest' if left else ''}", "label", *SPLITS)
    made.add_row("all texts", *(f"{size:,}" for size in look.sizes))
    for k in reversed(rare):
        made.add_row(escape(look.labels[k]), *(f"{count:,}" for count in look.count_SK[:, k]))
    made.add_row("without a label", *(f"{count:,}" for count in look.unlabelled))
    show(console, made)
    pairs = ", ".join(f"{p.first} + {p.second} {p.texts:,} ({p.share:.0%})" for p in look.pairs)
    twice = ", ".join(f"{count:,} {place}" for place, count in look.repeated.items() if count)
    median, high, most = look.words
    lines = [
        f"words a text: median {median}, 95 % up to {high}, most {most}",
        *told_words(source.folder, vectors),
        f"labels together (share of texts with either): {pairs or 'never'}",
        f"texts that stand twice: {twice or 'none'}",
    ]
    if left:
        lines.append(f"all {len(look.labels)} labels: {', '.join(look.labels)}")
    lines += [f"in emoray's form: {source.folder}", ""]
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _keep(source: Source, place: Place) -> None:
    """A copy of the corpus; ValueError where the folder keeps another one."""
    check_outlives(place, "--keep")
    ready(place)
    names = [*(f"{split}.tsv" for split in SPLITS), NAMES]
    files = {n: (source.folder / n).read_bytes() for n in names if (source.folder / n).is_file()}
    with landing(place, only=names) as folder:
        there = {n: (folder / n).read_bytes() for n in names if (folder / n).is_file()}
        if there and there != files:
            raise ValueError(
                f"a folder keeps one corpus, {place} holds another ({', '.join(there)}): name a "
                "new folder with --keep, or move that one away"
            )
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)


def run_corpus(
    asked: Bring,
    keep: Place | None,
    console: Console | None = None,
    *,
    data: Place | None = None,
    vector_files: Sequence[Place] = (),
) -> Source:
    """`jobs.corpus`: the first look alone, and a copy of the corpus where a folder is named.

    data: a folder with word vectors in `glove/`; vector_files: in place of all vectors at hand.
    """
    console = console or Console()
    source = find_corpus(asked, None)
    tell_look(source, console, vectors_at_hand(data, vector_files))
    if keep is not None:
        _keep(source, keep)
        console.print(f"kept: --corpus {keep}", highlight=False, markup=False, soft_wrap=True)
    return source
