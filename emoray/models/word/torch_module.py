"""A trained network of the `glove` family as a PyTorch module, for further training.

The arithmetic is that of export's graph: padding (id 0) counts nowhere, and a text has at least one
word. Shapes: N texts, L tokens, D width, F filters, K labels.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from emoray.models.text_module import TextModule
from emoray.quant.qat.prepare import Place
from emoray.quant.scheme import EMBEDDING

PLAIN = ("mean", "max", "min")  # pools without weights


def linear(kernel_IO: np.ndarray, bias_O: np.ndarray | None = None) -> nn.Linear:
    """A layer with these weights; without a bias where none is given."""
    inputs, outputs = kernel_IO.shape
    layer = nn.utils.skip_init(nn.Linear, inputs, outputs, bias=bias_O is not None)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(np.ascontiguousarray(kernel_IO.T)))
        if bias_O is not None:
            layer.bias.copy_(torch.from_numpy(bias_O))
    return layer


class Plain(nn.Module):
    """Mean, greatest or least value of the real words."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, words_NLD: Tensor, real_NL1: Tensor) -> Tensor:
        """Return pooled_ND."""
        if self.kind == "max":
            return words_NLD.masked_fill(~real_NL1, -torch.inf).amax(1)
        if self.kind == "min":
            return words_NLD.masked_fill(~real_NL1, torch.inf).amin(1)
        return words_NLD.sum(1) / real_NL1.sum(1)


class TorchAttention(nn.Module):
    """Mean weighted by the softmax of each word's product with a learned query."""

    def __init__(self, query_D1: np.ndarray) -> None:
        super().__init__()
        self.product = linear(query_D1)

    def forward(self, words_NLD: Tensor, real_NL1: Tensor) -> Tensor:
        """Return pooled_ND."""
        scores_NL1 = self.product(words_NLD).masked_fill(~real_NL1, -torch.inf)
        return (words_NLD * scores_NL1.softmax(1)).sum(1)


class TorchConvMax(nn.Module):
    """Convolution over three neighbouring words, its greatest value, then bias and ReLU."""

    def __init__(self, kernel_3D_F: np.ndarray, bias_F: np.ndarray) -> None:
        super().__init__()
        self.product = linear(kernel_3D_F)
        self.bias = nn.Parameter(torch.tensor(bias_F))

    def forward(self, words_NLD: Tensor, real_NL1: Tensor) -> Tensor:
        """Return pooled_NF."""
        padded = F.pad(words_NLD, (0, 0, 1, 1))
        three_NLW = torch.cat([padded[:, :-2], words_NLD, padded[:, 2:]], dim=2)
        found_NLF = self.product(three_NLW).masked_fill(~real_NL1, -torch.inf)
        return F.relu(found_NLF.amax(1) + self.bias)


def _pool(tensors: Mapping[str, np.ndarray], i: int, kind: str) -> nn.Module:
    if kind in PLAIN:
        return Plain(kind)
    if f"pool{i}.query" in tensors:
        return TorchAttention(tensors[f"pool{i}.query"])
    if f"pool{i}.kernel" in tensors:
        return TorchConvMax(tensors[f"pool{i}.kernel"], tensors[f"pool{i}.bias"])
    raise ValueError(
        f"a pool without weights is one of {', '.join(PLAIN)}, got {kind!r} and neither "
        f"pool{i}.query nor pool{i}.kernel: give the tensors of that pool"
    )


class WordNetwork(TextModule):
    """Token ids (N, L) to logits (N, K); made from a training's tensors and read back to them.

    pools: a name for each, in order, such as `mean` or `conv64`. dropout: of the dense layers'
    inputs, in training.
    """

    def __init__(
        self, tensors: Mapping[str, np.ndarray], pools: Sequence[str], *, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(
            torch.tensor(tensors["embedding"]), freeze=False, padding_idx=0
        )
        self.pools = nn.ModuleList(_pool(tensors, i, kind) for i, kind in enumerate(pools))
        hidden = sum(name.startswith("dense") and name.endswith(".kernel") for name in tensors)
        self.names = (*(f"dense{i}" for i in range(hidden)), "head")
        *dense, self.head = (
            linear(tensors[f"{name}.kernel"], tensors[f"{name}.bias"]) for name in self.names
        )
        self.dense = nn.ModuleList(dense)
        self.dropout = nn.Dropout(dropout)

    def products(self) -> dict[str, nn.Linear]:
        """Every product by the name of its weight, in the order the data meets them."""
        found: dict[str, nn.Linear] = {}
        for i, pool in enumerate(self.pools):
            if isinstance(pool, TorchAttention):
                found[f"pool{i}.query"] = pool.product
            elif isinstance(pool, TorchConvMax):
                found[f"pool{i}.kernel"] = pool.product
        for name, layer in zip(self.names, [*self.dense, self.head], strict=True):
            assert isinstance(layer, nn.Linear)
            found[name] = layer
        return found

    def weight_places(self) -> tuple[Place, ...]:
        """The module of each weight that a scheme may name."""
        after_relu = set(self.names[1:])
        products = (
            Place(name=name, module=product, nonnegative=name in after_relu)
            for name, product in self.products().items()
        )
        return Place(name=EMBEDDING, module=self.embedding), *products

    def tensors(self) -> dict[str, np.ndarray]:
        """The tensors by name, kernels as (inputs, outputs)."""
        found = {"embedding": self.embedding.weight}
        for name, product in self.products().items():
            found[name if name.startswith("pool") else f"{name}.kernel"] = product.weight.T
            if product.bias is not None:
                found[f"{name}.bias"] = product.bias
        for i, pool in enumerate(self.pools):
            if isinstance(pool, TorchConvMax):
                found[f"pool{i}.bias"] = pool.bias
        return {
            name: np.array(tensor.detach().cpu().numpy(), np.float32, order="C")
            for name, tensor in found.items()
        }

    def forward(self, ids_NL: Tensor) -> Tensor:
        """Return logits_NK."""
        real_NL1 = (ids_NL != 0).unsqueeze(2)
        words_NLD = self.embedding(ids_NL)
        value = torch.cat([pool(words_NLD, real_NL1) for pool in self.pools], 1)
        for layer in self.dense:
            value = F.relu(layer(self.dropout(value)))
        logits: Tensor = self.head(self.dropout(value))
        return logits
