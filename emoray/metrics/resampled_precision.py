"""Average precision of each label on resampled texts. Shapes: N texts, K labels, B resamples."""

import numpy as np

from emoray.metrics.checks import checked_logits


def resampled_precision(
    logits_NK: np.ndarray, labels_NK: np.ndarray, weights_BN: np.ndarray
) -> np.ndarray:
    """Average precision where text n counts weights_BN[b, n] times.

    Equal logits stand as one, as in `Ranking.average_precision_K`, which this is at weights of 1.

    Args:
        logits_NK: of one model.
        labels_NK: 0 or 1.
        weights_BN: how often each resample drew a text.

    Returns:
        precision_KB, float64; 0 where a resample holds no text of the label.
    """
    logits_NK, labels_NK = checked_logits(logits_NK, labels_NK)
    labels, resamples = labels_NK.shape[1], len(weights_BN)
    found_KB = np.zeros((labels, resamples))
    for k in range(labels):
        order_N = np.argsort(-logits_NK[:, k], kind="stable")
        scores_N, there_N = logits_NK[order_N, k], labels_NK[order_N, k].astype(bool)
        # The last of equal scores is where all of them are counted.
        last_N = np.searchsorted(-scores_N, -scores_N, side="right") - 1
        at_P = last_N[there_N]
        drawn_BN = weights_BN[:, order_N].astype(np.float64)
        predicted_BP = np.cumsum(drawn_BN, axis=1)[:, at_P]
        hit_BP = np.cumsum(drawn_BN * there_N, axis=1)[:, at_P]
        own_BP = drawn_BN[:, there_N]
        support_B = own_BP.sum(axis=1)
        precision_BP = hit_BP / np.maximum(predicted_BP, 1e-12)
        found_KB[k] = (own_BP * precision_BP).sum(axis=1) / np.maximum(support_B, 1e-12)
    return found_KB
