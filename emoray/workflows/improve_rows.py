"""From what trainings say to what their technique earned: rows, and sentences. Shapes: N texts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from emoray.console.wording import count
from emoray.decide.thresholds import Fixed, PerLabel
from emoray.metrics.bootstrap import usual_weights
from emoray.metrics.change import MARGIN
from emoray.metrics.scores import score
from emoray.metrics.seed_gain import Gain, Promise, SeedScores, seed_gain, seed_scores
from emoray.models.recipe import Recipe
from emoray.stages.decision_columns import ModelLogits
from emoray.stages.fitted import FittedDecisions
from emoray.stages.spec import Decision, recipe_id
from emoray.tables.improvement_rows import ALL_LABELS, ImprovementRow, ImprovementSeedRow

BASELINE = "baseline"
# As shares of the baseline's macro-F1: what is often promised of a technique.
PROMISES: Mapping[str, Promise] = {
    "focal_loss": Promise(0.10, 0.20),
    "augmentation": Promise(0.05, 0.15),
    "ensemble": Promise(0.15, 0.25),
}
# The first is what the summary is about; neither depends on a temperature.
DECISIONS = tuple(Decision(temperature=1.0, rule=rule) for rule in (PerLabel(), Fixed(0.5)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TechniqueLogits:
    """Logits of one training, or one ensemble, with `DECISIONS` fitted on its dev."""

    seed: int
    logits: ModelLogits
    fitted: FittedDecisions
    size_bytes: int

    def decided(self, r: int) -> np.ndarray:
        """Decisions (N, K) on test under decision r."""
        return np.asarray(self.logits.test_NK >= self.fitted.cuts_RK[r])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attempt:
    """A technique, or the baseline, on one family, with logits for each seed."""

    name: str
    family: str
    recipe: Recipe
    members: int
    by_seed: tuple[TechniqueLogits, ...]

    def seed_scores(self, r: int, weights_BN: np.ndarray) -> SeedScores:
        """F1 of every seed under decision r."""
        labels_NK = self.by_seed[0].logits.test_labels_NK
        return seed_scores([each.decided(r) for each in self.by_seed], labels_NK, weights_BN)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Columns that all rows of one comparison share."""

    corpus: str
    taxonomy: str
    labels: tuple[str, ...]
    train_texts: int


def _row(
    about: About, attempt: Attempt, baseline: Attempt, rule: str, label: str, found: Gain
) -> ImprovementRow:
    promise = PROMISES.get(attempt.name) if label == ALL_LABELS else None
    known, change = not np.isnan(found.relative), found.change
    return ImprovementRow(
        corpus=about.corpus,
        taxonomy=about.taxonomy,
        family=attempt.family,
        technique=attempt.name,
        label=label,
        threshold_rule=rule,
        recipe=recipe_id(attempt.recipe),
        baseline=recipe_id(baseline.recipe),
        train_texts=about.train_texts,
        seeds=len(attempt.by_seed),
        members=attempt.members,
        baseline_f1=change.before,
        f1=change.after,
        change=change.value,
        change_low=change.low,
        change_high=change.high,
        verdict=change.verdict(MARGIN),
        relative_change=found.relative if known else None,
        relative_low=found.relative_low if known else None,
        relative_high=found.relative_high if known else None,
        expected_low=promise.low if promise else None,
        expected_high=promise.high if promise else None,
        promise=promise.outcome(found) if promise else None,
    )


def improvement_rows(
    attempts: Sequence[Attempt], baseline: Attempt, about: About
) -> Iterator[ImprovementRow]:
    """Rows of each attempt against the baseline of its family, all labels first, by every rule."""
    weights_BN = usual_weights(baseline.by_seed[0].logits.test_labels_NK)
    for r, decision in enumerate(DECISIONS):
        before, rule = baseline.seed_scores(r, weights_BN), str(decision.rule)
        for attempt in attempts:
            after = attempt.seed_scores(r, weights_BN)
            whole = seed_gain(before.macro, after.macro)
            yield _row(about, attempt, baseline, rule, ALL_LABELS, whole)
            for k, label in enumerate(about.labels):
                found = seed_gain(before.label(k), after.label(k))
                yield _row(about, attempt, baseline, rule, label, found)


def seed_rows(attempts: Sequence[Attempt]) -> Iterator[ImprovementSeedRow]:
    """One row per seed and rule, the baseline's too."""
    for attempt in attempts:
        for r, decision in enumerate(DECISIONS):
            for each in attempt.by_seed:
                logits, fitted = each.logits, each.fitted
                test = score(logits.test_NK, logits.test_labels_NK, fitted.cuts_RK[r])
                yield ImprovementSeedRow(
                    family=attempt.family,
                    technique=attempt.name,
                    threshold_rule=str(decision.rule),
                    seed=each.seed,
                    dev_macro_f1=float(fitted.dev_macro_f1_R[r]),
                    test_macro_f1=test.macro_f1,
                    size_bytes=each.size_bytes,
                )


def _percent(share: float) -> str:
    return f"{100 * share:+.1f} %".replace("-", "\N{MINUS SIGN}")


def _sentence(row: ImprovementRow) -> str:
    name = row.technique.replace("_", " ").capitalize()
    if row.relative_change is None:
        return f"{name}: the baseline finds nothing, so there is no relative change."
    assert row.relative_low is not None and row.relative_high is not None
    return (
        f"{name} changed macro-F1 by {_percent(row.relative_change)} "
        f"({_percent(row.relative_low)} to {_percent(row.relative_high)}), from "
        f"{row.baseline_f1:.3f} to {row.f1:.3f}{_outcome(row)}."
    )


def _outcome(row: ImprovementRow) -> str:
    """What became of the gain that is often promised; nothing where none is."""
    if row.promise is None or row.expected_low is None or row.expected_high is None:
        return ""
    outcome = {
        "not found": "was not found",
        "open": "is neither shown nor excluded",
        "found": "was found",
        "exceeded": "was found and exceeded",
    }[row.promise]
    return f": a gain of {100 * row.expected_low:.0f} to {100 * row.expected_high:.0f} % {outcome}"


def improvement_summary(rows: Sequence[ImprovementRow]) -> str:
    """One paragraph per family: what was promised, what was found, and under which rule."""
    paragraphs = []
    headline = str(DECISIONS[0].rule)
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
