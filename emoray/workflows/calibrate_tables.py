"""What the jobs on finished artifacts say: tables for a terminal, and sentences from figures."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from emoray.artifact.decision_history import Saved
from emoray.artifact.loading import Finished
from emoray.console.wording import milliseconds, size
from emoray.data.goemotions import CorpusFolder
from emoray.labels import Taxonomy
from emoray.metrics.change import Change
from emoray.metrics.comparison import Comparison
from emoray.metrics.scores import Scores
from emoray.tables.baselines import baseline_name
from emoray.tables.finished_rows import (
    CalibrationLabelRow,
    CalibrationRow,
    ChangeRow,
    EvaluationRow,
)
from emoray.tables.terminal import table
from emoray.workflows.corpus import warn_of_sample
from emoray.workflows.settings.evaluate import LOW

NAMES = {
    "macro_f1": "macro-F1",
    "micro_f1": "micro-F1",
    "ece": "ECE",
    "brier": "Brier",
    "nll": "NLL",
}
MINUS = "\N{MINUS SIGN}"
SCORES = {"test_macro_f1": "test F1", "test_ece": "ECE"}  # of a decision, where they are known


def signed_score(number: float) -> str:
    """Four digits and a sign; a number that rounds to 0 has no sign."""
    text = f"{number:+.4f}".replace("-", MINUS)
    return "0.0000" if float(f"{number:.4f}") == 0 else text


def interval(low: float, high: float) -> str:
    """Two signed numbers in brackets."""
    return f"[{signed_score(low)}, {signed_score(high)}]"


def share(number: float, digits: int = 3) -> str:
    """A number in [0, 1] without the zero before the point."""
    return f"{number:.{digits}f}".removeprefix("0")


def moved(before: float, after: float, digits: int = 3) -> str:
    """Two shares with an arrow between them."""
    return f"{share(before, digits)}→{share(after, digits)}"


def announce_corpus(console: Console, source: CorpusFolder, taxonomy: Taxonomy, what: str) -> None:
    """Print what is scored on which corpus; warn on stderr too where it is only the sample."""
    warn_of_sample(source, console)
    if source.stands_in:
        print(  # noqa: T201 — where stdout is thrown away
            "warning: judged on the embedded sample, GoEmotions was not found: name a corpus with "
            "--corpus, or GoEmotions' folder with --data",
            file=sys.stderr,
        )
    for note in source.notes:
        console.print(note, style="dim", highlight=False, markup=False, soft_wrap=True)
    console.print(
        f"{what} · corpus {source.name} · taxonomy {taxonomy}", highlight=False, soft_wrap=True
    )


def ways_sentence(finished: Finished, scores: Mapping[str, float]) -> str:
    """How a taxonomy is derived from an artifact's own labels, and what that was chosen by."""
    assert finished.derived is not None
    others = ", ".join(f"{way} {score:.4f}" for way, score in scores.items())
    return (
        f"{finished.taxonomy} by {finished.derived.way} of {len(finished.own_labels)} labels, the "
        f"best on dev ({others}); saved below is one half, as the artifact does not decide in it"
    )


def decisions_table(rows: Sequence[CalibrationRow]) -> Table:
    """Table of every decision tried, the chosen one in bold."""
    made = table(
        "Every decision: thresholds and temperature from dev, scores on test",
        *("thresholds", "temperature", "dev F1*", "macro-F1", "ECE", "Brier", "NLL", "flips"),
    )
    for row in rows:
        made.add_row(
            row.threshold_rule,
            f"{row.temperature:.3f} {row.temperature_rule}",
            f"{row.dev_macro_f1:.4f}",
            f"{row.test_macro_f1:.4f}",
            f"{row.test_ece:.4f}",
            f"{row.test_brier:.4f}",
            f"{row.test_nll:.4f}",
            f"{row.flips:,}",
            style="bold" if row.chosen else None,
        )
    made.caption = (
        "* cross-fitted, but of the saved decision plainly scored. bold: chosen. flips: label "
        "decisions on test that differ from the artifact as it stands"
    )
    return made


def change_table(rows: Sequence[ChangeRow], before: str, after: str) -> Table:
    """Table of measures before and after on test, with paired intervals."""
    made = table(
        f"Test, {before} → {after}",
        *("measure", "before", "after", "change", "95 % interval", "verdict"),
    )
    for row in rows:
        if (row.before, row.after) == (before, after):
            made.add_row(
                f"{NAMES[row.measure]} {'↓' if row.direction == 'minimize' else '↑'}",
                f"{row.value_before:.4f}",
                f"{row.value_after:.4f}",
                signed_score(row.change),
                interval(row.change_low, row.change_high),
                row.verdict,
            )
    return made


def labels_table(rows: Sequence[CalibrationLabelRow], decision: str) -> Table:
    """Label by label, before → after."""
    made = table(
        f"Label by label on test, saved → {decision}",
        *("label", "texts", "threshold", "precision", "recall", "F1", "ECE"),
    )
    for row in rows:
        if row.decision == decision:
            made.add_row(
                row.label,
                f"{row.support:,}",
                moved(row.threshold_before, row.threshold),
                moved(row.precision_before, row.precision),
                moved(row.recall_before, row.recall),
                moved(row.f1_before, row.f1),
                moved(row.ece_before, row.ece, 4),
            )
    return made


def _gained(name: str, change: Change) -> str:
    return f"{name} {signed_score(change.value)} {interval(change.low, change.high)}"


def threshold_sentence(change: Change, temperature_flips: int, decisions: int) -> str:
    """A sentence on the change of macro-F1; `temperature_flips` is the most under any rule."""
    of = f"{temperature_flips:,} of {decisions:,} label decisions"
    alone = f"fitting the temperature alone, with thresholds refitted, changes {of} under any rule"
    gained = _gained("macro-F1", change)
    if change.value == change.low == change.high == 0:
        return f"{gained}: the artifact decides as before; {alone}."
    if change.includes_zero:
        return f"{gained}: no clear change, 0 lies within the interval; {alone}."
    return f"{gained} comes from the thresholds: {alone}."


def temperature_sentence(ece: Change, nll: Change, before: float, after: float) -> str:
    """A sentence on the change of calibration."""
    gained = f"{_gained('ECE', ece)}, {_gained('NLL', nll)}"
    if all(change.value == change.low == change.high == 0 for change in (ece, nll)):
        return f"{gained}: the artifact's temperature is the fitted one already."
    how = f"{before:.3f} → {after:.3f}"
    if ece.includes_zero and nll.includes_zero:
        return f"{gained}: no clear change from the temperature ({how})."
    return f"{gained} come from the temperature ({how}): no threshold enters a probability."


def evaluation_table(row: EvaluationRow, gates: Mapping[str, float | None]) -> Table:
    """Table of what was measured, with intervals where there are any, and the gates."""
    failed = row.failed.split(",")

    def asked(gate: str, sign: str) -> str:
        limit = gates[gate]
        if limit is None:
            return ""
        return f"{sign} {limit:g} {'failed' if gate in failed else 'passed'}"

    held = "gate at the interval's end" if row.gate_on == LOW else "gate"
    made = table(
        f"{row.split}: {row.texts:,} texts, temperature {row.temperature:.3f}, thresholds "
        f"{row.threshold_rule}",
        *("measure", "found", "95 % interval", held),
    )
    macro = f"[{row.macro_f1_low:.4f}, {row.macro_f1_high:.4f}]"
    made.add_row("macro-F1 ↑", f"{row.macro_f1:.4f}", macro, asked("min_macro_f1", "≥"))
    if row.macro_f1_unleaked is not None:
        made.add_row("  without texts of train", f"{row.macro_f1_unleaked:.4f}")
    made.add_row("micro-F1 ↑", f"{row.micro_f1:.4f}")
    made.add_row("precision ↑", f"{row.precision:.4f}")
    made.add_row("recall ↑", f"{row.recall:.4f}")
    ece = f"[{row.ece_low:.4f}, {row.ece_high:.4f}]"
    made.add_row("ECE ↓", f"{row.ece:.4f}", ece, asked("max_ece", "≤"))
    made.add_row("Brier ↓", f"{row.brier:.4f}")
    made.add_row("NLL ↓", f"{row.nll:.4f}")
    threads = f"{row.threads} thread{'s' * (row.threads != 1)}"
    made.add_row(f"median latency, text to labels, {threads} ↓", f"{row.latency_p50_ms:.3f} ms")
    made.add_row("of this, the model ↓", f"{row.model_p50_ms:.3f} ms")
    limit = asked("max_latency_p95_ms", "≤")
    made.add_row("95th percentile ↓", f"{row.latency_p95_ms:.3f} ms", "", limit)
    made.add_row("size ↓", f"{row.size_bytes / 1e6:.3f} MB", "", asked("max_size_mb", "≤"))
    return made


def _told(found: Comparison) -> tuple[str, str]:
    """Cells of a comparison: the interval of the change of macro-F1, and the verdict."""
    return interval(found.macro_f1.low, found.macro_f1.high), found.verdict


def baselines_table(row: EvaluationRow, baselines: Sequence[Mapping[str, Any]]) -> Table:
    """Table of baselines on the same split, weakest first."""
    score = f"{row.split}_macro_f1"
    how = "thresholds cross-fitted" if row.split == "dev" else "thresholds from dev"
    paired = ("95 % interval", "verdict") if row.split == "test" else ()
    made = table(
        f"Beside baselines on {row.split}, {how}",
        *("baseline", "macro-F1", "the artifact", *paired),
        *("micro-F1", "ECE", "median latency", "size"),
    )
    for one in sorted(baselines, key=lambda one: (one[score], one["recipe"])):
        made.add_row(
            baseline_name(one),
            f"{one[score]:.4f}",
            signed_score(row.macro_f1 - one[score]),
            *(_told(one["compared"]) if paired else ()),
            f"{one[f'{row.split}_micro_f1']:.4f}",
            f"{one[f'{row.split}_ece']:.4f}",
            milliseconds(one["latency_p50_ms"]),
            size(one["size_bytes"]),
        )
    return made


def below_baselines(row: EvaluationRow, baselines: Sequence[Mapping[str, Any]]) -> str:
    """A sentence on baselines that the artifact does not beat; empty where it beats all."""
    better = [one for one in baselines if one[f"{row.split}_macro_f1"] >= row.macro_f1]
    names = " and ".join(baseline_name(one) for one in better)
    return f"the artifact is not better than {names} in macro-F1 on {row.split}" if names else ""


def gates_sentence(on: str) -> str:
    """A sentence on what gates were compared with, and how to choose the other."""
    if on == LOW:
        return (
            "gates are held against the worse end of the 95 % interval, lower of macro-F1 and "
            "upper of ECE; --gate-on value asks for what was found"
        )
    return (
        "gates are held against what was found; --gate-on low asks for the worse end of its 95 % "
        "interval"
    )


def scores_table(labels: Sequence[str], scores: Scores) -> Table:
    """Label by label, as the artifact stands."""
    made = table("Label by label", "label", "support", "precision", "recall", "F1")
    for k, label in enumerate(labels):
        made.add_row(
            label,
            f"{scores.support_K[k]:,}",
            f"{scores.precision_K[k]:.3f}",
            f"{scores.recall_K[k]:.3f}",
            f"{scores.f1_K[k]:.3f}",
        )
    return made


def decision_table(
    labels: Sequence[str], before_K: np.ndarray, after_K: np.ndarray, title: str
) -> Table:
    """Each label's threshold before and after."""
    made = table(title, "label", "threshold before", "after")
    for label, before, after in zip(labels, before_K, after_K, strict=True):
        made.add_row(label, f"{before:.4f}", f"{after:.4f}")
    return made


def history_table(saved: Sequence[Saved]) -> Table:
    """Table of every decision that an artifact ever had, oldest first."""
    known = {name: head for name, head in SCORES.items() if any(name in s.scores for s in saved)}
    heads = ("", "state", "on", "saved, UTC", "rule", "why", "T", "thresholds", *known.values())
    made = table("Decisions", *heads, left=6)
    for s in saved:
        low, high = min(s.thresholds), max(s.thresholds)
        span = f"{low:.3f}" if low == high else f"{low:.3f} to {high:.3f}"
        style = {"current": "bold", "undone": "dim"}.get(s.state)
        when = s.when[:16].replace("T", " ")
        after = "" if s.after is None else str(s.after)
        scores = [f"{s.scores[n]:.4f}" if n in s.scores else "" for n in known]
        row = (str(s.number), s.state, after, when, s.rule, s.why, f"{s.temperature:.4g}", span)
        made.add_row(*row, *scores, style=style)
    made.columns[5].no_wrap, made.columns[5].overflow = False, "fold"
    return made
