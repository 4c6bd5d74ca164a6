"""Rows of `drift`, and alarms, of what was judged. Shapes: K labels, H hypotheses."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from emoray.metrics.bootstrap import LEVEL
from emoray.metrics.drift import interval
from emoray.monitoring.judging import Judge, Judged
from emoray.monitoring.measures import (
    EARNED_F1,
    EARNED_MACRO_F1,
    ECE,
    EVERY,
    MACRO_F1,
    MEAN_LATENCY,
    MEAN_LENGTH,
    group_starts,
    grouped_change,
    is_plain,
    mix_change,
    ratios_of,
)
from emoray.monitoring.sums import WindowSums
from emoray.monitoring.windows import utc
from emoray.tables.drift_rows import DriftRow

DEVIATIONS = float(ndtri(0.5 + LEVEL / 2))
MEANS = {MEAN_LENGTH: "characters", MEAN_LATENCY: "milliseconds"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A measure that has changed. first, last: windows of its first and latest alarm."""

    first: DriftRow
    last: DriftRow
    since: str
    holds: bool

    @property
    def words(self) -> str:
        """One line."""
        row = self.last
        name = f"{row.label}: {row.measure}" if row.label else row.measure
        was = "" if row.reference is None or not is_plain(row.measure) else f"{row.reference:.4g}"
        now = f"{was} by {row.change:+.4g}" if was else f"{row.change:.4g} from the reference"
        until = "still so in the last window" if self.holds else f"until window {row.window}"
        return (
            f"alarm: {name} {'changed from ' if was else 'is '}{now}, since {self.since} (margin "
            f"{row.margin:.3g}, e-value 10^{row.log10_e:.1f}), first told in window "
            f"{self.first.window}, {until}"
        )


def _values(judge: Judge, window: WindowSums) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """value_H, low_H, high_H of one window, NaN where there is none; earned F1 is left out."""
    labels = len(judge.label_names)
    here, there = ratios_of(window, judge.reference), ratios_of(judge.reference, judge.reference)
    ratios = here.ratio
    starts = group_starts(labels)
    distance_H = grouped_change(ratios, there.ratio, labels)
    plain = np.array([is_plain(one.measure) for one in judge.hypotheses[: len(starts)]])
    low_M, high_M = interval(here, here + there, DEVIATIONS)
    has_H = (here.whole > 0)[starts]
    value_H = np.where(has_H, np.where(plain, ratios[starts], distance_H), np.nan)
    low_H = np.where(plain & has_H, low_M[starts], np.nan)
    high_H = np.where(plain & has_H, high_M[starts], np.nan)
    macro = [one.measure for one in judge.hypotheses].index(MACRO_F1)
    scores = window.expected.scores()
    value_H[macro], low_H[macro], high_H[macro] = scores.macro_f1, scores.low, scores.high
    inner = slice(labels, 2 * labels)
    mix = mix_change(
        window.expected.sum_F[inner] / window.texts,
        judge.reference.expected.sum_F[inner] / judge.reference.texts,
    )
    return (
        np.append(value_H, mix),
        np.append(low_H, np.nan),
        np.append(high_H, np.nan),
    )


def _reference_values(judge: Judge) -> np.ndarray:
    """reference_H, NaN where the reference has nothing; a distance is from itself, 0."""
    value_H, _, _ = _values(judge, judge.reference)
    return value_H


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def drift_rows(
    judge: Judge, windows: Sequence[WindowSums], judged: Sequence[Judged]
) -> Iterator[DriftRow]:
    """Yield the rows of every window: of labels, of all texts, then what is only shown."""
    there_H, margin_H = _reference_values(judge), judge.margin_H
    for number, (window, verdict) in enumerate(zip(windows, judged, strict=True)):
        about: dict[str, Any] = {
            "window": number,
            "begins": utc(window.first),
            "ends": utc(window.last),
        }
        value_H, low_H, high_H = _values(judge, window)
        for h, one in enumerate(judge.hypotheses):
            if one.measure == EARNED_F1 or np.isnan(value_H[h]) or np.isnan(there_H[h]):
                continue
            yield DriftRow(
                **about,
                texts=window.texts,
                label=one.label,
                measure=one.measure,
                value=float(value_H[h]),
                low=_plain(low_H[h]),
                high=_plain(high_H[h]),
                reference=float(there_H[h]),
                since=int(verdict.since_H[h]),
                change=float(verdict.change_H[h]),
                margin=float(margin_H[h]),
                log10_e=float(verdict.log10_e_H[h]),
                alarm=bool(verdict.alarm_H[h]),
            )
        yield from _earned_rows(judge, window, verdict, about, margin_H)
        yield from _shown_rows(judge, window, about)


def _earned_rows(
    judge: Judge, window: WindowSums, verdict: Judged, about: dict[str, Any], margin_H: np.ndarray
) -> Iterator[DriftRow]:
    """F1 by the labels that came in, beside what was expected of the same texts."""
    labelled = window.labelled
    if labelled is None:
        return
    earned, expected = labelled.earned.scores(), labelled.expected.scores()
    about = {**about, "texts": labelled.earned.texts}
    shown: dict[str, Any] = {
        "since": None,
        "change": None,
        "margin": None,
        "log10_e": None,
        "alarm": False,
    }
    start = len(judge.hypotheses) - len(judge.label_names)
    for k, (label, ece) in enumerate(zip(judge.label_names, labelled.ece_K, strict=True)):
        width = DEVIATIONS * earned.f1_deviation_K[k]
        yield DriftRow(
            **about,
            label=label,
            measure=EARNED_F1,
            value=float(earned.f1_K[k]),
            low=max(0.0, float(earned.f1_K[k] - width)),
            high=min(1.0, float(earned.f1_K[k] + width)),
            reference=float(expected.f1_K[k]),
            since=int(verdict.since_H[start + k]),
            change=float(verdict.change_H[start + k]),
            margin=float(margin_H[start + k]),
            log10_e=float(verdict.log10_e_H[start + k]),
            alarm=bool(verdict.alarm_H[start + k]),
        )
        of_ece: dict[str, Any] = {
            "label": label,
            "measure": ECE,
            "value": float(ece),
            "reference": None,
        }
        yield DriftRow(**about, **of_ece, low=None, high=None, **shown)
    yield DriftRow(
        **about,
        label=EVERY,
        measure=EARNED_MACRO_F1,
        value=earned.macro_f1,
        low=earned.low,
        high=earned.high,
        reference=expected.macro_f1,
        **shown,
    )
    of_ece = {"label": EVERY, "measure": ECE, "value": labelled.ece, "reference": None}
    yield DriftRow(**about, **of_ece, low=None, high=None, **shown)


def _shown_rows(judge: Judge, window: WindowSums, about: dict[str, Any]) -> Iterator[DriftRow]:
    """Means of length and latency, of which distributions are watched."""
    for measure, fact in MEANS.items():
        value = window.facts[fact].mean
        if value is not None:
            yield DriftRow(
                **about,
                texts=window.texts,
                label=EVERY,
                measure=measure,
                value=value,
                low=None,
                high=None,
                reference=judge.reference.facts[fact].mean,
                since=None,
                change=None,
                margin=None,
                log10_e=None,
                alarm=False,
            )


def alarms_of(rows: Sequence[DriftRow]) -> list[Alarm]:
    """One alarm for each measure that ever raised one; those of all texts, then the strongest."""
    last = max(row.window for row in rows)
    begins = {row.window: row.begins for row in rows}
    found: dict[tuple[str, str], list[DriftRow]] = {}
    for row in rows:
        if row.alarm:
            found.setdefault((row.label, row.measure), []).append(row)
    alarms = []
    for told in found.values():
        since = told[-1].since
        assert since is not None, "an alarm has a stretch"
        alarms.append(
            Alarm(
                first=told[0],
                last=told[-1],
                since=begins[since] or f"window {since}",
                holds=told[-1].window == last,
            )
        )
    return sorted(alarms, key=lambda a: (bool(a.last.label), -(a.last.log10_e or 0)))
