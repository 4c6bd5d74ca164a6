"""Named lists of schemes for a search: `quick_schemes` for a first run, `all_schemes` for a survey.

Dense kernels are (in, out): per channel means per output unit, groups run along the inputs.
Embeddings are (V, D): one scale per word's row, groups run along the row.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from emoray.quant.granularity import Grain, PerChannel, PerGroup, PerTensor
from emoray.quant.policy import Adaptive, Scheme
from emoray.quant.pruning import Heal, Prune
from emoray.quant.ranges import (
    ActivationRanges,
    BestOf,
    Entropy,
    LeastError,
    MinMax,
    Percentile,
    Ranges,
)
from emoray.quant.scheme import (
    FLOAT,
    Activations,
    Dynamic,
    ModelScheme,
    Qat,
    QuantScheme,
    Static,
    WeightOnly,
    control_of,
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
    """A scheme whose dense weights and embedding differ in bits and grain only."""
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


def few_schemes() -> dict[str, ModelScheme]:
    """Float, and weights of 8, 4 and 3 bits: where trainings are compared, not schemes."""
    return _by_name(
        FLOAT,
        _model(8, 8, activations=Dynamic()),
        _model(4, 4, grains=GROUP, ranges=LeastError()),
        _model(3, 3, symmetric=False, grains=GROUP, ranges=LeastError()),
    )


def all_schemes() -> dict[str, ModelScheme]:
    """The quick schemes and a fuller grid by name, more than sixty in all."""
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


def feature_schemes() -> dict[str, Scheme]:
    """Twelve schemes of models without an embedding, by name: every kind of compression once."""
    dynamic, least = Dynamic(), LeastError()
    channel, group = PerChannel(-1), PerGroup(32, 0)

    def dense(bits: int, grain: Grain, ranges: Ranges | None = None) -> QuantScheme:
        return QuantScheme(bits=bits, symmetric=bits > 3, grain=grain, ranges=ranges or MinMax())

    return _named(
        FLOAT,
        ModelScheme(dense=dense(8, channel), activations=dynamic),
        ModelScheme(dense=dense(8, channel), activations=Static(ranges=Percentile(99.9))),
        ModelScheme(dense=dense(8, channel, Entropy()), activations=Static(ranges=Entropy())),
        ModelScheme(dense=dense(6, channel, least)),
        ModelScheme(dense=dense(4, channel, least)),
        ModelScheme(dense=dense(4, group, least)),
        ModelScheme(dense=dense(3, group, least)),
        ModelScheme(dense=dense(2, group, least)),
        Adaptive(bits=5),
        Adaptive(bits=4),
        Adaptive(bits=3),
    )


BERT_GROUP = (PerGroup(32, 0), PerGroup(32, -1))
ACTIVATION_RANGES: tuple[ActivationRanges, ...] = (
    MinMax(),
    Percentile(99.99),
    LeastError(),
    Entropy(),
    BestOf(),
)

WEIGHT_RANGES: tuple[Ranges, ...] = (
    MinMax(),
    LeastError(),
    Percentile(99),
    Percentile(99.9),
    Percentile(99.99),
    Entropy(),
)


def _named(*schemes: Scheme) -> dict[str, Scheme]:
    return {str(scheme): scheme for scheme in schemes}


def _low(bits: int, grains: tuple[Grain, Grain] = CHANNEL) -> ModelScheme:
    """Weights only; below 4 bits affine, which has a level more."""
    return _model(bits, bits, symmetric=bits > 3, grains=grains, ranges=LeastError())


def _all_pruned(plain: Sequence[ModelScheme], prunings: Sequence[Prune]) -> dict[str, Scheme]:
    """Schemes by name, each as it is and behind each pruning."""
    pruned = (replace(scheme, prune=prune) for prune in prunings for scheme in plain)
    return _named(*plain, *pruned)


def pruned_schemes() -> dict[str, Scheme]:
    """Word vectors without a quarter, a half, three quarters of their words, at 32, 8 and 4 bits.

    Returns:
        Schemes by their `str`.
    """
    shares = [Prune(rows=share) for share in (0.25, 0.5, 0.75)]
    tables = _model(8, 4, ranges=LeastError(), activations=Dynamic())
    return _all_pruned(
        (FLOAT, _model(8, 8, activations=Dynamic()), tables),
        (*shares, Prune(rows=0.5, heal=Heal()), Prune(rows=0.75, heal=Heal())),
    )


def pruned_bert_schemes() -> dict[str, Scheme]:
    """An encoder without some heads, columns and layers, at 32, 8 and 4 bits; healed too.

    Returns:
        Schemes by their `str`.
    """
    some = Prune(heads=0.25, ffn=0.25)
    more = Prune(heads=0.33, ffn=0.5)
    healed = [replace(prune, heal=Heal()) for prune in (more, Prune(layers=2))]
    return _all_pruned(
        (FLOAT, _model(8, 8, activations=Dynamic()), _low(4, BERT_GROUP)), (some, more, *healed)
    )


def float_baseline(scheme: Scheme) -> ModelScheme:
    """The float scheme that another is compared with: trained on as long as that one was."""
    if isinstance(scheme, ModelScheme) and scheme.quantized and scheme.qat is not None:
        return control_of(scheme)
    return FLOAT


def both_ways(qat: Qat) -> dict[str, Scheme]:
    """8, 4, 3 and 2 bits by name, each once quantized after training and once with QAT.

    Float weights trained on for as long are among them, as the control.

    Returns:
        Schemes by their `str`.
    """
    plain = (_model(8, 8, activations=Dynamic()), _low(4), _low(3), _low(2))
    return _named(*plain, ModelScheme(qat=qat), *(replace(s, qat=qat) for s in plain))


def quick_bert_schemes() -> dict[str, Scheme]:
    """Nine schemes by name: every kind of compression of an encoder once.

    Float weights trained on for as long as QAT are among them, as the control.

    Returns:
        Schemes by their `str`.
    """
    dynamic = Dynamic()
    return _named(
        FLOAT,
        _model(8, 8, activations=dynamic),
        _model(8, 8, activations=Static(ranges=BestOf())),
        _model(
            8, 4, ranges=LeastError(), grains=(PerChannel(-1), BERT_GROUP[1]), activations=dynamic
        ),
        _low(4),
        _low(4, BERT_GROUP),
        Adaptive(bits=4),
        ModelScheme(qat=Qat()),
        replace(_low(4), qat=Qat()),
    )


def bert_schemes() -> dict[str, Scheme]:
    """The quick schemes and a survey, by name.

    It covers activations, embeddings, low widths, the adaptive policy at equal bytes, and QAT.

    Returns:
        Schemes by their `str`.
    """
    dynamic = Dynamic()
    activated = (_model(8, 8, activations=Static(ranges=ranges)) for ranges in ACTIVATION_RANGES)
    clipped = (_model(bits, bits, ranges=ranges) for bits in (8, 4) for ranges in WEIGHT_RANGES)
    uniform = (_model(bits, bits, ranges=ranges) for bits in (6, 5) for ranges in WEIGHT_RANGES[:2])
    tables = (
        _model(8, 4, grains=(PerChannel(-1), PerGroup(size, -1)), activations=dynamic)
        for size in (32, 16)
    )
    smallest = ModelScheme(  # that keeps a fine-tuned MiniLM's F1 without training
        dense=QuantScheme(bits=4, grain=PerGroup(128, 0), ranges=LeastError()),
        embedding=QuantScheme(bits=3, symmetric=False, grain=PerGroup(64, -1), ranges=LeastError()),
    )
    low = (_low(bits, grains) for bits in (4, 3, 2) for grains in (CHANNEL, BERT_GROUP))
    return quick_bert_schemes() | _named(
        ModelScheme(dense=QuantScheme(grain=PerChannel(-1)), activations=dynamic),
        *activated,
        *clipped,
        *uniform,
        *tables,
        *low,
        smallest,
        *(Adaptive(bits=bits) for bits in (8, 6, 5, 4, 3, 2)),
        *(Adaptive(bits=bits, activations=dynamic) for bits in (8, 6, 5, 4, 3)),
        *(Adaptive(bits=b, dense=BERT_GROUP[0], embedding=BERT_GROUP[1]) for b in (4, 3)),
        *both_ways(Qat()).values(),
    )
