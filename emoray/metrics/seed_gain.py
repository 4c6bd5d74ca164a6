"""What a technique earns over a baseline: the same texts, the same seeds, resampled together.

Shapes: S seeds, N texts, K labels, B resamples.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emoray.metrics.label_f1 import label_f1_resampled


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tried:
    """One training method with S seeds: the F1 of each label, on the texts and in resamples."""

    f1_SK: np.ndarray
    resampled_SKB: np.ndarray

    @property
    def macro(self) -> "Tried":
        """The same of the mean over labels, as one label."""
        return Tried(
            f1_SK=self.f1_SK.mean(axis=1, keepdims=True),
            resampled_SKB=self.resampled_SKB.mean(axis=1, keepdims=True),
        )

    def label(self, k: int) -> "Tried":
        """The same of one label."""
        return Tried(f1_SK=self.f1_SK[:, [k]], resampled_SKB=self.resampled_SKB[:, [k]])


def tried(
    decided_SNK: Sequence[np.ndarray], labels_NK: np.ndarray, weights_BN: np.ndarray
) -> Tried:
    """The decisions of S trainings on the same texts, judged on the same resamples."""
    if not decided_SNK:
        raise ValueError("a technique is judged by at least one training, got none")
    decided, once_BN = np.array(decided_SNK), np.ones((1, len(labels_NK)))
    return Tried(
        f1_SK=label_f1_resampled(decided, labels_NK, once_BN)[:, :, 0],
        resampled_SKB=label_f1_resampled(decided, labels_NK, weights_BN),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """F1 before and after, means over seeds. change in F1, relative as a share of before.

    Each interval is the central 95 % over resampled texts *and* resampled seeds: a gain that hangs
    on one lucky training is no gain. The relative ones are NaN where the baseline's F1 is 0.
    """

    before: float
    after: float
    low: float
    high: float
    relative: float
    relative_low: float
    relative_high: float
    by_seed: tuple[float, ...]

    @property
    def change(self) -> float:
        return self.after - self.before


def _drawn(tried: Tried, seeds_BS: np.ndarray) -> np.ndarray:
    """Mean over each resample's seeds (B)."""
    f1_SB = tried.resampled_SKB[:, 0]
    drawn_B: np.ndarray = np.take_along_axis(f1_SB.T, seeds_BS, axis=1).mean(axis=1)
    return drawn_B


def gain(before: Tried, after: Tried, *, level: float = 0.95, seed: int = 0) -> Gain:
    """What `after` has over `before`, both with one label (`Tried.macro`, `Tried.label`).

    Paired: resample b reads the same texts and the same seeds of both (Efron & Tibshirani 1993,
    ch. 8, for the two levels). Raises ValueError where they do not have the same seeds and
    resamples.
    """
    if before.resampled_SKB.shape != after.resampled_SKB.shape or before.f1_SK.shape[1] != 1:
        raise ValueError(
            "a gain compares one label of equally many seeds and resamples, got "
            f"{before.resampled_SKB.shape} and {after.resampled_SKB.shape}: judge both alike"
        )
    seeds, _, resamples = before.resampled_SKB.shape
    seeds_BS = np.random.default_rng(seed).integers(seeds, size=(resamples, seeds))
    before_B, after_B = _drawn(before, seeds_BS), _drawn(after, seeds_BS)
    ends = (1 - level) / 2, (1 + level) / 2
    low, high = np.quantile(after_B - before_B, ends)
    was, now = float(before.f1_SK.mean()), float(after.f1_SK.mean())
    share, share_low, share_high = np.nan, np.nan, np.nan
    if was > 0 and (before_B > 0).all():
        share = now / was - 1
        share_low, share_high = np.quantile(after_B / before_B - 1, ends)
    return Gain(
        before=was,
        after=now,
        low=float(low),
        high=float(high),
        relative=float(share),
        relative_low=float(share_low),
        relative_high=float(share_high),
        by_seed=tuple(float(d) for d in (after.f1_SK - before.f1_SK)[:, 0]),
    )


@dataclass(frozen=True, slots=True)
class Expected:
    """A relative gain as promised: from `low` to `high`, shares of the baseline's F1."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 < self.low <= self.high:
            raise ValueError(f"an expected gain runs from low to high, got {self.low}, {self.high}")

    def verdict(self, found: Gain) -> str:
        """`found`, `exceeded`, `not found` or `open`, by where the relative interval lies.

        found: all of it from `low` on; exceeded: all of it above `high`; not found: all below
        `low`; open: `low` lies within it.
        """
        if found.relative_high < self.low:
            return "not found"
        if found.relative_low > self.high:
            return "exceeded"
        return "found" if found.relative_low >= self.low else "open"
