"""Predict the output error of a quantized weight without running the network.

For y = x W the summed squared error of y is  sum_io m_i (W - W')²_io  with m_i = E[x_i²], where the
inputs are taken as uncorrelated: the diagonal of the layer's Hessian E[x xᵀ] (LeCun et al. 1990,
"Optimal brain damage"; Frantar et al. 2022, "GPTQ", uses the whole of it). It is relative to
sum_io m_i W²_io, the energy of y under the same assumption, so that products compare. An
embedding's rows count by how often their token occurs. Shapes: I inputs, S slices, M values each.
"""

import hashlib
from collections.abc import Sequence

import numpy as np

from emoray.quant.affine import checked_values, range_of, weighted_slices
from emoray.quant.least_error import squared_error
from emoray.quant.scheme import QuantScheme

LIMIT = 1 << 20  # values whose errors are measured: of more, every n-th slice
MOST_KNOWN = 20_000  # errors remembered by this process
FLOOR = 0.01  # of the mean moment: an input at 0 so far may move in a new text


def emphasis(moments_I: np.ndarray) -> np.ndarray:
    """Convert second moments of the inputs to factors of the weights' squared errors.

    An input that never moved counts for 1 % of the mean; if none moves, all count alike.

    Args:
        moments_I: E[x²] of each input.

    Returns:
        Float32 shares of the mean, shape (I, 1).

    Raises:
        ValueError: if a moment is negative or there is more than one axis.
    """
    moments_I = checked_values(moments_I).astype(np.float64)
    if moments_I.ndim != 1 or (moments_I < 0).any():
        raise ValueError(
            f"moments are E[x²] of every input, not negative, got shape {moments_I.shape} from "
            f"{moments_I.min():g}: give one value an input"
        )
    mean = moments_I.mean()
    if mean == 0:
        return np.ones((len(moments_I), 1), np.float32)
    return np.maximum(moments_I / mean, FLOOR).astype(np.float32)[:, None]


def _ratio(error: float, signal: float) -> float:
    return error / signal if signal > 0 else 0.0


def predicted_error(
    values: np.ndarray, scheme: QuantScheme, weights: np.ndarray | None = None
) -> float:
    """Predict the error of a product's output under a scheme.

    Of a tensor with more than 2^20 values every n-th slice is measured, the rest taken to be alike.

    Args:
        values: the weight.
        scheme: how it is quantized.
        weights: factors of the squared errors, broadcasting over the tensor, see `emphasis`; the
            scheme's ranges are fitted with them.

    Returns:
        The error's share of the output's energy: 0.01 is 20 dB.
    """
    values = checked_values(values)
    step = -(-values.size // LIMIT)
    error = signal = 0.0
    for block, block_weights in weighted_slices(values, scheme.grain, weights):
        values_SM = block[::step]
        weights_SM = None if block_weights is None else block_weights[::step]
        roots_SM = None if weights_SM is None else np.sqrt(weights_SM)
        ends = range_of(values_SM, scheme, weights_SM)
        error += float(
            squared_error(values_SM, *ends, scheme.bits, scheme.symmetric, roots_SM).sum()
        )
        energy_SM = values_SM if roots_SM is None else values_SM * roots_SM
        signal += float(np.einsum("sm,sm->", energy_SM, energy_SM, dtype=np.float64))
    return _ratio(error, signal)


_known: dict[tuple[str, QuantScheme], float] = {}


def _content(*arrays: np.ndarray | None) -> str:
    """SHA-256 of shapes, types and values, by which equal arrays are recognised."""
    digest = hashlib.sha256()
    for array in arrays:
        if array is not None:
            digest.update(f"{array.shape} {array.dtype}".encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def predicted_errors(
    values: np.ndarray, schemes: Sequence[QuantScheme], weights: np.ndarray | None = None
) -> list[float]:
    """Predict the error under each scheme, cached in the process by the content of the arrays.

    A search evaluates the same weights under many budgets.

    Args:
        values: the weight.
        schemes: how it may be quantized.
        weights: factors of the squared errors, see `emphasis`.

    Returns:
        `predicted_error` of each scheme.
    """
    content = _content(values, weights)
    if len(_known) > MOST_KNOWN:
        _known.clear()
    found = []
    for scheme in schemes:
        key = content, scheme
        if key not in _known:
            _known[key] = predicted_error(values, scheme, weights)
        found.append(_known[key])
    return found
