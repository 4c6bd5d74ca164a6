"""Whether shares have changed since a reference, told at any moment, for many shares at once.

Whoever looks at 28 labels every day sees a "significant" change in the first week. Here all looks
at all shares together raise a false alarm with a probability of at most `alpha`, however long the
stream is, and of what is called changed at most that share is not. Four pieces:

- **Every measure is a ratio of sums over texts** in [0, 1], and by the variance of a text's
  influence on it (the delta method) as much as a share of so many independent trials. Its angle,
  2 asin sqrt(share), has a variance of nearly 1 / trials whatever the share (Anscombe 1948, "The
  transformation of Poisson, binomial and negative-binomial data"): rare labels do not cry wolf.
- **An e-process for each**: the factor by which a normal prior of deviation `PRIOR` over the change
  of the angle predicts better than no change does (Robbins 1970, "Statistical methods related to
  the law of the iterated logarithm"). The reference is a sample too: with a flat prior over what
  both share, the ratio depends on their difference alone, whose variance is that of the stream plus
  that of the reference, and it stays a martingale as texts come in (Pérez-Ortiz, Lardy, de Heide &
  Grünwald 2024, "E-statistics, group invariance and anytime-valid testing"). By Ville's inequality
  it ever exceeds 1 / alpha with a probability of at most alpha; with estimated variances
  asymptotically (Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024, arXiv 2103.06476).
- **Over labels and measures: e-BH** (Wang & Ramdas 2022, "False discovery rate control with
  e-values"), which holds whatever the dependence. Where it calls anything changed, the mean of all
  e-processes is at least 1 / alpha; the mean is an e-process too: so it holds at all moments.
- **Over the moment at which a change began**: e-processes that begin at different windows share
  alpha, as `budgets` says, so a change late in a long stream is not watered down by what was before
  (after Shin, Ramdas & Rinaldo 2024, "E-detectors").

Shapes: M measures, W windows, H hypotheses, S starts.
"""

import math
from dataclasses import dataclass

import numpy as np

PRIOR = 0.1  # of an angle: a share of 9 % that becomes one of 12 %
JOINT_PRIOR = 0.05  # of means in their texts' deviations
EARLY = 10  # windows from which on a start's part of alpha falls fast
MOST_TRIALS = 20.0  # that a whole of 1 counts as: of what hardly varies


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RatioSums:
    """Sums over texts for M ratios `part / whole`: they add up. Arrays (..., M), texts (..., M).

    A plain mean has a whole of 1 for each text. texts: those that have the measure.
    """

    texts: np.ndarray
    part: np.ndarray
    whole: np.ndarray
    part2: np.ndarray
    both: np.ndarray
    whole2: np.ndarray

    @classmethod
    def means(cls, texts: np.ndarray, total: np.ndarray, squares: np.ndarray) -> "RatioSums":
        """Plain means, of their totals and the totals of their squares."""
        n = np.asarray(texts, np.float64) + np.zeros_like(total, np.float64)
        return cls(texts=n, part=total, whole=n, part2=squares, both=total, whole2=n)

    def stacked(self) -> np.ndarray:
        """All sums as one array, (6, ..., M)."""
        return np.stack(
            [self.texts, self.part, self.whole, self.part2, self.both, self.whole2]
        ).astype(np.float64)

    @classmethod
    def unstacked(cls, sums: np.ndarray) -> "RatioSums":
        """The sums of `stacked`."""
        texts, part, whole, part2, both, whole2 = sums
        return cls(texts=texts, part=part, whole=whole, part2=part2, both=both, whole2=whole2)

    def __add__(self, other: "RatioSums") -> "RatioSums":
        return RatioSums(
            texts=self.texts + other.texts,
            part=self.part + other.part,
            whole=self.whole + other.whole,
            part2=self.part2 + other.part2,
            both=self.both + other.both,
            whole2=self.whole2 + other.whole2,
        )

    @property
    def ratio(self) -> np.ndarray:
        """The ratios; 0 where the whole is 0."""
        return _divided(self.part, self.whole)

    @property
    def trials_per_whole(self) -> np.ndarray:
        """Independent trials of a share that tell as much as a whole of 1 does; 0 without any.

        A stretch of texts counts by its own whole, not by its texts: one in which a label does not
        occur tells nothing of its F1.
        """
        ratio = self.ratio
        influence2 = self.part2 - 2 * ratio * self.both + ratio**2 * self.whole2
        variance = _divided(np.maximum(influence2, 0), self.whole)
        spread = ratio * (1 - ratio)
        most = np.full(spread.shape, MOST_TRIALS)
        trials = np.divide(spread, variance, out=most, where=variance > 0)
        trials = np.where(spread > 0, np.minimum(trials, MOST_TRIALS), 1.0)
        return np.where(self.whole > 0, trials, 0.0)


def _divided(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    part, whole = np.broadcast_arrays(np.asarray(part, np.float64), np.asarray(whole, np.float64))
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)


def _angle(ratio: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """Anscombe's angle of a share of so many trials."""
    return 2 * np.arcsin(np.sqrt((np.clip(ratio, 0, 1) * trials + 3 / 8) / (trials + 3 / 4)))


def log_evidence(change: np.ndarray, variance: np.ndarray, *, prior: float = PRIOR) -> np.ndarray:
    """Logarithm of an e-process at this moment: of no change of a mean, against one of any size.

    Args:
        change: estimated.
        variance: of the estimate, above 0; infinite where nothing is known, which gives 0.
        prior: standard deviation of the changes to be found.

    Returns:
        The natural logarithm of the e-value.
    """
    wide = variance + prior**2
    shrunk = np.divide(variance, wide, out=np.ones_like(wide), where=np.isfinite(wide))
    return 0.5 * np.log(shrunk) + 0.5 * change**2 / variance * (1 - shrunk)


def change_evidence(stream: RatioSums, reference: RatioSums) -> np.ndarray:
    """Logarithm of the e-value that each ratio of a stream differs from the reference's.

    Args:
        stream: sums since the start of the e-process, (..., M).
        reference: sums of the sample that the stream is compared with, (M).

    Returns:
        The logarithms, (..., M); 0 where either has nothing of a measure.
    """
    per_whole = (stream + reference).trials_per_whole
    here, there = stream.whole * per_whole, reference.whole * per_whole
    variance = 1 / (here + 0.5) + 1 / (there + 0.5)
    found = log_evidence(_angle(stream.ratio, here) - _angle(reference.ratio, there), variance)
    return np.where((stream.whole > 0) & (reference.whole > 0), found, 0.0)


def joint_evidence(
    change_K: np.ndarray, covariance_KK: np.ndarray, variance: float, *, prior: float = JOINT_PRIOR
) -> float:
    """Logarithm of an e-process that K means together have changed: many small changes add up.

    The normal prior over changes has the covariance of the texts themselves, so it prefers no
    direction (Zellner's g-prior).

    Args:
        change_K: of the means, from the reference's.
        covariance_KK: of one text.
        variance: of a mean of texts of unit variance: 1 / texts plus 1 / texts of the reference.
        prior: standard deviation of changes, in those of one text.

    Returns:
        The natural logarithm of the e-value.
    """
    values_K, vectors_KK = np.linalg.eigh(covariance_KK)
    kept = values_K > 1e-9 * max(values_K[-1], 1e-12)
    distance2 = float(((change_K @ vectors_KK[:, kept]) ** 2 / values_K[kept]).sum())
    shrunk = variance / (variance + prior**2)
    return 0.5 * int(kept.sum()) * math.log(shrunk) + 0.5 * distance2 / variance * (1 - shrunk)


def interval(sums: RatioSums, like: RatioSums, deviations: float) -> tuple[np.ndarray, np.ndarray]:
    """Ends of an interval of each ratio, so many standard deviations to each side.

    Args:
        sums: of the texts.
        like: of texts, these among them, that tell how a text's influence varies.
        deviations: 1.96 for 95 %.

    Returns:
        Lower and upper ends, in [0, 1].
    """
    trials = sums.whole * like.trials_per_whole
    angle, width = _angle(sums.ratio, trials), deviations / np.sqrt(trials + 0.5)
    ends = np.clip(np.stack([angle - width, angle + width]), 0, np.pi)
    low, high = np.sin(ends / 2) ** 2
    return np.minimum(low, sums.ratio), np.maximum(high, sums.ratio)


def budgets(starts_S: np.ndarray) -> np.ndarray:
    """Each start's part of alpha: they sum to 1 over all windows, numbered from 0."""
    return EARLY / ((starts_S + EARLY) * (starts_S + EARLY + 1.0))


def starts_at(window: int) -> np.ndarray:
    """The windows since which a change is looked for, when `window` is the last one.

    Returns:
        starts_S, of the last 1, 2, 4, 8, … windows and of all of them: one that fits is never
        further away than twice the windows of the change.
    """
    ages = 2 ** np.arange(int(window + 1).bit_length())
    return np.unique([0, *(window + 1 - ages)])


def e_bh(log_e_H: np.ndarray, log_alpha: float) -> np.ndarray:
    """Hypotheses that e-BH rejects (Wang & Ramdas 2022).

    Args:
        log_e_H: logarithms of the e-values.
        log_alpha: logarithm of the false discovery rate that is allowed.

    Returns:
        rejected_H, bool: the k largest, of the largest k whose k-th is at least H / (k alpha).
    """
    hypotheses = len(log_e_H)
    descending = np.sort(log_e_H)[::-1]
    needed = np.log(hypotheses) - np.log(np.arange(1, hypotheses + 1)) - log_alpha
    passed = np.flatnonzero(descending >= needed)
    if not len(passed):
        return np.zeros(hypotheses, bool)
    return np.asarray(log_e_H >= descending[passed[-1]])
