"""A trained network on features as a PyTorch module, for further training.

Shapes: N rows, F features, K labels.
"""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from emoray.models.features.scaling import FARTHEST
from emoray.models.text_module import TextModule
from emoray.models.word.torch_module import linear
from emoray.quant.qat.prepare import Place

COMPONENTS = "components"


class FeatureModule(TextModule):
    """Features (N, F) to logits (N, K); made from a training's tensors and read back to them.

    Mean and factor of each feature stay; the components learn. dropout: of the dense layers'
    inputs, in training.
    """

    mean: Tensor
    factor: Tensor

    def __init__(self, tensors: Mapping[str, np.ndarray], *, dropout: float = 0.0) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(tensors["mean"]))
        self.register_buffer("factor", torch.tensor(tensors["factor"]))
        hidden = sum(name.startswith("dense") and name.endswith(".kernel") for name in tensors)
        self.names = (*(f"dense{i}" for i in range(hidden)), "head")
        *dense, self.head = (
            linear(tensors[f"{name}.kernel"], tensors[f"{name}.bias"]) for name in self.names
        )
        self.dense = nn.ModuleList(dense)
        kernel_FD = tensors.get(f"{COMPONENTS}.kernel")
        self.components: nn.Linear | None = None if kernel_FD is None else linear(kernel_FD)
        self.dropout = nn.Dropout(dropout)

    def weight_places(self) -> tuple[Place, ...]:
        """The module of each weight that a scheme may name."""
        layers = zip(self.names, [*self.dense, self.head], strict=True)
        places = [
            Place(name=name, module=layer, nonnegative=i > 0)
            for i, (name, layer) in enumerate(layers)
        ]
        if self.components is not None:
            places.insert(0, Place(name=COMPONENTS, module=self.components))
        return tuple(places)

    def tensors(self) -> dict[str, np.ndarray]:
        """The tensors by name, kernels as (inputs, outputs)."""
        found: dict[str, Tensor] = {"mean": self.mean, "factor": self.factor}
        for place in self.weight_places():
            found[f"{place.name}.kernel"] = place.weight.T
            if place.name != COMPONENTS:
                found[f"{place.name}.bias"] = place.module.get_parameter("bias")
        return {
            name: np.array(tensor.detach().cpu().numpy(), np.float32, order="C")
            for name, tensor in found.items()
        }

    def forward(self, features_NF: Tensor) -> Tensor:
        """Return logits_NK."""
        value = ((features_NF - self.mean) * self.factor).clamp(-FARTHEST, FARTHEST)
        if self.components is not None:
            value = self.components(value)
        for layer in self.dense:
            value = F.relu(layer(self.dropout(value)))
        logits: Tensor = self.head(self.dropout(value))
        return logits
