"""Counts that are looked at again and again: how often something happens, and how traffic splits.

All hold at every moment together, whatever the number of texts, without an approximation: the
evidence is a likelihood averaged over a prior, over that of the hypothesis (Robbins 1970,
"Statistical methods related to the law of the iterated logarithm"), an e-value.

Shapes: K labels.
"""

import math

import numpy as np
from scipy.special import betaln, xlog1py, xlogy

from emoray.metrics.bootstrap import LEVEL

JEFFREYS = 0.5  # prior of a rate: most of its weight lies near 0 and 1, where rates of flips are
AROUND_PLAN = 100.0  # prior of a split: as if so many had been seen to come as planned
HALVINGS = 60  # of an interval that holds an end


def rate_sequence(
    found_K: np.ndarray, texts: int, *, level: float = LEVEL
) -> tuple[np.ndarray, np.ndarray]:
    """The ends of the confidence sequence of each rate; together they hold at every moment.

    Args:
        found_K: in how many texts it happened.
        texts: seen so far.
        level: of all labels and moments together (Bonferroni over labels).

    Returns:
        low_K and high_K, in [0, 1]; all of it without a text.
    """
    found_K = np.asarray(found_K, float)
    if not texts:
        return np.zeros_like(found_K), np.ones_like(found_K)
    most = math.log(max(found_K.size, 1) / (1 - level))
    marginal_K = betaln(JEFFREYS + found_K, JEFFREYS + texts - found_K) - betaln(JEFFREYS, JEFFREYS)

    def inside(rate_K: np.ndarray) -> np.ndarray:
        likelihood_K = xlogy(found_K, rate_K) + xlog1py(texts - found_K, -rate_K)
        return np.asarray(marginal_K - likelihood_K < most)

    middle_K = found_K / texts
    ends = []
    for outer_K in (np.zeros_like(middle_K), np.ones_like(middle_K)):
        inner_K = middle_K.copy()
        for _ in range(HALVINGS):
            between_K = (inner_K + outer_K) / 2
            within_K = inside(between_K)
            inner_K = np.where(within_K, between_K, inner_K)
            outer_K = np.where(within_K, outer_K, between_K)
        ends.append(outer_K)
    low_K = np.where(found_K == 0, 0.0, ends[0])
    return low_K, np.where(found_K == texts, 1.0, ends[1])


def split_p(first: int, second: int, share: float) -> float:
    """A p-value of traffic that splits otherwise than planned, valid at every moment.

    Lindon & Malek 2022, "Anytime-valid inference for multinomial count data", of two arms.

    Args:
        first: that came to the first model.
        second: that came to the second.
        share: of the second, as planned.

    Returns:
        In (0, 1]; below 0.01 the split is broken.

    Raises:
        ValueError: no such share.
    """
    if not 0 < share < 1:
        raise ValueError(f"a planned share lies in (0, 1), got {share}: 0.5 is half of the traffic")
    prior = AROUND_PLAN * (1 - share), AROUND_PLAN * share
    evidence = (
        betaln(prior[0] + first, prior[1] + second)
        - betaln(*prior)
        - first * math.log1p(-share)
        - second * math.log(share)
    )
    return math.exp(min(0.0, -float(evidence)))


def adjusted_p(log_evidence_K: np.ndarray) -> np.ndarray:
    """The e-values of several labels as p-values after Benjamini and Hochberg.

    Wang & Ramdas 2022, "False discovery rate control with e-values": of those called by their
    e-values at a level no more than this share are false, however labels hang together.

    Args:
        log_evidence_K: logarithms of e-values.

    Returns:
        p_K: the least level at which each is called.
    """
    log_K = np.asarray(log_evidence_K, float)
    order = np.argsort(-log_K, kind="stable")
    rank = np.arange(1, len(log_K) + 1)
    level = np.log(len(log_K) / rank) - log_K[order]
    least = np.minimum.accumulate(level[::-1])[::-1]
    found_K = np.empty(len(log_K))
    found_K[order] = np.exp(np.minimum(0.0, least))
    return found_K
