"""Rows of `jobs.ab`: what each look had shown, label by label by now, and latency."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from emoray.experiments.answers import NEVER, SHADOW
from emoray.experiments.looks import (
    LabelledTexts,
    Look,
    effect_of_keys,
    effect_of_keys_on_rates,
    latency_ratio,
    mixed_units,
)
from emoray.experiments.pairing import TextStream
from emoray.experiments.plan import ExperimentPlan
from emoray.metrics.anytime import texts_needed
from emoray.metrics.anytime_counts import rate_sequence
from emoray.metrics.change import UNDECIDED
from emoray.tables.ab_rows import AbLabelRow, AbLatencyRow, AbLookRow


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LiveResult:
    """All that a stream shows by now.

    Attributes:
        stream: of texts.
        looks: rows of `ab`, the last one by now.
        labels: rows of `ab_labels`.
        latency: rows of `ab_latency`.
        short_of: texts with each label that an artifact lacks before an interval is given.
        mixed: units of split traffic that both artifacts answered.
        units: of split traffic, that came to each artifact.
    """

    stream: TextStream
    looks: list[AbLookRow]
    labels: list[AbLabelRow]
    latency: list[AbLatencyRow]
    short_of: dict[str, int]
    mixed: int
    units: tuple[int, int] | None

    @property
    def now(self) -> AbLookRow:
        """The last look."""
        return self.looks[-1]


def _iso(time: int) -> str | None:
    if time == NEVER:
        return None
    return f"{datetime.fromtimestamp(time / 1e6, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _look_row(
    number: int, look: Look, stream: TextStream, plan: ExperimentPlan, key_effect: float
) -> AbLookRow:
    flips, moments = look.flips, look.moments
    scored = (
        None if moments is None else moments.change(planned=plan.texts, effect_of_keys=key_effect)
    )
    needed = None
    if moments is not None and moments.enough:
        deviation = math.sqrt(key_effect) * moments.wide_deviation
        needed = texts_needed(deviation, plan.effect, planned=plan.texts)
    given_2 = flips.given_2K.sum(axis=1) / np.maximum(flips.texts_2, 1)
    return AbLookRow(
        look=number,
        time=_iso(int(stream.time_N[look.texts - 1])),
        before=stream.before,
        after=stream.after,
        design=stream.design,
        texts=look.texts,
        texts_before=int(flips.texts_2[0]),
        texts_after=int(flips.texts_2[1]),
        agreement=float(flips.agreement_K.mean()) if flips.paired else None,
        texts_changed=flips.changed if flips.paired else None,
        labels_before=float(given_2[0]),
        labels_after=float(given_2[1]),
        labelled=look.labelled,
        macro_f1_before=scored.before if scored else None,
        macro_f1_after=scored.after if scored else None,
        change=scored.value if scored else None,
        low=scored.low if scored else None,
        high=scored.high if scored else None,
        equivalence_low=scored.equivalence_low if scored else None,
        equivalence_high=scored.equivalence_high if scored else None,
        margin=plan.margin,
        verdict=UNDECIDED if scored is None else scored.verdict(plan.margin),
        effect=plan.effect,
        needed=needed,
        planned=plan.texts,
        key_effect=key_effect,
        split_p=look.split_p(plan.share),
    )


def _label_rows(
    look: Look, stream: TextStream, plan: ExperimentPlan, key_effect: float
) -> list[AbLabelRow]:
    flips, moments = look.flips, look.moments
    of_rates_K = effect_of_keys_on_rates(stream, flips)
    rate = flips.rate_change(planned=plan.texts, effect_of_keys=of_rates_K)
    gained, lost = (rate_sequence(n_K, flips.texts) for n_K in (flips.gained_K, flips.lost_K))
    scored = moments and moments.label_changes(planned=plan.texts, effect_of_keys=key_effect)

    def in_shadow(value: float) -> float | None:
        return float(value) if flips.paired else None

    return [
        AbLabelRow(
            label=label,
            texts=flips.texts,
            rate_before=float(flips.rate_2K[0, k]),
            rate_after=float(flips.rate_2K[1, k]),
            rate_change=float(rate.change_K[k]),
            rate_low=float(rate.low_K[k]),
            rate_high=float(rate.high_K[k]),
            rate_p=float(rate.p_K[k]),
            agreement=in_shadow(flips.agreement_K[k]),
            gained=int(flips.gained_K[k]) if flips.paired else None,
            gained_low=in_shadow(gained[0][k]),
            gained_high=in_shadow(gained[1][k]),
            lost=int(flips.lost_K[k]) if flips.paired else None,
            lost_low=in_shadow(lost[0][k]),
            lost_high=in_shadow(lost[1][k]),
            support=0 if moments is None else _support(moments.positives_2K[:, k], flips.paired),
            f1_before=scored[k].before if scored else None,
            f1_after=scored[k].after if scored else None,
            f1_change=scored[k].value if scored else None,
            f1_low=scored[k].low if scored else None,
            f1_high=scored[k].high if scored else None,
        )
        for k, label in enumerate(stream.label_names)
    ]


def _support(positives_2: np.ndarray, is_paired: bool) -> int:
    return int(positives_2[0] if is_paired else positives_2.sum())


def _latency_rows(stream: TextStream, plan: ExperimentPlan) -> list[AbLatencyRow]:
    rows = []
    for side, milliseconds_N in zip(("before", "after"), stream.milliseconds, strict=True):
        known_N = milliseconds_N[np.isfinite(milliseconds_N)]
        if not len(known_N):
            return []
        middle, late = np.percentile(known_N, [50, 99])
        rows.append(_latency_row(side, len(known_N), p50_ms=float(middle), p99_ms=float(late)))
    found = latency_ratio(
        *stream.milliseconds, is_paired=stream.second_N is None, planned=plan.texts
    )
    if found is not None:
        ends = {"ratio": found.ratio, "ratio_low": found.low, "ratio_high": found.high}
        rows.append(_latency_row("ratio", found.answers, **ends))
    return rows


def _latency_row(side: str, answers: int, **known: float) -> AbLatencyRow:
    names = ("p50_ms", "p99_ms", "ratio", "ratio_low", "ratio_high")
    return AbLatencyRow(side=side, answers=answers, **{n: known.get(n) for n in names})


def result_of(
    stream: TextStream,
    labelled: LabelledTexts | None,
    plan: ExperimentPlan,
    looks: Sequence[Look],
) -> LiveResult:
    """The rows of a stream.

    Args:
        stream: of texts.
        labelled: those whose labels are known.
        plan: margin, effect, texts.
        looks: of `looks_at`.

    Returns:
        All tables.
    """
    last = looks[-1]
    key_effect = effect_of_keys(stream, labelled, last.moments)
    short_of = {}
    if last.moments is not None:
        names = stream.label_names
        short_of = {n: int(s) for n, s in zip(names, last.moments.short_of, strict=True) if s}
    return LiveResult(
        stream=stream,
        looks=[_look_row(i, look, stream, plan, key_effect) for i, look in enumerate(looks, 1)],
        labels=_label_rows(last, stream, plan, key_effect),
        latency=_latency_rows(stream, plan),
        short_of=short_of,
        units=last.units,
        mixed=mixed_units(stream) if stream.design != SHADOW else 0,
    )
