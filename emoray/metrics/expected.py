"""What F1 to expect where nobody has labelled the texts: from calibrated probabilities alone.

A calibrated probability of 0.7 comes true seven times in ten, so a decision made on it is right
seven times in ten: true positives, false ones and missed ones are sums of probabilities (CBPE:
Garg et al. 2022, "Leveraging unlabeled data to predict out-of-distribution performance"; NannyML's
documentation, "Confidence-based performance estimation"), here label by label. It holds as long as
the probabilities stay calibrated: where the meaning of a label changes, it does not notice.

Shapes: N texts, K labels.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from emoray.metrics.bootstrap import LEVEL
from emoray.metrics.calibration import checked_probs


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExpectedScores:
    """Expected scores of decisions, each of shape (K,), and macro-F1 with its interval.

    The interval covers which texts came and what their labels happen to be; not that probabilities
    may be wrong. A label that is neither given nor probable anywhere scores 0, as in scikit-learn.
    """

    precision_K: np.ndarray
    recall_K: np.ndarray
    f1_K: np.ndarray
    f1_deviation_K: np.ndarray
    macro_f1: float
    low: float
    high: float


def expected_scores(
    probs_NK: np.ndarray, decided_NK: np.ndarray, *, level: float = LEVEL
) -> ExpectedScores:
    """Precision, recall and F1 that these decisions will turn out to have.

    Args:
        probs_NK: calibrated probabilities, in [0, 1].
        decided_NK: the labels given, 0 and 1.
        level: of the interval of macro-F1.

    Returns:
        The scores. Probabilities outside [0, 1], or decisions of another shape or value, are a
        ValueError.
    """
    probs_NK, decided_NK = checked_probs(probs_NK, decided_NK)
    probs_NK = probs_NK.astype(np.float64)
    true_K = (probs_NK * decided_NK).sum(axis=0)
    given_K, positive_K = decided_NK.sum(axis=0), probs_NK.sum(axis=0)
    size_K = given_K + positive_K
    f1_K = _share(2 * true_K, size_K)
    # A text's influence on F1 of label k is (2 y d - F1 (y + d)) / size, of its label y and its
    # decision d: mean and variance over y, which is 1 with the probability p.
    mean_NK = 2 * probs_NK * decided_NK - f1_K * (probs_NK + decided_NK)
    variance_NK = probs_NK * (1 - probs_NK) * (2 * decided_NK - f1_K) ** 2
    scale_K = _share(1.0, size_K)
    deviation_K = np.sqrt((mean_NK**2 + variance_NK).sum(axis=0)) * scale_K
    labels = probs_NK.shape[1]
    of_texts = ((mean_NK @ scale_K) ** 2).sum() + (variance_NK @ scale_K**2).sum()
    macro_f1 = float(f1_K.mean())
    width = float(ndtri(0.5 + level / 2) * np.sqrt(of_texts) / labels)
    return ExpectedScores(
        precision_K=_share(true_K, given_K),
        recall_K=_share(true_K, positive_K),
        f1_K=f1_K,
        f1_deviation_K=deviation_K,
        macro_f1=macro_f1,
        low=max(0.0, macro_f1 - width),
        high=min(1.0, macro_f1 + width),
    )


def _share(part: np.ndarray | float, whole_K: np.ndarray) -> np.ndarray:
    return np.where(whole_K > 0, part / np.where(whole_K > 0, whole_K, 1), 0.0)
