"""`jobs.vectors`: word vectors from a text file or a corpus' train, to files that a sweep reads."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from emoray.console.progress import Progress, progress
from emoray.data.corpus import read_records
from emoray.data.goemotions import CorpusFolder
from emoray.stages.text_lengths import MOST_WORDS, word_lengths
from emoray.storage.location import Place, child, local_copy, staged_output
from emoray.storage.run_folder import ready_out, record_inputs
from emoray.storage.store.manifest import file_sha256
from emoray.tables.terminal import print_titled, table
from emoray.text.vectors.cooccurrence import Counts, count_pairs
from emoray.text.vectors.quality import (
    agreement,
    inflection_score,
    inflections,
    neighbours,
)
from emoray.text.vectors.settings import Ppmi
from emoray.text.vectors.sources import VectorSource, find_all
from emoray.text.vectors.texts import read_lines
from emoray.text.vectors.training import train_vectors
from emoray.text.vectors.writing import names_for, write_vectors
from emoray.text.words import tokenize
from emoray.workflows.run_place import free_place
from emoray.workflows.settings.vectors import Training

SHOWN = ("happy", "sad", "angry", "love", "afraid", "thanks", "funny", "sorry")
AT_LEAST = (
    4  # words whose neighbours are shown, the most frequent ones where none of these is known
)
NEIGHBOURS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSources:
    """A local file of texts; `source` is the corpus whose train it is, None for a text file."""

    path: Path
    source: CorpusFolder | None

    @property
    def inputs(self) -> dict[str, str]:
        """Digests that identify vectors of these texts, as their folder keeps them."""
        name = self.path.name if self.source is None else self.source.name
        return {"job": "jobs.vectors", "texts": name, "texts_sha256": file_sha256(self.path)}


def _found(training: Training) -> TextSources:
    if training.text is not None:
        path = local_copy(training.text)
        if not path.is_file():
            raise ValueError(
                f"word vectors come from a text file, one text a line, got no file "
                f"{training.text}: check the path"
            )
        return TextSources(path=path, source=None)
    source = training.find_texts("a training of word vectors")
    return TextSources(path=source.folder / "train.tsv", source=source)


def _words_of(found: TextSources) -> tuple[str, Iterator[list[str]]]:
    """Name of the texts, and an iterator over the words of each."""
    source = found.source
    if source is None:
        return str(found.path), (tokenize(text) for text in read_lines(found.path))
    _, records = read_records(source.folder, "train")
    limit = word_lengths(source.folder).limit(MOST_WORDS)
    words = (tokenize(text)[:limit] for _, text, _ in records)
    return f"train of corpus {source}", words


def _counted_texts(texts: Iterator[list[str]], shown: Progress) -> Iterator[list[str]]:
    for number, words in enumerate(texts, start=1):
        yield words
        shown.update(number)


def _counted(training: Training, found: TextSources, console: Console) -> Counts:
    what, texts = _words_of(found)
    console.print(f"texts {what}", highlight=False, soft_wrap=True, markup=False)
    settings = training.own
    with progress(console, "read", unit="texts") as shown:
        return count_pairs(
            _counted_texts(texts, shown),
            window=settings.window,
            min_count=settings.min_count,
            max_words=settings.max_words,
        )


def _trained(training: Training, counts: Counts, console: Console) -> np.ndarray:
    method = training.own.method
    total = None if isinstance(method, Ppmi) else method.epochs
    with progress(console, unit="epochs", total=total) as shown:
        return train_vectors(
            counts,
            training.own,
            dim=training.dim,
            report=lambda epoch, loss: shown.update(epoch, notes=f"loss {loss:.4f}"),
        )


def _near(training: Training, words: tuple[str, ...]) -> tuple[str, ...]:
    """Words whose neighbours are shown; ValueError for one of the user's without a vector."""
    known = set(words)
    for word in training.near:
        if word not in known:
            raise ValueError(
                f"neighbours are shown of words that stand {training.own.min_count} times or "
                f"more in the texts, got {word!r}: name another, or a smaller --min-count"
            )
    usual = [word for word in SHOWN if word in known]
    return training.near or tuple(usual or [w for w in words if w.isalpha()][-AT_LEAST:])


def _print_neighbours(
    near: Sequence[str], words: Sequence[str], vectors_VD: np.ndarray, console: Console
) -> None:
    made = table("Nearest words, by cosine", "word", "nearest", left=2)
    for word in near:
        found = neighbours(words, vectors_VD, word, NEIGHBOURS)
        made.add_row(word, ", ".join(f"{other} {cosine:.2f}" for other, cosine in found))
    made.columns[1].no_wrap = False
    print_titled(console, made)


def _at_hand(training: Training) -> VectorSource | None:
    """The widest given vectors, to compare with; None where there are none."""
    data = None if training.text is not None else training.data
    found = find_all(None if data is None else local_copy(data))
    return found[-1] if found else None


def _print_checks(
    others: VectorSource | None, words: Sequence[str], vectors_VD: np.ndarray, console: Console
) -> None:
    """Print two checks: inflections of both kinds of vectors, and the agreement of both."""
    name = "given" if others is None else others.name
    made = table("Do they make sense?", "check", "these", name)
    pairs, score = len(inflections(words)), inflection_score(words, vectors_VD)
    scored = agreed = "none at hand"
    if others is not None:
        known, others_VD = others.load(words)
        row = {word: i for i, word in enumerate(known)}
        shared = [word for word in words if word in row]  # in the order of frequency here
        others_VD = others_VD[[row[word] for word in shared]]
        scored = f"{inflection_score(shared, others_VD):.3f}"
        agreed = f"{agreement(words, vectors_VD, shared, others_VD):.3f}"
    made.add_row(f"{pairs:,} inflections nearer than chance, which is 0.5", f"{score:.3f}", scored)
    made.add_row("rank correlation of cosines among frequent words", "", agreed)
    print_titled(console, made)


def run_training(training: Training, console: Console | None = None) -> tuple[Place, ...]:
    """Train word vectors, write all three files, print checks of them.

    ValueError for settings or texts that cannot be trained on.

    Args:
        training: on what, how, and where to.
        console: the terminal.

    Returns:
        The files.
    """
    console = console or Console()
    names = names_for(training.file)
    ready_out(training.out)
    found = _found(training)
    folder = free_place(training.lands, found.inputs, console)
    begun = time.perf_counter()
    with staged_output(folder, only=names) as here:
        counts = _counted(training, found, console)
        near = _near(training, counts.words)
        console.print(
            f"{counts.texts:,} texts, {counts.running:,} words; {len(counts.words):,} different "
            f"ones stand {training.own.min_count} times or more, near each other in "
            f"{counts.matrix_VV.nnz:,} pairs ({time.perf_counter() - begun:.1f} s)",
            highlight=False,
            soft_wrap=True,
        )
        vectors_VD = _trained(training, counts, console)
        console.print(
            f"{training.own}, {training.dim} dimensions "
            f"({time.perf_counter() - begun:.1f} s in all)\n",
            highlight=False,
            soft_wrap=True,
        )
        record_inputs(folder, found.inputs)
        write_vectors(here, names[0], counts.words, vectors_VD)
    _print_neighbours(near, counts.words, vectors_VD, console)
    _print_checks(_at_hand(training), counts.words, vectors_VD, console)
    written = tuple(child(folder, name) for name in names)
    console.print(
        *(f"file {each}" for each in written),
        f"next  python -m jobs.sweep --vectors-file {written[0]}",
        sep="\n",
        highlight=False,
        soft_wrap=True,
        markup=False,
    )
    return written
