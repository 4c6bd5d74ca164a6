"""What F1 to expect where nobody has labelled the texts: from calibrated probabilities alone.

A calibrated probability of 0.7 comes true seven times in ten, so a decision made on it is right
seven times in ten: true positives, false ones and missed ones are sums of probabilities (CBPE:
Garg et al. 2022, "Leveraging unlabeled data to predict out-of-distribution performance"; NannyML's
documentation, "Confidence-based performance estimation"), here label by label. It holds as long as
the probabilities stay calibrated: where the meaning of a label changes, it does not notice.

A label that is known is a probability of 0 or 1, and expected scores are then those that were
earned. Shapes: N texts, K labels, F = 3K features of a text.
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExpectedMoments:
    """All that expected scores need of some texts: sums that add up, in any order of the texts.

    Features of a text, label by label: the probability of a true positive (probability times
    decision), the probability, the decision.
    """

    texts: int
    sum_F: np.ndarray
    product_FF: np.ndarray

    @classmethod
    def of(cls, probs_NK: np.ndarray, decided_NK: np.ndarray) -> "ExpectedMoments":
        """Sums of some texts.

        Args:
            probs_NK: calibrated probabilities, in [0, 1]; labels, 0 and 1, where they are known.
            decided_NK: the labels given, 0 and 1.

        Returns:
            The sums. Probabilities outside [0, 1], or decisions of another shape or value, are a
            ValueError.
        """
        probs_NK, decided_NK = checked_probs(probs_NK, decided_NK)
        probs_NK = probs_NK.astype(np.float64)
        rows_NF = np.concatenate([probs_NK * decided_NK, probs_NK, decided_NK], axis=1)
        return cls(texts=len(rows_NF), sum_F=rows_NF.sum(axis=0), product_FF=rows_NF.T @ rows_NF)

    def __add__(self, other: "ExpectedMoments") -> "ExpectedMoments":
        return ExpectedMoments(
            texts=self.texts + other.texts,
            sum_F=self.sum_F + other.sum_F,
            product_FF=self.product_FF + other.product_FF,
        )

    @property
    def sums_3K(self) -> np.ndarray:
        """Expected true positives, positives by probability, and labels given."""
        return self.sum_F.reshape(3, -1)

    @property
    def squares_3K(self) -> np.ndarray:
        """Sums of the squares of the same."""
        return np.diagonal(self.product_FF).reshape(3, -1)

    def macro_influence(self) -> np.ndarray:
        """influence_F: what a text's features add to macro-F1, but for the number of texts.

        A text's influence on F1 of a label is (2 y d - F1 (y + d)) / size, of its label y and its
        decision d; the size is the sum of y + d over all texts.

        Returns:
            Weights by feature, of shape (F,).
        """
        true_K, positive_K, given_K = self.sums_3K
        size_K = given_K + positive_K
        f1_K, scale_K = _share(2 * true_K, size_K), _share(1.0, size_K) / len(size_K)
        return np.concatenate([2 * scale_K, -f1_K * scale_K, -f1_K * scale_K])

    def scores(self, *, level: float = LEVEL) -> ExpectedScores:
        """Precision, recall and F1 of these texts' decisions; level: of macro-F1's interval."""
        true_K, positive_K, given_K = self.sums_3K
        size_K = given_K + positive_K
        f1_K, scale_K = _share(2 * true_K, size_K), _share(1.0, size_K)
        # Mean and variance of the influence over the label y, which is 1 with the probability p.
        true2_K, positive2_K, _ = self.squares_3K
        mean2_K = (
            4 * (1 - f1_K) * true2_K
            - 4 * f1_K * (1 - f1_K / 2) * true_K
            + f1_K**2 * (positive2_K + given_K)
        )
        variance_K = 4 * (1 - f1_K) * (true_K - true2_K) + f1_K**2 * (positive_K - positive2_K)
        labels = len(f1_K)
        weights_F = self.macro_influence() * labels
        of_texts = weights_F @ self.product_FF @ weights_F + variance_K @ scale_K**2
        macro_f1 = float(f1_K.mean())
        width = float(ndtri(0.5 + level / 2) * np.sqrt(max(of_texts, 0.0)) / labels)
        return ExpectedScores(
            precision_K=_share(true_K, given_K),
            recall_K=_share(true_K, positive_K),
            f1_K=f1_K,
            f1_deviation_K=np.sqrt(np.maximum(mean2_K + variance_K, 0)) * scale_K,
            macro_f1=macro_f1,
            low=max(0.0, macro_f1 - width),
            high=min(1.0, macro_f1 + width),
        )


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
    return ExpectedMoments.of(probs_NK, decided_NK).scores(level=level)


def _share(part: np.ndarray | float, whole_K: np.ndarray) -> np.ndarray:
    return np.where(whole_K > 0, part / np.where(whole_K > 0, whole_K, 1), 0.0)
