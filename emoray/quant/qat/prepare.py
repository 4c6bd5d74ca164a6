"""Prepare a module for quantization-aware training, and export what it learned.

Any loop may train it: the module keeps its interface and its float weights, and computes with the
values of their codes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.nn.utils import parametrize
from torch.utils.hooks import RemovableHandle

from emoray.quant.affine import AffineMap
from emoray.quant.qat.inputs import Before, FakeInput
from emoray.quant.qat.weights import EVERY, FakeKernel, FakeTable, FakeTensor
from emoray.quant.scheme import ModelScheme, Static, WeightOnly

PART = "fake_quantized"  # where the module keeps the ranges that no weight holds
RATE = 1e-3  # of ranges: they learn logarithms, so this is a share of themselves a step


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Place:
    """The module of a named weight: an nn.Linear, whose kernel is transposed, or an nn.Embedding.

    Attributes:
        name: of the weight.
        module: that holds it.
        reads: name of the product's input, where several products have the same.
        nonnegative: whether that input comes out of a ReLU.
    """

    name: str
    module: nn.Module
    reads: str = ""
    nonnegative: bool = False

    @property
    def is_product(self) -> bool:
        """Whether the weight is a dense kernel."""
        return isinstance(self.module, nn.Linear)

    @property
    def weight(self) -> nn.Parameter:
        """The float weight, as the module stores it."""
        return self.module.get_parameter("weight")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """A module in training, with the quantizers of its weights and of the products' inputs."""

    module: nn.Module
    places: tuple[Place, ...]
    weights: Mapping[str, FakeTensor]
    inputs: Mapping[str, FakeInput]
    _hooks: tuple[RemovableHandle, ...]

    @property
    def scales(self) -> list[nn.Parameter]:
        """The parameters of the clip ranges; empty where they are observed."""
        parts = dict.fromkeys([*self.weights.values(), *self.inputs.values()])
        return [parameter for part in parts for parameter in part.parameters()]

    def parameters(
        self, learning_rate: float, *, scale_rate: float = RATE, weight_decay: float = 0.0
    ) -> list[dict[str, Any]]:
        """Groups for an optimizer: matrices, vectors and clip ranges; only matrices decay."""
        ours = {id(scale) for scale in self.scales}
        rest = [p for p in self.module.parameters() if id(p) not in ours and p.requires_grad]
        groups = (
            ([p for p in rest if p.ndim > 1], learning_rate, weight_decay),
            ([p for p in rest if p.ndim < 2], learning_rate, 0.0),
            (self.scales, scale_rate, 0.0),
        )
        return [
            {"params": parameters, "lr": rate, "weight_decay": decay}
            for parameters, rate, decay in groups
            if parameters
        ]

    def maps(self) -> dict[str, AffineMap]:
        """The map of every quantized weight at the end of training."""
        return {name: weight.map() for name, weight in self.weights.items()}

    def ranges(self) -> dict[str, tuple[float, float]]:
        """(alpha, beta) of each product's input, by its kernel's name; empty unless static."""
        found = {name: fake.range() for name, fake in self.inputs.items()}
        return {name: range for name, range in found.items() if range is not None}

    def strip(self) -> nn.Module:
        """Remove all quantizers; the module keeps the float weights of training."""
        for hook in self._hooks:
            hook.remove()
        for place in self.places:
            if parametrize.is_parametrized(place.module, "weight"):
                parametrize.remove_parametrizations(
                    place.module, "weight", leave_parametrized=False
                )
        delattr(self.module, PART)
        return self.module


def _check_places(places: tuple[Place, ...], scheme: ModelScheme) -> None:
    names = [place.name for place in places]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"a weight has one place, got {twice} more than once: keep one of each")
    for place in places:
        if not isinstance(place.module, nn.Linear | nn.Embedding):
            raise ValueError(
                "a place is an nn.Linear or an nn.Embedding, got "
                f"{type(place.module).__name__} for {place.name}: give the module of that weight"
            )
    if unknown := sorted(set(scheme.named) - set(names)):
        raise ValueError(
            f"a scheme names weights that have a place, got {unknown}: "
            f"choose among {', '.join(names)}"
        )


def _inputs(
    places: list[Place],
    scheme: ModelScheme,
    ranges: Mapping[str, tuple[float, float]],
    learned: bool,
) -> dict[str, FakeInput]:
    """The quantizer of each product's input, by the name of its kernel."""
    activations = scheme.activations
    if isinstance(activations, WeightOnly):
        return {}
    if isinstance(activations, Static):
        if missing := sorted({place.name for place in places} - set(ranges)):
            raise ValueError(
                f"static activations need a range for every product, got none for {missing}: "
                "calibrate first"
            )
    together: dict[str, list[Place]] = {}
    for place in places:
        together.setdefault(place.reads or place.name, []).append(place)
    found: dict[str, FakeInput] = {}
    for readers in together.values():
        first = readers[0]
        fake = FakeInput(
            readers=len(readers),
            nonnegative=first.nonnegative,
            range=ranges[first.name] if isinstance(activations, Static) else None,
            symmetric=isinstance(activations, Static) and activations.symmetric,
            learned=learned,
        ).to(first.weight.device)
        found |= {place.name: fake for place in readers}
    return found


def prepare(
    module: nn.Module,
    places: Iterable[Place],
    scheme: ModelScheme,
    *,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    learned: bool = True,
    every: int = EVERY,
) -> Prepared:
    """Add fake quantization under a scheme to a module.

    Args:
        module: trained in place, under any loop.
        places: the modules of its weights.
        scheme: how weights and inputs are quantized.
        ranges: calibrated (alpha, beta) of each product's input, by the name of its kernel, for
            Static activations.
        learned: whether clip ranges are trained; else those of weights are chosen anew after
            `every` steps and those of activations stay.
        every: training steps between two observations of a weight's range.

    Returns:
        The module with its quantizers.

    Raises:
        ValueError: if the module is prepared already.
    """
    if hasattr(module, PART):
        raise ValueError(
            f"a module is prepared once, got one that holds {PART!r}: `strip` it before"
        )
    places = tuple(places)
    _check_places(places, scheme)
    quantized = [(place, own) for place in places if (own := scheme.of(place.name)) is not None]
    products = [place for place, _ in quantized if place.is_product]
    inputs = _inputs(products, scheme, ranges or {}, learned)
    weights: dict[str, FakeTensor] = {}
    for place, own in quantized:
        if place.is_product:
            weights[place.name] = FakeKernel(place.weight.T, own, learned=learned, every=every)
        else:
            weights[place.name] = FakeTable(place.weight, own, learned=learned, every=every)
    hooks: list[RemovableHandle] = []
    for place, _ in quantized:
        fake = weights[place.name]
        if place.is_product:
            parametrize.register_parametrization(place.module, "weight", fake, unsafe=True)
        else:
            hooks.append(place.module.register_forward_hook(fake))
        if place.name in inputs:
            hooks.append(place.module.register_forward_pre_hook(Before(inputs[place.name])))
    tables = [weight for weight in weights.values() if isinstance(weight, FakeTable)]
    module.add_module(PART, nn.ModuleList([*tables, *dict.fromkeys(inputs.values())]))
    return Prepared(
        module=module, places=places, weights=weights, inputs=inputs, _hooks=tuple(hooks)
    )
