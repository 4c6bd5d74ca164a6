"""Observe the inputs of each product of a given graph on texts (the dev split), without padding.

Texts of one length make a batch, so that no batch has padding, whatever the layout of values.
Shapes: R rows, I inputs of a product.
"""

from collections.abc import Iterator

import numpy as np

from emoray.artifact.scoring import BATCH, Texts, evenly, scoring_session
from emoray.export.calibrate import mean_squares, observed_ranges
from emoray.export.given.graph import values_of, wire_given
from emoray.export.given.network import GivenNetwork
from emoray.export.kernels import IDS
from emoray.quant.scheme import FLOAT, ModelScheme, Static

MOST_TEXTS = 512  # evenly spread over lengths
MOST_VALUES = 1 << 18  # that each observer keeps


def _batches(texts: Texts) -> Iterator[np.ndarray]:
    lengths_N = np.asarray(texts.lengths)
    chosen = evenly(lengths_N, MOST_TEXTS)
    for length in np.unique(lengths_N[chosen]):
        rows = chosen[lengths_N[chosen] == length]
        for start in range(0, len(rows), BATCH):
            yield texts.padded(rows[start : start + BATCH])


def observed(
    network: GivenNetwork, texts: Texts
) -> tuple[dict[str, str], Iterator[dict[str, np.ndarray]]]:
    """The value that each product reads; and batch by batch the rows_RI of all of them."""
    kernels = wire_given(network, FLOAT, {})
    values = list(dict.fromkeys(kernels.inputs.values()))

    def rows() -> Iterator[dict[str, np.ndarray]]:
        session = scoring_session(values_of(network, kernels, values))
        for ids_NL in _batches(texts):
            found = zip(values, session.run(values, {IDS: ids_NL}), strict=True)
            yield {value: array.reshape(-1, array.shape[-1]) for value, array in found}

    return dict(kernels.inputs), rows()


def given_static_ranges(
    network: GivenNetwork, texts: Texts, scheme: ModelScheme
) -> dict[str, tuple[float, float]] | None:
    """The static ranges that a scheme needs, by product; None for other activations."""
    activations = scheme.activations
    if not isinstance(activations, Static):
        return None
    inputs, batches = observed(network, texts)
    ranges = observed_ranges(batches, activations, limit=MOST_VALUES)
    return {name: ranges[value] for name, value in inputs.items()}


def given_input_moments(network: GivenNetwork, texts: Texts) -> dict[str, np.ndarray]:
    """Return E[x²] of every input of each product, (I,), by its name."""
    inputs, batches = observed(network, texts)
    squares = mean_squares(batches)
    return {name: squares[value] for name, value in inputs.items()}
