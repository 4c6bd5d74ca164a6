"""Observe the inputs of each product of a network on calibration texts (the dev split).

Shapes: R rows (texts or words), I inputs of a product.
"""

from collections.abc import Hashable, Iterator
from typing import TypeVar

import numpy as np

from emoray.artifact.scoring import Texts, scoring_batches, scoring_session
from emoray.export.kernels import IDS
from emoray.export.network import Network
from emoray.export.wiring import wire_network
from emoray.quant.observe import Observer
from emoray.quant.scheme import FLOAT, ModelScheme, Static

MOST_VALUES = 1 << 20  # that are kept of what one product reads
Name = TypeVar("Name", bound=Hashable)  # of what is read: a kernel, or the values it reads


def activations(network: Network, texts: Texts) -> Iterator[dict[str, np.ndarray]]:
    """Run a network in float on texts, batch by batch.

    Products over words give a row for every real word, padding left out.

    Yields:
        rows_RI of each product's input, by the name of its kernel.
    """
    wiring = wire_network(network, FLOAT, {})
    values = list(dict.fromkeys(wiring.inputs.values()))
    tokens = {name for name in wiring.inputs if name.startswith("pool")}
    axes = {v: 3 if any(wiring.inputs[n] == v for n in tokens) else 2 for v in values}
    session = scoring_session(wiring.writer.model(axes).SerializeToString())
    for _, ids_NL in scoring_batches(texts):
        found = dict(zip(values, session.run(values, {IDS: ids_NL}), strict=True))
        yield {
            name: found[value][ids_NL != 0] if name in tokens else found[value]
            for name, value in wiring.inputs.items()
        }


def static_ranges(
    network: Network, texts: Texts, scheme: ModelScheme
) -> dict[str, tuple[float, float]] | None:
    """The static ranges that a scheme needs, by kernel; None for other activations."""
    if not isinstance(scheme.activations, Static):
        return None
    return observed_ranges(activations(network, texts), scheme.activations)


def observed_ranges(
    batches: Iterator[dict[Name, np.ndarray]], activations: Static, *, limit: int = MOST_VALUES
) -> dict[Name, tuple[float, float]]:
    """Return (alpha, beta) of what is read in all batches, by name; limit: values kept of each."""
    observers: dict[Name, Observer] = {}
    for batch in batches:
        for name, rows_RI in batch.items():
            observers.setdefault(name, Observer(limit=limit)).watch(rows_RI)
    return {
        name: observer.range(activations.ranges, symmetric=activations.symmetric)
        for name, observer in observers.items()
    }


def input_moments(network: Network, texts: Texts) -> dict[str, np.ndarray]:
    """Return E[x²] of every input of each product, (I,), by the name of its kernel."""
    return mean_squares(activations(network, texts))


def mean_squares(batches: Iterator[dict[Name, np.ndarray]]) -> dict[Name, np.ndarray]:
    """Mean square of each column over the rows of all batches, by name, float64."""
    sums: dict[Name, np.ndarray] = {}
    rows: dict[Name, int] = {}
    for batch in batches:
        for name, rows_RI in batch.items():
            squares_I = np.square(rows_RI, dtype=np.float64).sum(axis=0)
            sums[name] = sums.get(name, 0.0) + squares_I
            rows[name] = rows.get(name, 0) + len(rows_RI)
    return {name: total_I / rows[name] for name, total_I in sums.items()}


def token_counts(rows: int, texts: Texts) -> np.ndarray:
    """Count how often each of an embedding's rows is read, (V,), without padding."""
    counts_V = np.zeros(rows, np.int64)
    for _, ids_NL in scoring_batches(texts):
        counts_V += np.bincount(ids_NL[ids_NL != 0], minlength=rows)
    return counts_V
