"""Score texts in files with an artifact: what is there already is left, the rest made on Ray."""

from collections.abc import Sequence

from rich.console import Console

from emoray.artifact.loading import Finished, open_artifact
from emoray.console.progress import progress
from emoray.prediction.columns import OutputColumns, ShippedDecision
from emoray.prediction.found import FoundFile, find_texts
from emoray.prediction.indexing import columns_of, refuse_column
from emoray.prediction.record import (
    OutputRequest,
    kept_record,
    open_record,
    outputs_in,
)
from emoray.prediction.scoring import Network, part_rows_of
from emoray.storage.location import Place, absolute, place_of
from emoray.storage.lock import alone_in
from emoray.storage.parallel import in_parallel
from emoray.storage.run_folder import ready_out
from emoray.tables.prediction_rows import PredictionSummaryRow
from emoray.workflows.predict.printing import print_summary, print_unchanged
from emoray.workflows.predict.publish import write_summary
from emoray.workflows.settings.predict import TEXT, Predict


def _column(settings: Predict, artifact: Finished) -> str:
    """The column that is read: as asked for, else the one that features were trained from."""
    usual = settings.text_column == TEXT
    return artifact.column if usual and artifact.column else settings.text_column


def _request(settings: Predict, artifact: Finished) -> OutputRequest:
    return OutputRequest(
        artifact=artifact.sha256,
        network=artifact.model_sha256,
        labels=artifact.labels,
        text_column=_column(settings, artifact),
        kept=settings.kept,
        logits=settings.logits,
        prefix=settings.prefix,
        taxonomy=artifact.taxonomy,
    )


def _store(settings: Predict, artifact: Finished) -> Place:
    """Where logits are kept: beside the output, or where an earlier one has them."""
    if settings.redecide is None:
        return settings.store_beside(settings.out)
    earlier = kept_record(settings.redecide)
    if earlier is None:
        raise ValueError(
            "what is decided anew is a folder that jobs.predict wrote, got none at "
            f"{settings.redecide}: name one, or leave --redecide out"
        )
    if (network := earlier["request"]["network"]) != artifact.model_sha256:
        raise ValueError(
            f"what is decided anew has the logits of the same network, {settings.redecide} those "
            f"of {network[:12]}… and {artifact.place} has {artifact.model_sha256[:12]}…: leave "
            "--redecide out to score the texts"
        )
    return absolute(settings.store or place_of(earlier["store"]))


def _check_columns(
    files: Sequence[FoundFile], columns: OutputColumns, column: str, artifact: Finished
) -> None:
    """Refuse files without the column of texts, or whose columns cannot be passed on."""
    for found, (types, _) in zip(
        files, in_parallel(lambda each: columns_of(each.file), files), strict=True
    ):
        if types:
            refuse_column(found.file, types, column, features=artifact.width > 0)
            columns.own(list(types), artifact.labels, found.file.place)


def run_predict(settings: Predict, console: Console | None = None) -> list[PredictionSummaryRow]:
    """Write an output for each file of texts that has none yet, and a summary of all.

    Args:
        settings: which texts, which artifact, what is written.
        console: the terminal.

    Returns:
        The rows of the summary.

    Raises:
        ValueError: a mistake in settings or files; before any worker starts, where it can be seen
            by then.
    """
    console = console or Console()
    artifact = open_artifact(settings.artifact, settings.taxonomy)
    out, request = absolute(settings.out), _request(settings, artifact)
    store = _store(settings, artifact)
    record = open_record(out, request, store, settings.texts)
    with progress(console, "reading the files of texts"):
        files = find_texts(settings.texts, record.known())
        there = outputs_in(out)
    todo = [found for found in files if not record.is_written(found, there)]
    if not todo:
        return print_unchanged(record, files, console)
    columns = OutputColumns(
        kept=settings.kept or None, logits=settings.logits, prefix=settings.prefix
    )
    _check_columns(todo, columns, request.text_column, artifact)
    ready_out(out, store)
    with alone_in(out) as still_alone:
        record.write()
        from emoray.workflows.predict.scoring import ScoringRun  # with Ray, which takes a second

        run = ScoringRun(
            record=record,
            store=store,
            still_alone=still_alone,
            cluster=settings.cluster,
            workers=settings.workers,
            scored_before=settings.redecide is not None,
        )
        broken = run.score(
            todo,
            text_column=request.text_column,
            part_rows=part_rows_of(artifact),
            network=Network.of(artifact),
            decision=ShippedDecision.of(artifact),
            columns=columns,
            console=console,
        )
        still_alone()
        record.write()
        rows = write_summary(record)
    print_summary(record, rows, new=len(todo) - len(broken), console=console)
    if broken:
        name, why = next(iter(broken.items()))
        raise ValueError(
            f"{len(broken)} of {len(files)} files have no output, the first is {name} ({why}): "
            "mend or leave them out, then run the same command again; the others are done"
        )
    return rows
