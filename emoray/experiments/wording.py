"""What `jobs.ab` says: sentences that terminal and page share, and a table for a terminal."""

from collections.abc import Iterator

from rich.table import Table

from emoray.experiments.answers import SHADOW
from emoray.experiments.pairing import SHORT
from emoray.experiments.rows import LiveResult
from emoray.metrics.anytime import FEWEST_TEXTS
from emoray.metrics.change import EQUIVALENT, UNDECIDED
from emoray.metrics.comparison import points
from emoray.metrics.stream import FEWEST_POSITIVES
from emoray.tables.ab_rows import AbLookRow
from emoray.tables.terminal import table

FEW_UNITS = 50
BROKEN = 0.01  # a p-value of the split below which it is no split as planned
WARNING = "warning: "  # begins what puts the verdict in doubt
SHOWN = 6  # labels in a sentence


def verdict_sentence(found: LiveResult) -> str:
    """The verdict, in points of macro-F1, or why there is none yet."""
    now = found.now
    if now.change is None or now.low is None or now.high is None:
        return (
            "undecided: no text has a true label yet, so nobody knows which is better; --labels "
            "brings them in, of as many texts as there are"
        )
    if found.short_of or now.labelled < FEWEST_TEXTS:
        return f"undecided: {_too_few(found)}"
    change = f"macro-F1 {points(now.change)} points, always-valid 95 % interval "
    change += f"{points(now.low)} to {points(now.high)}"
    within = f"within ±{100 * now.margin:g} points"
    if now.verdict == EQUIVALENT:
        return f"equivalent {within}: {change}"
    if now.verdict == UNDECIDED:
        return f"undecided: {change}; neither a difference nor equivalence {within} is shown"
    return f"{now.verdict}: {change}"


def _too_few(found: LiveResult) -> str:
    now = found.now
    if now.labelled < FEWEST_TEXTS:
        return f"{now.labelled:,} labelled texts, and an interval needs {FEWEST_TEXTS}"
    names = list(found.short_of)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return (
        f"an interval needs {FEWEST_POSITIVES} texts of every label that occurs, seen by each "
        f"artifact, and there are fewer of {', '.join(names[:SHOWN])}{more}"
    )


def needed_sentence(found: LiveResult) -> str:
    """How many texts a planned effect still takes; empty as long as that is not known."""
    now = found.now
    if now.needed is None:
        return ""
    effect = f"a change of {100 * now.effect:g} points"
    left = now.needed - now.labelled
    if left <= 0:
        return (
            f"{effect} is shown in 80 of 100 cases after {now.needed:,} labelled texts; "
            f"{now.labelled:,} are there"
        )
    return (
        f"{effect} is shown in 80 of 100 cases after {now.needed:,} labelled texts: "
        f"{left:,} texts still needed"
    )


def notes(found: LiveResult, share: float) -> Iterator[str]:
    """What one should know of the texts.

    Args:
        found: by now.
        share: of the second artifact in split traffic, as planned.

    Yields:
        Sentences; those that begin with `WARNING` put the verdict in doubt.
    """
    now, stream = found.now, found.stream
    if stream.again:
        yield (
            f"{stream.again:,} answers are to texts that had come before: a text that comes again "
            "is no independent one and counts once, when it first came"
        )
    if stream.alone:
        why = (
            "of only one of both artifacts"
            if now.design == SHADOW
            else "outside of the time in which both answered"
        )
        yield f"{stream.alone:,} answers {why} are left out"
    if now.labelled and now.labelled < now.texts:
        yield (
            f"{now.labelled:,} of {now.texts:,} texts have true labels "
            f"({now.labelled / now.texts:.1%}): F1 is of these, and of all texts as far as chance "
            "chose which ones get labels"
        )
    if now.split_p is not None:
        yield from _on_split(found, share)


def _on_split(found: LiveResult, share: float) -> Iterator[str]:
    now = found.now
    assert now.split_p is not None
    of = f"{now.texts_after:,} of {now.texts:,} texts"
    if now.split_p < BROKEN:
        yield (
            f"{WARNING}traffic does not split as planned, {of} came to the second artifact where "
            f"{share:g} of the keys should (always-valid p {now.split_p:.2g}): whatever sorts them "
            "may change F1 too, so find it before you trust the verdict; --split-share says what "
            "was planned"
        )
    else:
        yield f"traffic splits as planned: {of}, always-valid p {now.split_p:.2g}"
    if found.units is not None and min(found.units) < FEW_UNITS:
        yield (
            f"{WARNING}{found.units[0]:,} and {found.units[1]:,} keys or requests came to the two "
            f"artifacts: of fewer than {FEW_UNITS} each nobody knows how much keys vary, and "
            "intervals may be too narrow; wait for more, or split by another key"
        )
    if found.mixed:
        yield (
            f"{WARNING}{found.mixed:,} keys or requests were answered by both artifacts: a key "
            "should always come to the same one"
        )
    if now.key_effect > 1.05:
        yield (
            f"texts of one key are alike: sums vary {now.key_effect:.2f} times as much as of as "
            "many keys, and intervals are that much wider"
        )


def head_sentence(now: AbLookRow) -> str:
    """Who is compared with whom, on how many texts."""
    how = "both answered each text" if now.design == SHADOW else "each text went to one of them"
    return (
        f"{now.before[:SHORT]} (before) and {now.after[:SHORT]} (after): {now.texts:,} different "
        f"texts, {how}"
    )


def agreement_sentence(now: AbLookRow) -> str:
    """How often both decide alike."""
    given = f"labels given a text: {now.labels_before:.3f} → {now.labels_after:.3f}"
    if now.agreement is None or now.texts_changed is None:
        return given
    return (
        f"{now.agreement:.3%} of label decisions agree, {now.texts_changed:,} texts "
        f"({now.texts_changed / now.texts:.2%}) are decided otherwise; {given}"
    )


def _signed(low: float, high: float) -> str:
    return f"{points(low)} to {points(high)}"


def labels_table(found: LiveResult) -> Table:
    """Label by label: how often it is given, flips and F1, those that change most first."""
    scored = found.now.change is not None
    shadow = found.now.design == SHADOW
    made = table(
        "Label by label: share of texts in %, changes in points, intervals valid at every moment",
        *("label", "before", "after", "change", "95 %", "p"),
        *(("gained", "lost") if shadow else ()),
        *(("texts", "F1", "F1 change", "of F1 95 %") if scored else ()),
    )
    for row in sorted(found.labels, key=lambda r: (r.rate_p, -abs(r.rate_change))):
        cells = [
            row.label,
            f"{100 * row.rate_before:.2f}",
            f"{100 * row.rate_after:.2f}",
            points(row.rate_change),
            _signed(row.rate_low, row.rate_high),
            f"{row.rate_p:.2g}",
        ]
        if shadow:
            cells += [f"{row.gained:,}", f"{row.lost:,}"]
        if row.f1_change is not None and row.f1_low is not None and row.f1_high is not None:
            cells += [f"{row.support:,}", f"{row.f1_before:.3f}→{row.f1_after:.3f}"]
            cells += [points(row.f1_change), _signed(row.f1_low, row.f1_high)]
        made.add_row(*cells)
    return made


def latency_sentence(found: LiveResult) -> str:
    """Latency of both and their ratio; empty without times."""
    by_side = {row.side: row for row in found.latency}
    if not {"before", "after"} <= set(by_side):
        return ""
    said = [
        f"{side} p50 {by_side[side].p50_ms:.3g} ms, p99 {by_side[side].p99_ms:.3g} ms"
        for side in ("before", "after")
    ]
    if (ratio := by_side.get("ratio")) is not None:
        what = "of pairs" if found.now.design == SHADOW else "of answers"
        said.append(
            f"after over before ×{ratio.ratio:.4g}, {what}, always-valid 95 % interval "
            f"×{ratio.ratio_low:.4g} to ×{ratio.ratio_high:.4g}"
        )
    return f"milliseconds a text: {'; '.join(said)}"
