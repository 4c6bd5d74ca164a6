"""Whether one model is better than another on a stream, told at any moment, as often as one looks.

A usual 95 % interval holds once: whoever looks every day and stops at the first difference is wrong
far more often than one time in twenty. A confidence sequence holds at all moments together. This
one is asymptotic: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024, "Time-uniform central limit
theory and asymptotic confidence sequences" (arXiv 2103.06476), Theorem 2.2, about the mean of what
each text adds.

Shapes: N texts.
"""

import math

import numpy as np

from emoray.metrics.bootstrap import LEVEL
from emoray.metrics.convention import PLANNED_TEXTS

FEWEST_TEXTS = 200  # before them the variance is not known well enough for any interval
POWER = 0.8


def mixture_variance(alpha: float, planned: float) -> float:
    """Variance of the normal mixture with which a sequence of this error is narrowest as planned.

    Args:
        alpha: 1 less the level.
        planned: texts at which it is narrowest.

    Returns:
        In units of the variance of one text's influence.
    """
    return (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / planned


def half_width(texts: float, deviation: float, level: float, planned: float) -> float:
    """Half the width of the confidence sequence after so many texts.

    Args:
        texts: texts seen so far, above 0.
        deviation: standard deviation of one text's influence.
        level: of all moments together, such as 0.95.
        planned: texts at which the sequence is to be narrowest.

    Returns:
        In the unit of `deviation`.
    """
    alpha = 1 - level
    rho2 = mixture_variance(alpha, planned)
    spread = texts * rho2 + 1
    inside = 2 * spread / (texts**2 * rho2) * math.log(math.sqrt(spread) / alpha)
    return deviation * math.sqrt(inside)


def texts_needed(
    deviation: float,
    effect: float,
    *,
    level: float = LEVEL,
    power: float = POWER,
    planned: float = PLANNED_TEXTS,
) -> int:
    """Texts after which a true difference of `effect` is shown with the probability `power`.

    Args:
        deviation: standard deviation of one text's influence.
        effect: of macro-F1, above 0.
        level: of the confidence sequence.
        power: probability, in (0.5, 1).
        planned: texts at which the sequence is narrowest.

    Returns:
        Texts, at least `FEWEST_TEXTS`.

    Raises:
        ValueError: no such effect or power.
    """
    if not 0 < effect < 1:
        raise ValueError(f"a planned effect lies in (0, 1), got {effect}: 0.02 is two points of F1")
    if not 0.5 < power < 1:
        raise ValueError(f"power lies in (0.5, 1), got {power}: {POWER} is customary")
    from scipy.special import ndtri

    late = float(ndtri(power))

    def shown(texts: float) -> bool:
        width = half_width(texts, deviation, level, planned)
        return width + late * deviation / math.sqrt(texts) <= effect

    high = float(FEWEST_TEXTS)
    while not shown(high):
        high *= 2
    low = high / 2
    while high - low > 1:
        middle = (low + high) / 2
        low, high = (low, middle) if shown(middle) else (middle, high)
    return max(FEWEST_TEXTS, math.ceil(high))


def design_effect(influence_N: np.ndarray, key_N: np.ndarray) -> float:
    """How many times more a sum varies than if texts of one key were strangers to each other.

    Args:
        influence_N: of each text on what is measured; their mean is 0.
        key_N: who sent it, any ids.

    Returns:
        At least 1; the variance of whole keys over that of single texts.
    """
    total = float(np.square(influence_N).sum())
    if total == 0:
        return 1.0
    _, of_key_N = np.unique(key_N, return_inverse=True)
    return max(1.0, float(np.square(np.bincount(of_key_N, influence_N)).sum()) / total)
