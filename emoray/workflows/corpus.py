"""`jobs.corpus`: a summary of a corpus, and a copy of it."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from emoray.data.corpus import FILES, SPLITS
from emoray.data.finding import find_corpus
from emoray.data.goemotions import CorpusFolder
from emoray.data.importing.settings import CorpusSource
from emoray.data.summary import CorpusCounts, count_corpus
from emoray.stages.given_vectors import vectors_at_hand
from emoray.storage.location import Place, check_writable, staged_output
from emoray.storage.submitted import check_outlives
from emoray.tables.terminal import print_titled, table
from emoray.text.vectors.sources import VectorSource
from emoray.workflows.corpus_words import word_sentences

SHOWN = 12  # labels of a first look, those with the fewest texts


def warn_of_sample(source: CorpusFolder, console: Console) -> None:
    """Say it where the embedded sample stands in for a GoEmotions that was not found."""
    if source.stands_in:
        console.rule("[bold red]GoEmotions was not found: this run uses the embedded sample")
        console.print(f"{source.why}\nIts figures show that everything works, and little more.")


def _labels(look: CorpusCounts) -> str:
    kind = "one a text" if look.single else "any number a text"
    return f"{len(look.labels)} labels ({kind}), taxonomy {' or '.join(look.taxonomies)}"


def print_summary(
    source: CorpusFolder, console: Console, vectors: Sequence[VectorSource] = ()
) -> None:
    """Print the summary of an imported corpus: how it was read, and what is in it.

    Args:
        source: the corpus.
        console: the terminal.
        vectors: whose coverage of the corpus' words is printed too.
    """
    look = count_corpus(source.folder)
    why = source.why if source.why.isprintable() else repr(source.why)
    console.print(
        f"[bold]corpus {escape(source.name)}[/bold] {escape(why)}", highlight=False, soft_wrap=True
    )
    for note in (*source.notes, _labels(look)):
        console.print(f"  {note}", markup=False, highlight=False, soft_wrap=True)
    console.print("")
    total_K = look.count_SK.sum(axis=0)
    rare = sorted(range(len(look.labels)), key=lambda k: (total_K[k], k))[:SHOWN]
    left = len(look.labels) - len(rare)
    made = table(f"Texts by label{', the rarest' if left else ''}", "label", *SPLITS)
    made.add_row("all texts", *(f"{size:,}" for size in look.sizes))
    for k in reversed(rare):
        made.add_row(escape(look.labels[k]), *(f"{count:,}" for count in look.count_SK[:, k]))
    made.add_row("without a label", *(f"{count:,}" for count in look.unlabelled))
    print_titled(console, made)
    pairs = ", ".join(f"{p.first} + {p.second} {p.texts:,} ({p.share:.0%})" for p in look.pairs)
    twice = ", ".join(f"{count:,} {place}" for place, count in look.repeated.items() if count)
    median, high, most = look.words
    of_texts = [
        f"words a text: median {median}, 95 % up to {high}, most {most}",
        *word_sentences(source.folder, vectors),
    ]
    lines = [
        *(of_texts if look.features is None else [f"features a row: {look.features.width}"]),
        f"labels together (share of texts with either): {pairs or 'never'}",
        f"texts that stand twice: {twice or 'none'}",
    ]
    if left:
        lines.append(f"all {len(look.labels)} labels: {', '.join(look.labels)}")
    lines += [f"in emoray's form: {source.folder}", ""]
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _keep(source: CorpusFolder, place: Place) -> None:
    """Copy the corpus; ValueError where the folder holds another one."""
    check_outlives(place, "--keep")
    check_writable(place)
    names = list(FILES)
    files = {n: (source.folder / n).read_bytes() for n in names if (source.folder / n).is_file()}
    with staged_output(place, only=names) as folder:
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
    asked: CorpusSource,
    keep: Place | None,
    console: Console | None = None,
    *,
    data: Place | None = None,
    vector_files: Sequence[Place] = (),
) -> CorpusFolder:
    """Print the summary of a corpus, and copy it where a folder is named.

    Args:
        asked: the corpus.
        keep: where it is copied; None for no copy.
        console: the terminal.
        data: a folder with word vectors in `glove/`.
        vector_files: in place of all vectors at hand.

    Returns:
        The corpus in emoray's form.
    """
    console = console or Console()
    source = find_corpus(asked, None)
    print_summary(source, console, vectors_at_hand(data, vector_files))
    if keep is not None:
        _keep(source, keep)
        console.print(f"kept: --corpus {keep}", highlight=False, markup=False, soft_wrap=True)
    return source
