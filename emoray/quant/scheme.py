"""What becomes integers, and how: plain values to compare, hash, print and put in a table."""

from dataclasses import dataclass, field
from types import UnionType
from typing import get_args

from emoray.quant.grain import Grain, PerChannel, PerGroup, PerTensor
from emoray.quant.levels import check_bits
from emoray.quant.ranges import MinMax, Ranges

EMBEDDING = "embedding"  # the name of the embedding table among a network's weights


def _check_kind(name: str, value: object, kinds: UnionType) -> None:
    if not isinstance(value, kinds):
        names = ", ".join(kind.__name__ for kind in get_args(kinds))
        raise ValueError(f"{name} must be one of {names}, got {value!r}: give an instance")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantScheme:
    """Uniform integer quantization of one tensor."""

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

    def __str__(self) -> str:
        return "weights"


@dataclass(frozen=True, slots=True)
class Dynamic:
    """Activations become uint8 by each row's own min/max, while the model runs."""

    def __str__(self) -> str:
        return "dynamic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Static:
    """Activations become 8-bit by ranges calibrated once, on the dev split."""

    ranges: Ranges = field(default_factory=MinMax)
    symmetric: bool = False

    def __post_init__(self) -> None:
        _check_kind("ranges", self.ranges, Ranges)

    def __str__(self) -> str:
        return f"static-{'sym' if self.symmetric else 'aff'}-{self.ranges}"


Activations = WeightOnly | Dynamic | Static


def _check_activations(dense: QuantScheme | None, activations: Activations) -> None:
    _check_kind("activations", activations, Activations)
    if isinstance(activations, WeightOnly):
        return
    if dense is None:
        raise ValueError(
            "activations are quantized only beside dense weights, got dense=None with "
            f"{activations}: give `dense` a scheme or use WeightOnly()"
        )
    if isinstance(dense.grain, PerGroup) or dense.grain == PerChannel(0):
        raise ValueError(
            "an integer product needs one scale per tensor or per output channel, got "
            f"{dense.grain} with {activations}: use PerTensor() or PerChannel(-1), or WeightOnly()"
        )


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelScheme:
    """How a whole network is quantized; None leaves that part float32.

    `dense` serves every weight but the embedding table, save those named in `keep_float`.
    """

    dense: QuantScheme | None = None
    embedding: QuantScheme | None = None
    activations: Activations = field(default_factory=WeightOnly)
    keep_float: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_activations(self.dense, self.activations)
        _check_keep_float(self.keep_float, self.dense)
        object.__setattr__(self, "keep_float", tuple(sorted(set(self.keep_float))))

    def of(self, weight: str) -> QuantScheme | None:
        """The scheme of one weight by its name in the network; None where it stays float32."""
        if weight == EMBEDDING:
            return self.embedding
        return None if weight in self.keep_float else self.dense

    def __str__(self) -> str:
        text = "float32" if self.dense is None else str(self.dense)
        if self.embedding is not None:
            text += f"+emb:{self.embedding}"
        if self.dense is not None:
            text += f"@{self.activations}"
        return text + "".join(f"~{name}" for name in self.keep_float)


FLOAT = ModelScheme()
