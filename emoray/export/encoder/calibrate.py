"""Observe the inputs of each product of an encoder on texts (the dev split), without padding.

Shapes: R rows (tokens or texts), I inputs of a product, V tokens of the vocabulary.
"""

from collections.abc import Iterator

import numpy as np

from emoray.artifact.scoring import Texts, scoring_batches, scoring_session
from emoray.export.calibrate import mean_squares, observed_ranges
from emoray.export.encoder.graph import wire_encoder
from emoray.export.encoder.network import Encoder
from emoray.export.kernels import IDS
from emoray.quant.scheme import FLOAT, ModelScheme, Static

MOST_TEXTS = 1024  # evenly spread over those given; more do not move a range
MOST_VALUES = 1 << 18  # that each observer keeps


class _Some:
    """Evenly spread texts of many."""

    def __init__(self, texts: Texts, most: int) -> None:
        lengths = np.asarray(texts.lengths)
        self._rows = np.unique(np.linspace(0, len(lengths) - 1, min(most, len(lengths)), dtype=int))
        self._texts = texts
        self.lengths = lengths[self._rows]

    def padded(self, rows: np.ndarray) -> np.ndarray:
        """Return ids_NL of these rows of the chosen texts."""
        return self._texts.padded(self._rows[rows])


Reads = tuple[str, ...]  # the values that a kernel reads; those of shared layers are several


def _observed(
    encoder: Encoder, texts: Texts
) -> tuple[dict[str, Reads], Iterator[dict[Reads, np.ndarray]]]:
    """The values that each kernel reads; and batch by batch the rows_RI of all of them."""
    kernels = wire_encoder(encoder, FLOAT, {}, packing=False)
    alone = encoder.read_once_a_text
    per_text = {value for name, value in kernels.inputs.items() if name in alone}
    groups = list(dict.fromkeys(kernels.reads.values()))
    values = list(dict.fromkeys(value for group in groups for value in group))
    axes = {value: 2 if value in per_text else 3 for value in values}

    def rows() -> Iterator[dict[Reads, np.ndarray]]:
        session = scoring_session(kernels.writer.model(axes).SerializeToString())
        for _, ids_NL in scoring_batches(_Some(texts, MOST_TEXTS)):
            found = zip(values, session.run(values, {IDS: ids_NL}), strict=True)
            kept = {v: array if v in per_text else array[ids_NL != 0] for v, array in found}
            yield {group: _together([kept[value] for value in group]) for group in groups}

    return dict(kernels.reads), rows()


def _together(rows: list[np.ndarray]) -> np.ndarray:
    return rows[0] if len(rows) == 1 else np.concatenate(rows)


def encoder_static_ranges(
    encoder: Encoder, texts: Texts, scheme: ModelScheme
) -> dict[str, tuple[float, float]] | None:
    """Find the static ranges that a scheme needs.

    Kernels that read one value, such as query, key and value, have one range.

    Returns:
        (alpha, beta) by kernel; None for other activations.
    """
    activations = scheme.activations
    if not isinstance(activations, Static):
        return None
    inputs, batches_of_rows = _observed(encoder, texts)
    ranges = observed_ranges(batches_of_rows, activations, limit=MOST_VALUES)
    return {name: ranges[value] for name, value in inputs.items()}


def encoder_input_moments(encoder: Encoder, texts: Texts) -> dict[str, np.ndarray]:
    """Return E[x²] of every input of each product, (I,), by the name of its kernel."""
    inputs, batches_of_rows = _observed(encoder, texts)
    squares = mean_squares(batches_of_rows)
    return {name: squares[value] for name, value in inputs.items()}
