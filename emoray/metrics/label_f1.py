"""The F1 of every label of several decisions in every resample.

Few texts get any one label, so their weights are summed by sparse products. Shapes: N texts,
K labels, R decisions, B resamples.
"""

import numpy as np
from scipy.sparse import csr_array

from emoray.metrics.checks import checked_labels
from emoray.metrics.intervals import checked_weights
from emoray.metrics.ranking import f1_of


def label_f1_resampled(
    decided_RNK: np.ndarray, labels_NK: np.ndarray, weights_BN: np.ndarray
) -> np.ndarray:
    """f1_RKB, float64; 0 where a resample neither holds nor predicts a label."""
    labels_NK = checked_labels(labels_NK, decided_RNK.shape[1:], "decisions")
    weights_NB = checked_weights(weights_BN, len(labels_NK))
    marks_RKN = decided_RNK.astype(bool).transpose(0, 2, 1)
    rows, labels, texts = marks_RKN.shape

    def summed(marks: np.ndarray) -> np.ndarray:
        sparse = csr_array(marks.reshape(-1, texts), dtype=np.float32)
        return np.asarray(sparse @ weights_NB)

    shape = rows, labels, weights_NB.shape[1]
    predicted_RKB = summed(marks_RKN).reshape(shape)
    tp_RKB = summed(marks_RKN & labels_NK.T).reshape(shape)
    return f1_of(tp_RKB, predicted_RKB, summed(labels_NK.T))
