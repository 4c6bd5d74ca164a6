"""The interface of every model family's PyTorch module for further training."""

import numpy as np
from torch import Tensor, nn

from emoray.quant.qat.prepare import Place


class TextModule(nn.Module):
    """Token ids (N, L), 0 = padding, or features (N, F) to logits (N, K).

    `head` is its last product.
    """

    head: nn.Linear

    def weight_places(self) -> tuple[Place, ...]:
        """The module of each weight that a scheme may name."""
        raise NotImplementedError

    def tensors(self) -> dict[str, np.ndarray]:
        """The tensors that the module was made from, with current values: float32, by name."""
        raise NotImplementedError

    def vectors(self, ids_NL: Tensor) -> Tensor:
        """What the head reads, before dropout, (N, D)."""
        raise NotImplementedError

    def decided(self, vectors_ND: Tensor) -> Tensor:
        """Logits of such vectors, (N, K)."""
        raise NotImplementedError
