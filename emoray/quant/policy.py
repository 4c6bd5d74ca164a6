"""The adaptive policy: bits and clip ranges of every weight, chosen by its distribution.

For every weight and every width the range of least predicted output error is found, then the widths
are chosen together: least summed error within a budget of bytes. (Mixed precision by a second-order
error under a size budget: Dong et al. 2020, "HAWQ-V2"; here the second order is the product's own.)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from emoray.quant.affine import AffineMap, affine_for, checked_values
from emoray.quant.allocation import allocate
from emoray.quant.granularity import Grain, PerChannel
from emoray.quant.importance import usual_importance
from emoray.quant.inspect import bytes_under
from emoray.quant.levels import check_bits
from emoray.quant.prediction import emphasis, predicted_errors
from emoray.quant.pruning import Prune
from emoray.quant.ranges import LeastError
from emoray.quant.reasons import reason
from emoray.quant.scheme import (
    EMBEDDING,
    Activations,
    ModelScheme,
    QuantScheme,
    WeightOnly,
)

ALLOWED = (2, 3, 4, 5, 6, 8)  # 7 bits take three planes to unpack and hardly save on 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptive:
    """Widths and ranges per weight, within the bytes of a uniform scheme of `bits` bits.

    Attributes:
        bits: may lie between two whole widths, and so do then the bytes.
        activations: how the products' inputs are quantized.
        allowed: bit widths to choose from.
        dense: which values of a dense weight share a scale.
        embedding: which values of the embedding share a scale.
        affine_up_to: widths up to it may be affine, where that lowers the error: 2 bits give 4
            levels then, not 3. Weights of integer products stay symmetric.
    """

    tag: ClassVar[str] = "Adaptive"

    bits: float
    activations: Activations = field(default_factory=WeightOnly)
    allowed: tuple[int, ...] = ()
    dense: Grain = field(default_factory=lambda: PerChannel(-1))
    embedding: Grain = field(default_factory=lambda: PerChannel(0))
    affine_up_to: int = 3
    prune: Prune | None = field(default=None, metadata={"key_default": None})

    def __post_init__(self) -> None:
        if not isinstance(self.allowed, tuple):
            raise ValueError(
                f"allowed is a tuple of bit widths, got {self.allowed!r}: write {ALLOWED}"
            )
        if not self.allowed:
            object.__setattr__(self, "allowed", self._usual())
        for bits in self.allowed:
            check_bits(bits)
        object.__setattr__(self, "allowed", tuple(sorted(set(self.allowed))))
        low, high = self.allowed[0], self.allowed[-1]
        if isinstance(self.bits, bool) or not isinstance(self.bits, int | float):
            raise ValueError(f"bits is a number of bits a weight, got {self.bits!r}: such as 4.5")
        if not low <= self.bits <= high:
            raise ValueError(
                f"bits lies within the allowed widths, {low}..{high}, got {self.bits}: "
                "allow other widths or ask for other bits"
            )
        if isinstance(self.affine_up_to, bool) or not isinstance(self.affine_up_to, int):
            raise ValueError(
                f"affine_up_to is a bit width or 0, got {self.affine_up_to!r}: 0 allows none"
            )
        object.__setattr__(self, "bits", float(self.bits))
        self._uniform(high)  # its checks are ours: grains, activations

    def _usual(self) -> tuple[int, ...]:
        """Default widths: 2 bits only below 3 overall, as errors there exceed their sum."""
        narrow = isinstance(self.bits, int | float) and self.bits < 3
        return ALLOWED if narrow else ALLOWED[1:]

    def _uniform(self, bits: int) -> ModelScheme:
        """The plain scheme of these bits everywhere."""
        return ModelScheme(
            dense=QuantScheme(bits=bits, grain=self.dense),
            embedding=QuantScheme(bits=bits, grain=self.embedding),
            activations=self.activations,
        )

    def options(self, weight: str) -> tuple[QuantScheme, ...]:
        """The schemes that a weight may be given."""
        table = weight == EMBEDDING
        affine = table or isinstance(self.activations, WeightOnly)
        return tuple(
            QuantScheme(
                bits=bits,
                symmetric=symmetric,
                grain=self.embedding if table else self.dense,
                ranges=LeastError(),
            )
            for bits in self.allowed
            for symmetric in (True, False)
            if symmetric or (affine and bits <= self.affine_up_to)
        )

    def budget(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        """Bytes of the weights under a uniform symmetric scheme of `bits` bits.

        Between two whole widths it is interpolated linearly.

        Args:
            shapes: of the weights, by name.

        Returns:
            Bytes of codes, scales and zero-points.
        """

        def uniform(bits: int) -> int:
            scheme = self._uniform(bits)
            schemes = {name: scheme.of(name) for name in shapes}
            return sum(bytes_under(shapes[n], s) for n, s in schemes.items() if s is not None)

        below = int(self.bits)
        if below == self.bits:
            return uniform(below)
        share = self.bits - below
        return int((1 - share) * uniform(below) + share * uniform(below + 1))

    def __str__(self) -> str:
        text = "" if self.prune is None else f"{self.prune}+"
        text += f"adaptive{self.bits:.10g}-{self.dense}+emb:{self.embedding}"
        if self.allowed != self._usual():
            text += f"-of{'.'.join(map(str, self.allowed))}"
        if self.affine_up_to != 3:
            text += f"-aff{self.affine_up_to}"
        return f"{text}@{self.activations}" + ("" if self.prune is None else self.prune.healing)


Scheme = ModelScheme | Adaptive


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """The policy's decision, weight by weight.

    Attributes:
        scheme: the chosen schemes.
        maps: the fitted ranges, which `scheme` alone does not reproduce where moments were given.
        reasons: a line of text each.
        errors: predicted, as a share of the product's energy.
        size_bytes: of codes, scales and zero-points.
    """

    scheme: ModelScheme
    maps: Mapping[str, AffineMap]
    reasons: Mapping[str, str]
    errors: Mapping[str, float]
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Options:
    """The schemes that one weight may take, and what each would err and take in bytes."""

    schemes: Sequence[QuantScheme]
    errors: Sequence[float]
    sizes: Sequence[int]

    @classmethod
    def of(
        cls, values: np.ndarray, schemes: Sequence[QuantScheme], weights: np.ndarray | None
    ) -> "_Options":
        return cls(
            schemes=schemes,
            errors=predicted_errors(values, schemes, weights),
            sizes=[bytes_under(values.shape, scheme) for scheme in schemes],
        )


def _weights(
    tensors: Mapping[str, np.ndarray],
    moments: Mapping[str, np.ndarray] | None,
    token_counts: np.ndarray | None,
) -> dict[str, np.ndarray | None]:
    """Factors of the squared errors of each tensor, in a shape that broadcasts over it."""
    found: dict[str, np.ndarray | None] = dict.fromkeys(tensors)
    for name, values in tensors.items():
        if name == EMBEDDING:
            counts = token_counts
            # A token that calibration never met counts like one met once.
            given = None if counts is None else np.asarray(counts, np.float64) + 1.0
        elif moments is None:
            given = None
        elif name not in moments:
            raise ValueError(
                f"moments name every dense weight, got none for {name!r}: "
                "give its inputs' E[x²], or no moments at all"
            )
        else:
            given = moments[name]
        if given is None:
            continue
        if given.shape != values.shape[:1]:
            raise ValueError(
                f"{name} has {values.shape[0]} rows to weigh, got {given.shape}: "
                "give one moment an input, one count a token"
            )
        found[name] = emphasis(given)
    return found


def _importance(
    tensors: Mapping[str, np.ndarray], importance: Mapping[str, float]
) -> dict[str, float]:
    """Every tensor's importance, checked."""
    if unknown := sorted(set(importance) - set(tensors)):
        raise ValueError(
            f"importance names weights, got {unknown}: choose among {', '.join(tensors)}"
        )
    for name, value in importance.items():
        if not 0 <= value < float("inf"):
            raise ValueError(
                f"importance is finite and not negative, got {value} for {name}: 1 is usual"
            )
    return {name: float(importance.get(name, 1.0)) for name in tensors}


def _scheme(
    chosen: Mapping[str, QuantScheme], tensors: Mapping[str, np.ndarray], adaptive: Adaptive
) -> ModelScheme:
    """Build a scheme: the commonest dense scheme is the default, the others are its `own`."""
    stored: dict[QuantScheme, int] = {}
    for name, scheme in chosen.items():
        if name != EMBEDDING:
            stored[scheme] = stored.get(scheme, 0) + tensors[name].size
    dense = max(stored, key=lambda scheme: stored[scheme]) if stored else None
    return ModelScheme(
        dense=dense,
        embedding=chosen.get(EMBEDDING),
        activations=adaptive.activations,
        own=tuple((n, s) for n, s in chosen.items() if n != EMBEDDING and s != dense),
    )


def choose(
    tensors: Mapping[str, np.ndarray],
    adaptive: Adaptive,
    *,
    moments: Mapping[str, np.ndarray] | None = None,
    token_counts: np.ndarray | None = None,
    importance: Mapping[str, float] | None = None,
) -> Choice:
    """Choose widths and ranges of the weights; deterministic.

    Args:
        tensors: weights by name, as from `network.weights()`.
        adaptive: the policy's settings.
        moments: E[x²] of the inputs of every dense weight (I, O), on calibration texts; without
            them all inputs count alike.
        token_counts: how often each row of the embedding was looked up in calibration texts,
            padding left out; without them all rows count alike.
        importance: factor of a weight's error relative to the others', 1 where it is not named; by
            default the usual one of an encoder's layers.

    Returns:
        The choice, of at most `adaptive.budget` bytes.

    Raises:
        ValueError: without weights.
    """
    if not tensors:
        raise ValueError("a policy chooses for weights, got none: pass network.weights()")
    tensors = {name: checked_values(values) for name, values in tensors.items()}
    weights = _weights(tensors, moments, token_counts)
    counts = _importance(tensors, usual_importance(tensors) if importance is None else importance)
    options = {
        name: _Options.of(values, adaptive.options(name), weights[name])
        for name, values in tensors.items()
    }
    taken = allocate(
        [own.sizes for own in options.values()],
        [[counts[name] * error for error in own.errors] for name, own in options.items()],
        adaptive.budget({name: values.shape for name, values in tensors.items()}),
    )
    picked = dict(zip(options, taken, strict=True))
    chosen = {name: options[name].schemes[i] for name, i in picked.items()}
    errors = {name: options[name].errors[i] for name, i in picked.items()}
    maps = {n: affine_for(tensors[n], scheme, weights[n]) for n, scheme in chosen.items()}
    return Choice(
        scheme=_scheme(chosen, tensors, adaptive),
        maps=maps,
        reasons={name: reason(tensors[name], maps[name], errors[name]) for name in tensors},
        errors=errors,
        size_bytes=sum(options[name].sizes[i] for name, i in picked.items()),
    )
