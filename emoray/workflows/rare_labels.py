"""What a technique does to labels that test has few texts of, on dev and test together.

Shapes: N texts of dev and test, K labels, R rare ones.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from emoray.decide.crossfit import cross_fitted_decisions
from emoray.decide.thresholds import PerLabel
from emoray.metrics.bootstrap import usual_weights
from emoray.metrics.change import MARGIN
from emoray.metrics.seed_gain import SeedScores, seed_gain, seed_scores
from emoray.metrics.smallest_change import NOT_DECIDABLE, decidable_verdict, smallest_change
from emoray.tables.improvement_rows import RareLabelRow
from emoray.workflows.improve_rows import About, Attempt

RARE = 50  # texts of test: a label with fewer is looked at on dev and test together


def _pooled(attempt: Attempt, labels_NK: np.ndarray, rare_R: np.ndarray) -> list[np.ndarray]:
    """Decisions of each seed on dev and test, thresholds cross-fitted on both."""
    found = []
    for each in attempt.by_seed:
        logits_NK = np.concatenate([each.logits.dev_NK, each.logits.test_NK])
        found.append(cross_fitted_decisions(PerLabel(), logits_NK[:, rare_R], labels_NK))
    return found


def rare_label_rows(
    attempts: Sequence[Attempt], baseline: Attempt, about: About, train_support_K: np.ndarray
) -> Iterator[RareLabelRow]:
    """Rows of each attempt against the baseline of its family, for the rare labels.

    Args:
        attempts: of one family.
        baseline: of the same.
        about: columns that all share.
        train_support_K: texts of train with each label.

    Yields:
        Rows; none where no label is rare.
    """
    first = baseline.by_seed[0].logits
    rare_R = np.flatnonzero(first.test_labels_NK.sum(axis=0) < RARE)
    labels_NK = np.concatenate([first.dev_labels_NK, first.test_labels_NK])[:, rare_R]
    rare_R, labels_NK = rare_R[labels_NK.any(axis=0)], labels_NK[:, labels_NK.any(axis=0)]
    if not len(rare_R):
        return
    weights_BN = usual_weights(labels_NK)

    def scored(attempt: Attempt) -> SeedScores:
        return seed_scores(_pooled(attempt, labels_NK, rare_R), labels_NK, weights_BN)

    before = scored(baseline)
    for attempt in attempts:
        after = scored(attempt)
        for r, k in enumerate(rare_R.tolist()):
            change = seed_gain(before.label(r), after.label(r)).change
            support = int(labels_NK[:, r].sum())
            yield RareLabelRow(
                corpus=about.corpus,
                taxonomy=about.taxonomy,
                family=attempt.family,
                technique=attempt.name,
                label=about.labels[k],
                seeds=len(attempt.by_seed),
                train_support=int(train_support_K[k]),
                support=support,
                baseline_f1=change.before,
                f1=change.after,
                change=change.value,
                change_low=change.low,
                change_high=change.high,
                smallest_change=smallest_change(change, support),
                verdict=decidable_verdict(change, support, MARGIN),
            )


def _points(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "\N{MINUS SIGN}")


def _label_words(row: RareLabelRow) -> str:
    if row.verdict == NOT_DECIDABLE:
        return f"{row.label} ({row.support} texts) {NOT_DECIDABLE}"
    return (
        f"{row.label} ({row.support}) {_points(row.change)} ({_points(row.change_low)} to "
        f"{_points(row.change_high)})"
    )


def rare_label_summary(rows: Sequence[RareLabelRow]) -> list[str]:
    """One paragraph on the rare labels, in points of F1; none where no label is rare."""
    if not rows:
        return []
    ways = dict.fromkeys((row.family, row.technique) for row in rows)
    sentences = []
    for family, technique in ways:
        own = [row for row in rows if (row.family, row.technique) == (family, technique)]
        name = technique.replace("_", " ")
        sentences.append(f"{family}, {name}: {', '.join(map(_label_words, own))}.")
    return [
        f"Labels with fewer than {RARE} texts of test, on dev and test together, thresholds "
        f"cross-fitted, change of F1 in points. {' '.join(sentences)}"
    ]
