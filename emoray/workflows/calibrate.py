"""`jobs.calibrate`: decisions fitted on dev for a finished artifact, and their gain on test."""

from pathlib import Path

from rich.console import Console

from emoray.artifact.loading import Finished, open_artifact, taxonomies_of_artifact
from emoray.console.progress import progress
from emoray.stages.artifact_scoring import evaluate_on
from emoray.stages.derived_artifact import beginning, with_best_way
from emoray.storage.location import Place, staged_output, tables_at
from emoray.storage.run_folder import record_inputs
from emoray.tables.files import write_table
from emoray.tables.finished_rows import CalibrationLabelRow, CalibrationRow, ChangeRow
from emoray.tables.rows import ReliabilityRow
from emoray.tables.terminal import print_titled
from emoray.workflows import calibrate_tables as tables
from emoray.workflows import calibration as fit
from emoray.workflows.run_place import free_place
from emoray.workflows.settings.calibrate import Calibrate


def explain_gain(found: fit.Calibrated) -> tuple[str, str]:
    """Sentences on the gain of the chosen decision: by thresholds and by temperature alone."""
    chosen, others = found.chosen, range(1, len(found.names))
    return (
        tables.threshold_sentence(
            found.change("macro_f1", 0, chosen),
            max(found.flips(found.unfitted(r), r) for r in others),
            found.logits.test_NK.size,
        ),
        tables.temperature_sentence(
            found.change("ece", 0, chosen),
            found.change("nll", 0, chosen),
            float(found.temperature_R[0]),
            float(found.temperature_R[chosen]),
        ),
    )


def _figures(folder: Path) -> list[str]:
    """Draw figures from the tables in the folder; return their names."""
    from emoray.report.calibration import draw_calibration

    return [path.relative_to(folder).as_posix() for path in draw_calibration(folder)]


def _subject(settings: Calibrate) -> tuple[Finished, bool]:
    """The artifact as it decides, and whether it is about to decide in a coarser taxonomy."""
    finished = open_artifact(settings.artifact)
    if settings.groups is not None or (
        settings.taxonomy is not None and settings.taxonomy not in taxonomies_of_artifact(finished)
    ):
        if finished.softmax:
            raise ValueError(
                "a coarser taxonomy comes of a probability for each label by itself, got the "
                f"artifact {finished.name}, which gives one label a text: leave --taxonomy and "
                "--groups out"
            )
        return beginning(finished, settings.taxonomy, settings.groups), True
    return open_artifact(settings.artifact, settings.taxonomy), False


def run_calibrate(settings: Calibrate, console: Console | None = None) -> Place:
    """Fit decisions for an artifact; write calibration, changes, calibration_labels, reliability.

    The artifact is only read. Logits are kept in the store: a second call scores nothing.

    Args:
        settings: which artifact on what corpus.
        console: the terminal.

    Returns:
        The folder of the tables.
    """
    console = console or Console()
    finished, begins = _subject(settings)
    evaluation = evaluate_on(finished, settings)
    inputs = {"job": "jobs.calibrate", **evaluation.inputs}
    out = free_place(settings.lands, inputs, console)
    what = f"artifact {finished.name}"
    tables.announce_corpus(console, evaluation.source, evaluation.taxonomy, what)
    with progress(console, "scoring dev and test"):
        if begins:
            evaluation, by_way = with_best_way(evaluation)
        found = fit.calibrate_artifact(evaluation)
    if begins:
        console.print(tables.ways_sentence(evaluation.subject, by_way), soft_wrap=True)
    rows = fit.calibration_rows(found, evaluation)
    changes, labels = fit.calibration_changes(found), fit.label_rows(found)
    bins = fit.reliability_rows(found, found.temperature_R[[0, found.chosen]].tolist())
    with staged_output(out) as folder:
        record_inputs(out, inputs)
        write_table(rows, folder / "calibration.parquet", CalibrationRow)
        write_table(changes, folder / "changes.parquet", ChangeRow)
        write_table(labels, folder / "calibration_labels.parquet", CalibrationLabelRow)
        write_table(bins, folder / "reliability.parquet", ReliabilityRow)
        figures = _figures(folder) if settings.figures else []
    chosen = found.names[found.chosen]
    for made in (
        tables.decisions_table(rows),
        tables.change_table(changes, fit.SAVED, chosen),
        tables.labels_table(labels, chosen),
    ):
        print_titled(console, made)
    for sentence in explain_gain(found):
        console.print(sentence, highlight=False, soft_wrap=True)
    for name in figures:
        console.print(f"figure {out / name}", highlight=False, soft_wrap=True)
    console.print(
        f"tables {tables_at(out)}\nnothing was written into the artifact; to save {chosen!r} there:"
        f"\n  python -m jobs.decide --artifact {settings.artifact} "
        f"--from {out}/calibration.parquet",
        highlight=False,
        soft_wrap=True,
    )
    return out
