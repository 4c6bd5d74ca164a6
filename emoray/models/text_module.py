"""What the PyTorch module of every model family offers whoever trains it on."""

import numpy as np
from torch import nn

from emoray.quant.qat.prepare import Place


class TextModule(nn.Module):
    """Token ids (N, L), 0 = padding, to logits (N, K); `head` is its last product."""

    head: nn.Linear

    def weight_places(self) -> tuple[Place, ...]:
        """Where each weight that a scheme names lives."""
        raise NotImplementedError

    def tensors(self) -> dict[str, np.ndarray]:
        """The tensors that the module was made from, as they are now: float32, by name."""
        raise NotImplementedError
