"""Three statistics of a tensor's values that make it hard to quantize."""

from dataclasses import dataclass

import numpy as np

from emoray.quant.affine import checked_values
from emoray.quant.granularity import Grain, PerTensor
from emoray.quant.inspect import kurtosis

FAR = 6.0  # robust deviations beyond which a value is an outlier
SAMPLE = 1 << 20  # values looked at, evenly spaced


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Statistics of a tensor's values.

    Attributes:
        kurtosis: excess, 0 for a Gaussian.
        outliers: share of values further than 6 robust deviations (1.4826 median absolute
            deviations) from the median.
        spread: the greatest slice's largest value over the median slice's; 1 for one slice.
    """

    kurtosis: float
    outliers: float
    spread: float

    def __str__(self) -> str:
        text = f"kurtosis {self.kurtosis:.3g}, {100 * self.outliers:.2g} % beyond {FAR:g} sigma"
        return text if self.spread < 1.05 else f"{text}, ranges differ {self.spread:.2g}x"


def _outliers(values_M: np.ndarray) -> float:
    centred_M = np.abs(values_M - np.median(values_M))
    sigma = 1.4826 * float(np.median(centred_M))
    if sigma == 0:  # more than half the values are one value
        sigma = float(values_M.std(dtype=np.float64))
    return float((centred_M > FAR * sigma).mean())


def _spread(values: np.ndarray, grain: Grain) -> float:
    largest_S = np.concatenate([np.abs(block).max(axis=1) for block in grain.blocks(values)])
    alive_S = largest_S[largest_S > 0]
    return float(alive_S.max() / np.median(alive_S)) if alive_S.size else 1.0


def distribution(values: np.ndarray, grain: Grain | None = None) -> Distribution:
    """Compute the statistics of a tensor.

    Args:
        values: of more than 2^20 an evenly spaced sample is read for kurtosis and outliers.
        grain: how values are sliced for the spread, which reads all of them; one slice without it.

    Returns:
        The statistics.
    """
    values = checked_values(values)
    sample_M = values.ravel()[:: -(-values.size // SAMPLE)]
    return Distribution(
        kurtosis=kurtosis(sample_M),
        outliers=_outliers(sample_M),
        spread=_spread(values, grain or PerTensor()),
    )
