"""`jobs.monitor`: whether an artifact in production still does what it did."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console

from emoray.console.progress import progress
from emoray.console.wording import count
from emoray.monitoring.judging import Judge
from emoray.monitoring.prometheus import write_prometheus
from emoray.storage.location import Place, staged_output
from emoray.storage.run_folder import record_inputs
from emoray.tables.drift_rows import DriftRow
from emoray.tables.files import table_of, write_table
from emoray.workflows.monitor.reading import WatchedLog, read_log
from emoray.workflows.monitor.rows import Alarm, alarms_of, drift_rows
from emoray.workflows.run_place import free_place
from emoray.workflows.settings.monitor import Monitor

PAGE = "drift.html"
TOLD = 5  # alarms in words at the top of the page


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitored:
    """What came of it. out: the folder of table and page."""

    alarms: tuple[Alarm, ...]
    out: Place


def _result(log: WatchedLog, alarms: Sequence[Alarm]) -> str:
    texts = sum(window.texts for window in log.windows)
    over = f"{texts:,} texts in {count(len(log.windows), 'window')}"
    if not alarms:
        return f"No change beyond chance and margins: {over}."
    holding = sum(alarm.holds for alarm in alarms)
    return f"{count(len(alarms), 'alarm')}, {holding} of them in the last window: {over}."


def _alarm_cells(alarm: Alarm) -> tuple[str, ...]:
    row = alarm.last
    return (
        row.measure,
        row.label,
        alarm.since,
        str(alarm.first.window),
        "now" if alarm.holds else f"until window {row.window}",
        "" if row.reference is None else repr(row.reference),
        "" if row.change is None else repr(row.change),
        "" if row.margin is None else repr(row.margin),
    )


def _facts(settings: Monitor, log: WatchedLog) -> list[tuple[str, str]]:
    return [
        ("artifact", log.sha256),
        ("log", settings.log),
        ("reference", f"{log.reference_words}; {log.reference.texts:,} texts"),
        ("windows", f"{settings.rule}, {len(log.windows)} of them"),
        ("labels that came in", f"{log.labelled:,} texts" if settings.labels else "not asked for"),
        ("false alarms", f"{settings.alpha:g} of logs without drift may ever raise one"),
    ]


def run_monitor(settings: Monitor, console: Console | None = None) -> Monitored:
    """Watch a log: write `drift.parquet` and a page, print a line an alarm on standard error.

    Args:
        settings: which log against which reference.
        console: the terminal.

    Returns:
        The alarms, and where the table lies.
    """
    console = console or Console()
    settings.ready()
    with progress(console, "reading the log"):
        log = read_log(settings)
    judge = Judge(
        label_names=log.label_names,
        reference=log.reference,
        margins=settings.margins,
        alpha=settings.alpha,
    )
    with progress(console, "judging windows"):
        rows = list(drift_rows(judge, log.windows, judge.judge(log.windows)))
    alarms = alarms_of(rows)
    inputs = {"job": "jobs.monitor", "artifact_sha256": log.sha256}
    out = free_place(settings.lands, inputs, console)
    with staged_output(out) as folder:
        record_inputs(out, inputs)
        write_table(rows, folder / "drift.parquet", DriftRow)
        from emoray.report.drift import draw_drift

        draw_drift(
            table_of(rows, DriftRow).to_pandas(),
            folder / PAGE,
            title=settings.usual_name,
            result=_result(log, alarms),
            sentences=[alarm.words for alarm in alarms[:TOLD]],
            alarms=[_alarm_cells(alarm) for alarm in alarms],
            facts=_facts(settings, log),
            warnings=log.notes,
        )
    if settings.prometheus is not None:
        write_prometheus(rows, settings.prometheus, artifact=log.sha256, now=time.time())
    console.print(f"reference: {log.reference_words}", highlight=False, soft_wrap=True)
    for note in log.notes:
        console.print(f"note: {note}", highlight=False, soft_wrap=True)
    console.print(_result(log, alarms), style="bold", highlight=False, soft_wrap=True)
    console.print(
        f"table {out / 'drift.parquet'}\npage {out / PAGE}", highlight=False, soft_wrap=True
    )
    for alarm in alarms:
        print(alarm.words, file=sys.stderr)  # noqa: T201
    return Monitored(alarms=tuple(alarms), out=out)
