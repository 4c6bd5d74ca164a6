"""`jobs.reproduce`: do rows of a run come out again?"""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from rich.console import Console

from emoray.console.progress import progress
from emoray.models.recipe import Recipe
from emoray.models.word.initial_vectors import PretrainedVectors
from emoray.stages.distillation.at_hand import with_teachers
from emoray.stages.families.registry import FAMILIES
from emoray.stages.inputs import require_encoder, summarize_corpus
from emoray.stages.spec import CorpusRef, Data
from emoray.stages.spec_json import read_spec
from emoray.storage.location import local_copy
from emoray.workflows.reproduce import printing
from emoray.workflows.reproduce.artifacts import artifact_of
from emoray.workflows.reproduce.chain import StoreCheck
from emoray.workflows.reproduce.record import RecordedRun, member_specs, other_machine, read_record
from emoray.workflows.reproduce.rerun import run_again
from emoray.workflows.reproduce.retrain import train_anew
from emoray.workflows.reproduce.verdict import TOLERANCE, group_verdicts
from emoray.workflows.settings.run import Reproduce


def _recipes(record: RecordedRun) -> Iterator[Recipe]:
    """Recipes of the rows' models, and of ensembles' members."""
    for row in record.rows:
        spec = record.spec(row)
        for each in member_specs(record, spec) if spec["weighing"] else (spec,):
            yield read_spec(each["recipe"])


def _data(settings: Reproduce, record: RecordedRun) -> Data:
    """Corpus, vectors, encoders and teachers of the rows' trainings, as at hand here."""
    recipes = list(_recipes(record))
    given = any(FAMILIES[r.family].word_vectors(r) == PretrainedVectors() for r in recipes)
    found = summarize_corpus(
        record.start["taxonomy"],
        local_copy(settings.data) if settings.data else None,
        corpus=settings.corpus,
        download=settings.download,
        vector_files=(settings.vector_files or None) if given else (),
    )
    encoders = dict.fromkeys(FAMILIES[r.family].encoder(r) for r in recipes)
    data = replace(found.data, encoders=tuple(require_encoder(name) for name in encoders if name))
    return with_teachers(data, recipes)


def _corpus(settings: Reproduce, record: RecordedRun) -> CorpusRef:
    """The corpus of the run; ValueError where another is at hand."""
    found = summarize_corpus(
        record.start["taxonomy"],
        local_copy(settings.data) if settings.data else None,
        corpus=settings.corpus,
        download=settings.download,
        vector_files=(),
    )
    if found.data.corpus.sha256 != record.start["corpus_sha256"]:
        raise ValueError(
            f"rows are reproduced on the corpus of their run, {record.start['corpus']} "
            f"{record.start['corpus_sha256'][:12]}…, got {found.data.corpus.name} "
            f"{found.data.corpus.sha256[:12]}…: name its folder with --data or --corpus"
        )
    return found.data.corpus


def run_reproduce(settings: Reproduce, console: Console | None = None) -> int:
    """Reproduce rows one by one and print the results.

    ValueError for a mistake in the settings, an unfinished run, or another corpus.

    Args:
        settings: which rows of which run.
        console: the terminal.

    Returns:
        How many rows were not reproduced.
    """
    console = console or Console()
    record = read_record(settings.run, settings.points, settings.sample, settings.seed)
    corpus = cache(_corpus(settings, record).read)
    elsewhere = other_machine(record)
    store = record.store(settings.store)
    check = StoreCheck(store) if settings.stages else None
    printing.announce_rows(console, record, elsewhere, TOLERANCE)
    failed = 0
    data = cache(lambda: _data(settings, record))
    with progress(console, "reproduced", unit="rows", total=len(record.rows)) as shown:
        for done, row in enumerate(record.rows):
            shown.update(done)
            with tempfile.TemporaryDirectory(prefix="emoray-") as scratch:
                try:
                    chain = check.chain(record.spec(row)["key"]) if check else None
                    folder = artifact_of(record, row, store, data, Path(scratch) / "artifact")
                    again = run_again(record, row, folder, corpus(record.taxonomy(row)))
                    groups = list(group_verdicts(row, again, same_machine=not elsewhere))
                except ValueError as error:
                    printing.print_refused(console, row, error)
                    failed += 1
                    continue
                printing.print_row(console, row, groups, chain, store)
                whole = chain is None or chain.is_whole
                failed += not (whole and all(group.holds for group in groups))
                if settings.from_scratch:
                    others = [s for s in range(settings.seeds + 1) if s != row["seed"]]
                    trained = train_anew(
                        record, row, data(), Path(scratch) / "store", others[: settings.seeds]
                    )
                    printing.print_spread(console, row, trained)
    printing.print_total(console, len(record.rows), failed, stages=settings.stages)
    return failed
