"""`jobs.ab`: two artifacts on live traffic or saved predictions, by now and as texts came."""

import re
from dataclasses import replace

from rich.console import Console

from emoray.console.progress import Progress, progress
from emoray.experiments import wording
from emoray.experiments.answers import Answers, collected
from emoray.experiments.logged_shares import LoggedShares
from emoray.experiments.looks import LabelledTexts, labelled_texts, looks_at
from emoray.experiments.pairing import TextStream, stream_of_log, stream_of_saved
from emoray.experiments.plan import ExperimentPlan
from emoray.experiments.rows import LiveResult, result_of
from emoray.releases.resolving import artifact_sha256
from emoray.report.ab import LiveWords, write_live_page
from emoray.storage.location import Place, staged_output, tables_at
from emoray.storage.run_folder import ready_out, record_inputs
from emoray.tables.ab_rows import AbLabelRow, AbLatencyRow, AbLookRow
from emoray.tables.files import write_table
from emoray.tables.scored_texts import scored_texts
from emoray.tables.terminal import print_titled
from emoray.tables.true_labels import true_labels
from emoray.workflows.run_place import free_place
from emoray.workflows.settings.ab import LiveComparison

DIGITS = re.compile(r"[0-9a-fA-F]{1,64}")


def _answers(
    place: str, shown: Progress, shares: LoggedShares, id_column: str | None = None
) -> list[Answers]:
    shown.what = f"reading {place}"
    return collected(shares.noted(scored_texts(place, id_column=id_column)), place, shown.update)


def _in_log(named: str | None) -> str | None:
    """What an artifact's rows of a log have as its SHA-256: its digits, or those of a place."""
    return named if named is None or DIGITS.fullmatch(named) else artifact_sha256(named)


def _stream(settings: LiveComparison, shown: Progress, shares: LoggedShares) -> TextStream:
    if settings.log is not None:
        groups = _answers(settings.log, shown, shares)
        return stream_of_log(groups, *map(_in_log, (settings.before, settings.after)))
    assert settings.before is not None and settings.after is not None
    places = (settings.before, settings.after)
    sides = [_answers(place, shown, shares, settings.id_column) for place in places]
    return stream_of_saved(*sides, named=settings.id_column is not None)


def _labelled(
    settings: LiveComparison, stream: TextStream, shown: Progress
) -> LabelledTexts | None:
    if settings.labels is None:
        return None
    shown.what = f"reading {settings.labels}"
    labels = true_labels(settings.labels, stream.label_names)
    found = labelled_texts(stream, labels, settings.labels)
    if not len(found):
        raise ValueError(
            f"labels are of texts that were compared, got {len(labels):,} in {settings.labels} of "
            f"which none is among {len(stream):,} texts: they are joined by the SHA-256 of the "
            "text's UTF-8, so write texts exactly as they were asked, or text_sha256 of the log"
        )
    return found


def _result(settings: LiveComparison, console: Console) -> tuple[LiveResult, ExperimentPlan]:
    shares = LoggedShares()
    with progress(console, "reading", unit="answers") as shown:
        stream = _stream(settings, shown, shares)
        plan = replace(settings.plan, share=shares.planned(settings.share))
        labelled = _labelled(settings, stream, shown)
    with progress(console, "comparing", unit="texts", total=len(stream)) as shown:
        looks = looks_at(stream, labelled, told=shown.update)
        return result_of(stream, labelled, plan, looks), plan


def _say(console: Console, *sentences: str) -> None:
    for sentence in sentences:
        if sentence:
            console.print(sentence, highlight=False, markup=False, soft_wrap=True)


def run_ab(settings: LiveComparison, console: Console | None = None) -> Place:
    """Compare two artifacts; write ab, ab_labels, ab_latency and a page.

    Args:
        settings: whose answers, and what is true of the texts.
        console: the terminal.

    Returns:
        The folder of the tables.
    """
    console = console or Console()
    ready_out(settings.out)
    found, plan = _result(settings, console)
    now = found.now
    inputs = {"job": "jobs.ab", "before": now.before, "after": now.after, "design": now.design}
    out = free_place(settings.lands, inputs, console)
    notes = list(wording.notes(found, plan.share))
    verdict, needed = wording.verdict_sentence(found), wording.needed_sentence(found)
    with staged_output(out) as folder:
        record_inputs(out, inputs, settings.shown_settings)
        write_table(found.looks, folder / "ab.parquet", AbLookRow)
        write_table(found.labels, folder / "ab_labels.parquet", AbLabelRow)
        write_table(found.latency, folder / "ab_latency.parquet", AbLatencyRow)
        if settings.figures:
            said = (needed, wording.agreement_sentence(now), wording.latency_sentence(found))
            words = LiveWords(
                verdict=verdict,
                sentences=tuple(sentence for sentence in said if sentence),
                warnings=tuple(n for n in notes if n.startswith(wording.WARNING)),
                notes=tuple(n for n in notes if not n.startswith(wording.WARNING)),
            )
            write_live_page(folder, words)
    _say(console, wording.head_sentence(now), *notes)
    print_titled(console, wording.labels_table(found))
    _say(console, wording.agreement_sentence(now), wording.latency_sentence(found))
    _say(console, needed, verdict)
    if settings.figures:
        _say(console, f"page {out / 'ab.html'}")
    _say(console, f"tables {tables_at(out)}")
    return out
