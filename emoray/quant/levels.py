"""The integer levels of a bit width, and the scale and zero-point that map a range to them.

Field form: ``Q(w) = Int(w / S) + z`` and ``w' = S * (Q - z)`` (Jacob et al. 2018, equation 1;
Gholami et al. 2021 write the same map with the opposite sign of the zero-point).
"""

import numpy as np

MIN_BITS, MAX_BITS = 2, 8
SMALLEST_SCALE = float(np.finfo(np.float32).tiny)  # below it float32 loses digits


def check_bits(bits: int) -> None:
    """Refuse a bit width other than a whole number in 2..8."""
    if isinstance(bits, bool) or not isinstance(bits, int) or not MIN_BITS <= bits <= MAX_BITS:
        raise ValueError(f"bits must be a whole number in 2..8, got {bits!r}")


def code_range(bits: int, symmetric: bool) -> tuple[int, int]:
    """Lowest and highest code of a bit width.

    The symmetric code -2^(b-1) is left unused, so negating a tensor negates its codes.

    Returns:
        ±(2^(b-1) - 1) when symmetric, else 0 and 2^b - 1.
    """
    if symmetric:
        highest = 2 ** (bits - 1) - 1
        return -highest, highest
    return 0, 2**bits - 1


def code_dtype(symmetric: bool) -> np.dtype:
    """The dtype of codes: int8 when symmetric, else uint8."""
    return np.dtype(np.int8 if symmetric else np.uint8)


def scale_and_zero_point(
    alpha: np.ndarray, beta: np.ndarray, bits: int, symmetric: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Compute scale and zero-point for ranges alpha <= 0 <= beta.

    z is rounded to a code, so 0.0 is exactly representable and an end of the range may lie up to
    half a step outside the codes. An empty range (all zeros) takes S = 1.

    Returns:
        S (float32) and z (the codes' dtype), in the shape of `alpha`.
    """
    low, high = code_range(bits, symmetric)
    alpha, beta = np.asarray(alpha, np.float64), np.asarray(beta, np.float64)
    span = np.maximum(-alpha, beta) if symmetric else beta - alpha
    scale = np.where(span > 0, np.maximum(span / high, SMALLEST_SCALE), 1.0).astype(np.float32)
    zero_point = np.zeros_like(scale) if symmetric else np.clip(np.rint(-alpha / scale), low, high)
    return scale, zero_point.astype(code_dtype(symmetric))
