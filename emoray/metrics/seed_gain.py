"""The gain of a technique over a baseline: the same texts, the same seeds, resampled together.

Shapes: S seeds, N texts, K labels, B resamples.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emoray.metrics.bootstrap import draw_counts, symmetric_interval
from emoray.metrics.change import Change, changed
from emoray.metrics.resampled import resampled


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeedScores:
    """F1 of each label of one training method with S seeds, on the texts and in resamples."""

    f1_SK: np.ndarray
    resampled_SKB: np.ndarray

    @property
    def macro(self) -> "SeedScores":
        """Macro-F1 in place of the labels' F1, as one label."""
        return SeedScores(
            f1_SK=self.f1_SK.mean(axis=1, keepdims=True),
            resampled_SKB=self.resampled_SKB.mean(axis=1, keepdims=True),
        )

    def label(self, k: int) -> "SeedScores":
        """The scores of one label."""
        return SeedScores(f1_SK=self.f1_SK[:, [k]], resampled_SKB=self.resampled_SKB[:, [k]])


def seed_scores(
    decided_SNK: Sequence[np.ndarray], labels_NK: np.ndarray, weights_BN: np.ndarray
) -> SeedScores:
    """Score the decisions of S trainings on the same texts and the same resamples."""
    if not decided_SNK:
        raise ValueError("a technique is judged by at least one training, got none")
    found = resampled(np.array(decided_SNK), labels_NK, weights_BN)
    f1_SK = found.scores.f1_RK
    return SeedScores(f1_SK=f1_SK, resampled_SKB=f1_SK[:, :, None] + found.label_deviation())


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """F1 before and after, means over seeds: the change, and its share of the F1 before.

    Intervals are over resampled texts *and* resampled seeds: a gain that depends on one training is
    no gain. The relative ones are NaN where the baseline's F1 is 0.
    """

    change: Change
    relative: float
    relative_low: float
    relative_high: float
    by_seed: tuple[float, ...]


def _over_seeds(scores: SeedScores, share_BS: np.ndarray) -> np.ndarray:
    """Return f1_B: the mean over each resample's seeds."""
    return np.asarray((scores.resampled_SKB[:, 0].T * share_BS).sum(axis=1))


def seed_gain(before: SeedScores, after: SeedScores, *, seed: int = 0) -> Gain:
    """Measure the gain of `after` over `before`.

    Paired: resample b reads the same texts and the same seeds of both (Efron & Tibshirani 1993,
    "An Introduction to the Bootstrap", ch. 8, for the two levels); the few seeds are drawn as the
    few texts of a stratum are.

    Args:
        before: one label (`SeedScores.macro`, `.label`).
        after: one label, of as many seeds in the same resamples.
        seed: of the draw of seeds.

    Returns:
        The gain with its 95 % intervals.

    Raises:
        ValueError: if the two differ in seeds or resamples, or have several labels.
    """
    if before.resampled_SKB.shape != after.resampled_SKB.shape or before.f1_SK.shape[1] != 1:
        raise ValueError(
            "a gain compares one label of equally many seeds and resamples, got "
            f"{before.resampled_SKB.shape} and {after.resampled_SKB.shape}: judge both alike"
        )
    seeds, _, resamples = before.resampled_SKB.shape
    share_BS = draw_counts(np.random.default_rng(seed), seeds, resamples) / seeds
    before_B, after_B = _over_seeds(before, share_BS), _over_seeds(after, share_BS)
    was, now = before.f1_SK.mean(keepdims=True)[0], after.f1_SK.mean(keepdims=True)[0]
    (change,) = changed(was, now, (after_B - before_B - (now - was))[None])
    share, low, high = np.nan, np.nan, np.nan
    if change.before > 0 and (before_B > 0).all():
        share = change.after / change.before - 1
        ends = symmetric_interval(np.array([share]), (after_B / before_B - 1 - share)[None])
        low, high = (float(end[0]) for end in ends)
    return Gain(
        change=change,
        relative=float(share),
        relative_low=low,
        relative_high=high,
        by_seed=tuple(float(d) for d in (after.f1_SK - before.f1_SK)[:, 0]),
    )


@dataclass(frozen=True, slots=True)
class Promise:
    """A relative gain that is often promised: from `low` to `high`, shares of the baseline's F1."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 < self.low <= self.high:
            raise ValueError(f"a promised gain runs from low to high, got {self.low}, {self.high}")

    def outcome(self, found: Gain) -> str:
        """Classify a gain by where its relative interval lies.

        Returns:
            `found`: all of it at or above `low`; `exceeded`: all of it above `high`;
            `not found`: all of it below `low`; `open`: `low` lies within it.
        """
        if found.relative_high < self.low:
            return "not found"
        if found.relative_low > self.high:
            return "exceeded"
        return "found" if found.relative_low >= self.low else "open"
