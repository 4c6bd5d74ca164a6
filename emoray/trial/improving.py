"""From what trainings say to what their technique earned: rows, and sentences. Shapes: N texts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from emoray.decide.crossfit import cross_fitted_macro_f1
from emoray.decide.thresholds import Fixed, PerLabel
from emoray.metrics.intervals import resample_weights
from emoray.metrics.seed_gain import Expected, Gain, Tried, gain, tried
from emoray.tables.improvement_rows import ALL_LABELS, ImprovementRow, ImprovementSeedRow
from emoray.tables.words import count
from emoray.trial.columns import Logits
from emoray.trial.spec import Recipe, Rule, recipe_id

BASELINE = "baseline"
# As shares of the baseline's macro-F1: what is often promised of each technique.
EXPECTED: Mapping[str, Expected] = {
    "focal_loss": Expected(0.10, 0.20),
    "augmentation": Expected(0.05, 0.15),
    "ensemble": Expected(0.15, 0.25),
}
RULES: tuple[Rule, ...] = (PerLabel(), Fixed(0.5))  # the first is what the summary speaks of


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What one training, or one ensemble, says of dev and test."""

    seed: int
    logits: Logits
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attempt:
    """A technique, or the baseline, on one family: an answer for each seed."""

    name: str
    family: str
    recipe: Recipe
    members: int
    answers: tuple[Answer, ...]

    def cuts(self, rule: Rule) -> list[np.ndarray]:
        """cuts_K of each answer, fitted on its own dev logits."""
        return [rule.cuts(a.logits.dev_NK, a.logits.dev_labels_NK) for a in self.answers]

    def tried(self, rule: Rule, weights_BN: np.ndarray) -> Tried:
        decided = [
            answer.logits.test_NK >= cuts_K
            for answer, cuts_K in zip(self.answers, self.cuts(rule), strict=True)
        ]
        return tried(decided, self.answers[0].logits.test_labels_NK.astype(bool), weights_BN)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What all rows of one comparison share."""

    corpus: str
    taxonomy: str
    labels: tuple[str, ...]
    train_texts: int


def _of_label(found: Gain) -> str:
    return "gain" if found.low > 0 else "loss" if found.high < 0 else "none shown"


def _row(
    about: About, attempt: Attempt, baseline: Attempt, rule: Rule, label: str, found: Gain
) -> ImprovementRow:
    expected = EXPECTED[attempt.name] if label == ALL_LABELS else None
    known = not np.isnan(found.relative)
    return ImprovementRow(
        corpus=about.corpus,
        taxonomy=about.taxonomy,
        family=attempt.family,
        technique=attempt.name,
        label=label,
        threshold_rule=str(rule),
        recipe=recipe_id(attempt.recipe),
        baseline=recipe_id(baseline.recipe),
        train_texts=about.train_texts,
        seeds=len(attempt.answers),
        members=attempt.members,
        baseline_f1=found.before,
        f1=found.after,
        change=found.change,
        change_low=found.low,
        change_high=found.high,
        relative_change=found.relative if known else None,
        relative_low=found.relative_low if known else None,
        relative_high=found.relative_high if known else None,
        expected_low=expected.low if expected else None,
        expected_high=expected.high if expected else None,
        verdict=expected.verdict(found) if expected else _of_label(found),
    )


def improvement_rows(
    attempts: Sequence[Attempt], baseline: Attempt, about: About
) -> Iterator[ImprovementRow]:
    """Each attempt against the baseline of its family, all labels first, by every rule."""
    weights_BN = resample_weights(len(baseline.answers[0].logits.test_NK))
    for rule in RULES:
        before = baseline.tried(rule, weights_BN)
        for attempt in attempts:
            after = attempt.tried(rule, weights_BN)
            whole = gain(before.macro, after.macro)
            yield _row(about, attempt, baseline, rule, ALL_LABELS, whole)
            for k, label in enumerate(about.labels):
                found = gain(before.label(k), after.label(k))
                yield _row(about, attempt, baseline, rule, label, found)


def seed_rows(attempts: Sequence[Attempt]) -> Iterator[ImprovementSeedRow]:
    """One row a seed and rule, the baseline among them."""
    for attempt in attempts:
        for rule in RULES:
            for answer, cuts_K in zip(attempt.answers, attempt.cuts(rule), strict=True):
                said = answer.logits
                decided = [said.test_NK >= cuts_K]
                once = tried(
                    decided, said.test_labels_NK.astype(bool), np.ones((1, len(decided[0])))
                )
                yield ImprovementSeedRow(
                    family=attempt.family,
                    technique=attempt.name,
                    threshold_rule=str(rule),
                    seed=answer.seed,
                    dev_macro_f1=cross_fitted_macro_f1(rule, said.dev_NK, said.dev_labels_NK),
                    test_macro_f1=float(once.macro.f1_SK[0, 0]),
                    size_bytes=answer.size_bytes,
                )


def _percent(share: float) -> str:
    return f"{100 * share:+.1f} %".replace("-", "\N{MINUS SIGN}")


def _sentence(row: ImprovementRow) -> str:
    name = row.technique.replace("_", " ")
    name = name[0].upper() + name[1:]
    if row.relative_change is None or row.expected_low is None or row.expected_high is None:
        return f"{name}: the baseline finds nothing, so there is no relative change."
    said = {
        "not found": "was not found",
        "open": "is neither shown nor excluded",
        "found": "was found",
        "exceeded": "was found and exceeded",
    }[row.verdict]
    assert row.relative_low is not None and row.relative_high is not None
    return (
        f"{name} changed macro-F1 by {_percent(row.relative_change)} "
        f"({_percent(row.relative_low)} to {_percent(row.relative_high)}), from "
        f"{row.baseline_f1:.3f} to {row.f1:.3f}: a gain of {100 * row.expected_low:.0f} to "
        f"{100 * row.expected_high:.0f} % {said}."
    )


def summary(rows: Sequence[ImprovementRow]) -> str:
    """One paragraph a family: what was promised, what was found, and under which rule."""
    paragraphs = []
    headline = str(RULES[0])
    for family in dict.fromkeys(row.family for row in rows):
        whole = [r for r in rows if r.family == family and r.label == ALL_LABELS]
        fitted = [r for r in whole if r.threshold_rule == headline]
        first = fitted[0]
        sentences = " ".join(_sentence(r) for r in fitted)
        at_half = "; ".join(
            f"{r.technique.replace('_', ' ')} {_percent(r.relative_change)}"
            for r in whole
            if r.threshold_rule != headline and r.relative_change is not None
        )
        paragraphs.append(
            f"{family}, {first.corpus} with {first.train_texts:,} train texts, {first.taxonomy}, "
            f"{count(first.seeds, 'seed')}, thresholds per label fitted on dev, intervals of 95 % "
            f"over texts and seeds. {sentences} At a fixed threshold of 0.5 the changes read: "
            f"{at_half or 'none, the baseline finds nothing there'}."
        )
    return "\n\n".join(paragraphs)
