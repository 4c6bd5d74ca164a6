"""Quantization schemes: plain values to compare, hash, print and put in a table."""

import hashlib
from dataclasses import dataclass, field, replace
from types import UnionType
from typing import ClassVar, get_args

from emoray.quant.further_training import FurtherTraining
from emoray.quant.granularity import Grain, PerChannel, PerGroup, PerTensor
from emoray.quant.levels import check_bits
from emoray.quant.pruning import Prune
from emoray.quant.ranges import ActivationRanges, MinMax, Ranges

EMBEDDING = "embedding"  # the name of the embedding table among a network's weights


def _check_kind(name: str, value: object, kinds: UnionType) -> None:
    if not isinstance(value, kinds):
        names = ", ".join(kind.__name__ for kind in get_args(kinds))
        raise ValueError(f"{name} must be one of {names}, got {value!r}: give an instance")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantScheme:
    """Uniform integer quantization of one tensor."""

    tag: ClassVar[str] = "QuantScheme"

    bits: int = 8
    symmetric: bool = True
    grain: Grain = field(default_factory=PerTensor)
    ranges: Ranges = field(default_factory=MinMax)

    def __post_init__(self) -> None:
        check_bits(self.bits)
        _check_kind("grain", self.grain, Grain)
        _check_kind("ranges", self.ranges, Ranges)

    def __str__(self) -> str:
        kind = f"int{self.bits}-sym" if self.symmetric else f"uint{self.bits}-aff"
        return f"{kind}-{self.grain}-{self.ranges}"


@dataclass(frozen=True, slots=True)
class WeightOnly:
    """Activations stay float32."""

    tag: ClassVar[str] = "WeightOnly"

    def __str__(self) -> str:
        return "weights"


@dataclass(frozen=True, slots=True)
class Dynamic:
    """Activations become uint8 by each row's own min/max, while the model runs."""

    tag: ClassVar[str] = "Dynamic"

    def __str__(self) -> str:
        return "dynamic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Static:
    """Activations become 8-bit by ranges calibrated once, on the dev split."""

    tag: ClassVar[str] = "Static"

    ranges: ActivationRanges = field(default_factory=MinMax)
    symmetric: bool = False

    def __post_init__(self) -> None:
        _check_kind("ranges", self.ranges, ActivationRanges)

    def __str__(self) -> str:
        return f"static-{'sym' if self.symmetric else 'aff'}-{self.ranges}"


Activations = WeightOnly | Dynamic | Static


@dataclass(frozen=True, slots=True, kw_only=True)
class Qat(FurtherTraining):
    """Quantization-aware training: training goes on with fake quantization of the weights.

    learned: whether clip ranges are trained too, else observed.
    """

    tag: ClassVar[str] = "Qat"
    word: ClassVar[str] = "qat"

    learned: bool = True

    @property
    def in_float(self) -> str:
        """The same training in float as text for a table cell."""
        return f"more{self.how_long}"

    def __str__(self) -> str:
        text = f"{self.word}{self.how_long}"
        return text if self.learned else f"{text}-observed"


Own = tuple[tuple[str, QuantScheme | None], ...]


def _check_product(scheme: QuantScheme, activations: Activations) -> None:
    if isinstance(scheme.grain, PerGroup) or scheme.grain == PerChannel(0):
        raise ValueError(
            "an integer product needs one scale per tensor or per output channel, got "
            f"{scheme.grain} with {activations}: use PerTensor() or PerChannel(-1), or WeightOnly()"
        )


def _check_activations(dense: QuantScheme | None, own: Own, activations: Activations) -> None:
    _check_kind("activations", activations, Activations)
    if isinstance(activations, WeightOnly):
        return
    products = [dense, *(scheme for name, scheme in own if name != EMBEDDING)]
    quantized = [scheme for scheme in products if scheme is not None]
    if not quantized:
        raise ValueError(
            "activations are quantized only beside dense weights, got dense=None with "
            f"{activations}: give `dense` a scheme or use WeightOnly()"
        )
    for scheme in quantized:
        _check_product(scheme, activations)


def _check_keep_float(keep_float: tuple[str, ...], dense: QuantScheme | None) -> None:
    if isinstance(keep_float, str):
        raise ValueError(f"keep_float is a tuple of names, got {keep_float!r}: add a comma")
    if EMBEDDING in keep_float:
        raise ValueError(
            f"keep_float names dense weights, got {keep_float}: "
            "write embedding=None to keep the embedding float"
        )
    if keep_float and dense is None:
        raise ValueError(
            f"keep_float spares dense weights, got {keep_float} with dense=None: drop it"
        )


def _is_own(pair: object) -> bool:
    return (
        isinstance(pair, tuple)
        and len(pair) == 2
        and isinstance(pair[0], str)
        and isinstance(pair[1], QuantScheme | None)
    )


def _check_own(own: Own, keep_float: tuple[str, ...]) -> None:
    if not isinstance(own, tuple) or not all(_is_own(pair) for pair in own):
        raise ValueError(
            f"own is a tuple of (weight's name, QuantScheme or None), got {own!r}: "
            'write own=(("head", QuantScheme()),), or tuple(schemes.items())'
        )
    names = [name for name, _ in own]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"own names a weight once, got {twice} more than once: keep one scheme")
    if both := sorted(set(names) & set(keep_float)):
        raise ValueError(
            f"a weight stands in own or in keep_float, got {both} in both: drop it from one"
        )


def _own_text(own: Own) -> str:
    """Text of the `own` schemes: up to three in full, more as their count, bits and a digest."""
    texts = [f"{name}={scheme or 'float32'}" for name, scheme in own]
    if len(own) <= 3:
        return "".join(f"~{text}" for text in texts)
    bits = sorted({scheme.bits if scheme else 32 for _, scheme in own})
    span = f"{bits[0]}-{bits[-1]}" if len(bits) > 1 else f"{bits[0]}"
    return f"~own{len(own)}-{span}bit-{hashlib.sha256(' '.join(texts).encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelScheme:
    """Quantization of a whole network; None leaves that part float32.

    Attributes:
        dense: applies to every weight but the embedding table, except those named in `keep_float`.
        embedding: applies to the embedding table.
        activations: how the products' inputs are quantized.
        keep_float: names of dense weights that stay float32.
        own: (name, scheme) of single weights, the embedding too; overrides all of these.
        qat: trained with fake quantization, not quantized afterwards; with nothing quantized,
            trained on in float for as long, see `control_of`.
        prune: what is removed before.
    """

    tag: ClassVar[str] = "ModelScheme"

    dense: QuantScheme | None = None
    embedding: QuantScheme | None = None
    activations: Activations = field(default_factory=WeightOnly)
    keep_float: tuple[str, ...] = ()
    own: Own = ()
    qat: Qat | None = None
    prune: Prune | None = field(default=None, metadata={"key_default": None})

    def __post_init__(self) -> None:
        _check_keep_float(self.keep_float, self.dense)
        _check_own(self.own, self.keep_float)
        _check_activations(self.dense, self.own, self.activations)
        if self.qat is not None:
            if not isinstance(self.qat, Qat):
                raise ValueError(f"qat must be a Qat or None, got {self.qat!r}: write Qat()")
            if not self.quantized:  # float weights have no clip ranges to learn
                object.__setattr__(self, "qat", replace(self.qat, learned=True))
        object.__setattr__(self, "keep_float", tuple(sorted(set(self.keep_float))))
        object.__setattr__(self, "own", tuple(sorted(self.own, key=lambda pair: pair[0])))

    @property
    def quantized(self) -> bool:
        """Whether any weight has a scheme."""
        parts = [self.dense, self.embedding, *(scheme for _, scheme in self.own)]
        return any(part is not None for part in parts)

    @property
    def named(self) -> tuple[str, ...]:
        """The weights that it names one by one; a network must have them."""
        return tuple(sorted({*self.keep_float, *(name for name, _ in self.own)}))

    def of(self, weight: str) -> QuantScheme | None:
        """The scheme of one weight by its name in the network; None where it stays float32."""
        for name, scheme in self.own:
            if name == weight:
                return scheme
        if weight == EMBEDDING:
            return self.embedding
        return None if weight in self.keep_float else self.dense

    def __str__(self) -> str:
        text = "" if self.prune is None else f"{self.prune}+"
        text += "float32" if self.dense is None else str(self.dense)
        if self.embedding is not None:
            text += f"+emb:{self.embedding}"
        if self.dense is not None or not isinstance(self.activations, WeightOnly):
            text += f"@{self.activations}"
        text += "".join(f"~{name}" for name in self.keep_float) + _own_text(self.own)
        text += "" if self.prune is None else self.prune.healing
        if self.qat is None:
            return text
        return f"{text}~{self.qat}" if self.quantized else f"{text}~{self.qat.in_float}"


FLOAT = ModelScheme()


def control_of(scheme: ModelScheme) -> ModelScheme:
    """The control of a QAT scheme: whole float weights, trained on as long at the same rate."""
    if scheme.qat is None:
        raise ValueError(f"a control is of a scheme that trains, got {scheme}: compare with FLOAT")
    return ModelScheme(qat=scheme.qat)
