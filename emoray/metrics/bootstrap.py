"""Resamples of texts in which rare labels stay: each is drawn within its own stratum.

Shapes: N texts, K labels, B resamples, S texts of one stratum.
"""

import numpy as np

from emoray.metrics.checks import checked_labels


def strata_of(labels_NK: np.ndarray) -> np.ndarray:
    """stratum_N, int64: the rarest label that a text carries, the first of equally rare ones.

    Texts without a label have K.
    """
    labels_NK = np.asarray(labels_NK)
    if labels_NK.ndim != 2 or 0 in labels_NK.shape:
        raise ValueError(
            "strata are of texts x labels with at least one of each, got shape "
            f"{labels_NK.shape}: pass the labels of one split"
        )
    labels_NK = checked_labels(labels_NK, labels_NK.shape, "strata")
    texts, labels = labels_NK.shape
    support_K = labels_NK.sum(axis=0)
    rarity_NK = np.where(labels_NK, support_K, texts + 1)
    return np.where(labels_NK.any(axis=1), np.argmin(rarity_NK, axis=1), labels)


def _drawn(rng: np.random.Generator, texts: int, resamples: int) -> np.ndarray:
    """counts_BS: how often each resample draws each text of one stratum. Rows sum to S.

    Drawing S of S with replacement gives counts of variance (S - 1) / S, so of six texts an
    interval would come out 9 % too narrow. A few resamples are therefore drawn with
    over-replacement, where every composition is as likely as another: the mixture has variance 1
    and stays whole (Antal & Tillé 2011, "A direct bootstrap method for complex sampling designs
    from a finite population"; the same, "Simple random sampling with over-replacement"). Of two
    texts one is drawn twice, which has variance 1 too; one text alone stays as it is.
    """
    if texts <= 2:
        return texts * np.eye(texts, dtype=np.int64)[rng.integers(texts, size=resamples)]
    counts_BS = np.empty((resamples, texts), dtype=np.int64)
    for counts_S in counts_BS:
        counts_S[:] = np.bincount(rng.integers(texts, size=texts), minlength=texts)
    over_B = rng.random(resamples) < (texts + 1) / (texts - 1) ** 2
    odds = rng.dirichlet(np.ones(texts), size=int(over_B.sum()))
    counts_BS[over_B] = rng.multinomial(texts, odds)
    return counts_BS


def stratified_weights(
    labels_NK: np.ndarray, *, resamples: int = 1000, seed: int = 0
) -> np.ndarray:
    """weights_BN, float32: how often each resample draws each text, each stratum for itself.

    Rows sum to N and every stratum keeps its size, so a label with six texts, the rarest of each,
    has six in every resample. Stored text by text, as `resample_weights` stores them.
    """
    if resamples < 1:
        raise ValueError(f"resampling needs at least one resample, got {resamples}: try 1000")
    stratum_N = strata_of(labels_NK)
    rng = np.random.default_rng(seed)
    weights_NB = np.empty((len(stratum_N), resamples), dtype=np.float32)
    for stratum in np.unique(stratum_N):
        inside = np.flatnonzero(stratum_N == stratum)
        weights_NB[inside] = _drawn(rng, len(inside), resamples).T
    return weights_NB.T
