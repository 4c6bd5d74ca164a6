"""Named lists of schemes for a search: `quick_schemes` for a look, `all_schemes` for a survey.

Dense kernels are (in, out): per channel means per output unit, groups run along the inputs.
Embeddings are (V, D): one scale per word's row, groups run along the row.
"""

from itertools import product

from emoray.quant.grain import Grain, PerChannel, PerGroup, PerTensor
from emoray.quant.ranges import Entropy, LeastError, MinMax, Percentile, Ranges
from emoray.quant.scheme import (
    FLOAT,
    Activations,
    Dynamic,
    ModelScheme,
    QuantScheme,
    Static,
    WeightOnly,
)

# Grains that go together: (of dense kernels, of the embedding).
TENSOR = (PerTensor(), PerTensor())
CHANNEL = (PerChannel(-1), PerChannel(0))
GROUP = (PerGroup(32, 0), PerGroup(16, -1))
GRAINS: tuple[tuple[Grain, Grain], ...] = (TENSOR, CHANNEL, GROUP)
PERCENTILES = tuple(Percentile(p) for p in (99, 99.5, 99.9, 99.99))
RANGES: tuple[Ranges, ...] = (MinMax(), LeastError(), Entropy(), *PERCENTILES)


def _model(
    dense_bits: int,
    embedding_bits: int,
    *,
    symmetric: bool = True,
    grains: tuple[Grain, Grain] = CHANNEL,
    ranges: Ranges | None = None,
    activations: Activations | None = None,
) -> ModelScheme:
    """A network whose dense weights and embedding differ in bits and grain only."""
    dense, embedding = (
        QuantScheme(bits=bits, symmetric=symmetric, grain=grain, ranges=ranges or MinMax())
        for bits, grain in zip((dense_bits, embedding_bits), grains, strict=True)
    )
    return ModelScheme(dense=dense, embedding=embedding, activations=activations or WeightOnly())


def _by_name(*schemes: ModelScheme) -> dict[str, ModelScheme]:
    return {str(scheme): scheme for scheme in schemes}


def quick_schemes() -> dict[str, ModelScheme]:
    """Nineteen schemes by name: every width, grain, range and activation kind at least once."""
    least, dynamic = LeastError(), Dynamic()
    channel8 = QuantScheme(grain=PerChannel(-1))
    low = QuantScheme(bits=3, symmetric=False, grain=PerChannel(0), ranges=least)
    lowest = QuantScheme(bits=2, symmetric=False, grain=PerChannel(0), ranges=least)
    return _by_name(
        FLOAT,
        ModelScheme(embedding=QuantScheme(grain=PerChannel(0))),
        ModelScheme(dense=channel8, activations=dynamic),
        _model(8, 8, activations=dynamic),
        _model(8, 8, symmetric=False, grains=TENSOR, activations=dynamic),
        _model(8, 8, ranges=Percentile(99.9), activations=Static(ranges=Percentile(99.9))),
        _model(8, 8, ranges=Entropy(), activations=Static(ranges=Entropy())),
        _model(8, 6, activations=dynamic),
        _model(8, 4, ranges=least, activations=dynamic),
        _model(8, 4, grains=(PerChannel(-1), PerGroup(16, -1)), activations=dynamic),
        ModelScheme(dense=channel8, embedding=low, activations=dynamic),
        ModelScheme(dense=channel8, embedding=lowest, activations=dynamic),
        _model(6, 6, ranges=least),
        _model(4, 4),
        _model(4, 4, grains=GROUP, ranges=least),
        _model(4, 4, symmetric=False, grains=GROUP, ranges=Percentile(99.5)),
        _model(4, 3, symmetric=False, ranges=least),
        _model(3, 3, symmetric=False, grains=GROUP, ranges=least),
        _model(2, 2, symmetric=False, grains=GROUP, ranges=least),
    )


def all_schemes() -> dict[str, ModelScheme]:
    """The quick ones and a fuller grid by name, more than sixty in all."""
    widths = (
        _model(bits, bits, symmetric=symmetric, grains=grains, ranges=LeastError())
        for bits, symmetric, grains in product((8, 7, 6, 5, 4, 3, 2), (True, False), GRAINS)
    )
    clips = (
        _model(bits, bits, symmetric=symmetric, ranges=ranges)
        for bits, symmetric, ranges in product((8, 4), (True, False), RANGES)
    )
    activated = (
        _model(8, 4, ranges=LeastError(), activations=activations)
        for activations in (*(Static(ranges=ranges) for ranges in RANGES), Static(symmetric=True))
    )
    spared = (
        ModelScheme(
            dense=QuantScheme(bits=bits, grain=PerChannel(-1), ranges=LeastError()),
            embedding=QuantScheme(bits=bits, grain=PerChannel(0), ranges=LeastError()),
            keep_float=("head",),
        )
        for bits in (8, 4)
    )
    return quick_schemes() | _by_name(*widths, *clips, *activated, *spared)
