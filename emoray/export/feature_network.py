"""A trained network on features as plain arrays. Shapes: F features, D components."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from emoray.export.network import Linear

COMPONENTS = "components"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureNetwork:
    """Standardization, components if any, dense layers with ReLU; the last, the head, without.

    farthest: standardized values beyond it, either way, are taken for it.
    """

    mean_F: np.ndarray
    factor_F: np.ndarray
    farthest: float
    components_FD: np.ndarray | None
    dense: tuple[Linear, ...]

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray], farthest: float) -> "FeatureNetwork":
        """Build a network from arrays named `mean`, `factor`, `components.kernel`, `head.bias`…."""
        hidden = sum(name.startswith("dense") and name.endswith(".kernel") for name in tensors)
        names = [*(f"dense{i}" for i in range(hidden)), "head"]
        return cls(
            mean_F=tensors["mean"],
            factor_F=tensors["factor"],
            farthest=farthest,
            components_FD=tensors.get(f"{COMPONENTS}.kernel"),
            dense=tuple(Linear(tensors[f"{n}.kernel"], tensors[f"{n}.bias"]) for n in names),
        )

    def weights(self) -> dict[str, np.ndarray]:
        """The matrices that a scheme may quantize, by name, in the order the data meets them."""
        found = {} if self.components_FD is None else {COMPONENTS: self.components_FD}
        layers = {f"dense{i}": layer.kernel_IO for i, layer in enumerate(self.dense[:-1])}
        return {**found, **layers, "head": self.dense[-1].kernel_IO}

    @property
    def parameters(self) -> int:
        """The number of fitted numbers."""
        arrays = [*self.weights().values(), *(layer.bias_O for layer in self.dense)]
        return sum(array.size for array in arrays) + self.mean_F.size + self.factor_F.size
