"""The dev score that a search may maximise: thresholds fitted on some folds, scored on the other.

Shapes: N texts, K labels, D decisions. The held-out decisions of all folds are pooled and scored
once: a mean of per-fold F1 would drown rare labels in folds that hold none of them. Folds are drawn
at random, not stratified: with many labels per text there is no one stratum to keep, and pooling
makes it unneeded. A label without a positive in the fitting folds takes the common cut there.

The temperature is not cross-fitted. One number fitted on all of dev hardly flatters, and only
`Fixed` reads it; thresholds, up to one per label, can.
"""

from collections.abc import Callable, Sequence

import numpy as np

from emoray.decide.thresholds import Rule, cuts_many, fit_many
from emoray.metrics.checks import checked_logits, require_positives
from emoray.metrics.ranking import rank
from emoray.metrics.scores import ManyScores, score_ranking


def folds_of(texts: int, *, folds: int = 5, seed: int = 0) -> np.ndarray:
    """Return fold_N, int64: the fold that holds each text out; sizes differ by one at most."""
    if not 2 <= folds <= texts:
        raise ValueError(
            f"folds must lie in 2..{texts} (the number of texts), got {folds}: 5 is customary"
        )
    return np.random.default_rng(seed).permutation(texts) % folds


def cross_fitted_scores(
    decisions: Sequence[tuple[Rule, float]],
    logits_NK: np.ndarray,
    labels_NK: np.ndarray,
    *,
    folds: int = 5,
    seed: int = 0,
) -> ManyScores:
    """Score decisions whose thresholds are fitted on all folds but one, on the one held out.

    A label without a positive in any fold is refused, whatever the rules.

    Args:
        decisions: (rule, temperature) of each row; folds are sorted once for all.
        logits_NK: finite.
        labels_NK: 0 or 1.
        folds: how many parts the texts are split into.
        seed: of the split.

    Returns:
        One row of pooled held-out scores per decision.
    """
    logits_NK, labels_NK = checked_logits(logits_NK, labels_NK)
    return cross_fitted_fits(decisions, lambda _: logits_NK, labels_NK, folds=folds, seed=seed)


def cross_fitted_fits(
    decisions: Sequence[tuple[Rule, float]],
    fitted: Callable[[np.ndarray], np.ndarray],
    labels_NK: np.ndarray,
    *,
    folds: int = 5,
    seed: int = 0,
) -> ManyScores:
    """Score as `cross_fitted_scores`, on logits that are fitted on the same folds.

    Args:
        decisions: (rule, temperature) of each row.
        fitted: maps fitting_N (bool) to logits_NK of all texts, fitted on those texts alone.
        labels_NK: 0 or 1.
        folds: how many parts the texts are split into.
        seed: of the split.

    Returns:
        One row of pooled held-out scores per decision.
    """
    require_positives(labels_NK.sum(axis=0), len(labels_NK))
    fold_N = folds_of(len(labels_NK), folds=folds, seed=seed)
    shape = len(decisions), labels_NK.shape[1]
    predicted_DK, tp_DK = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for fold in range(folds):
        logits_NK = fitted(fold_N != fold)
        fitting = rank(logits_NK[fold_N != fold], labels_NK[fold_N != fold])
        held_out = rank(logits_NK[fold_N == fold], labels_NK[fold_N == fold])
        scores = score_ranking(held_out, fit_many(decisions, fitting))
        predicted_DK += scores.predicted_RK
        tp_DK += scores.tp_RK
    return ManyScores(tp_RK=tp_DK, predicted_RK=predicted_DK, support_K=labels_NK.sum(axis=0))


def cross_fitted_decisions(
    rule: Rule, logits_NK: np.ndarray, labels_NK: np.ndarray, *, folds: int = 5, seed: int = 0
) -> np.ndarray:
    """Decide each text by thresholds that are fitted on the other folds.

    Args:
        rule: how thresholds are set.
        logits_NK: finite.
        labels_NK: 0 or 1, each label somewhere.
        folds: how many parts the texts are split into.
        seed: of the split.

    Returns:
        decided_NK, bool: those that `cross_fitted_scores` counts.
    """
    logits_NK, labels_NK = checked_logits(logits_NK, labels_NK)
    require_positives(labels_NK.sum(axis=0), len(labels_NK))
    fold_N = folds_of(len(labels_NK), folds=folds, seed=seed)
    decided_NK = np.zeros(labels_NK.shape, dtype=bool)
    for fold in range(folds):
        own_N = fold_N == fold
        (cuts_K,) = cuts_many([(rule, 1.0)], logits_NK[~own_N], labels_NK[~own_N])
        decided_NK[own_N] = logits_NK[own_N] >= cuts_K
    return decided_NK


def cross_fitted_macro_f1(
    rule: Rule,
    logits_NK: np.ndarray,
    labels_NK: np.ndarray,
    *,
    temperature: float = 1.0,
    folds: int = 5,
    seed: int = 0,
) -> float:
    """Macro-F1 of one rule's pooled held-out decisions; `Fixed` fits nothing: its plain score."""
    scores = cross_fitted_scores(
        [(rule, temperature)], logits_NK, labels_NK, folds=folds, seed=seed
    )
    return float(scores.macro_f1_R[0])
