"""A trained network as plain arrays: word vectors, pools over a text's words, dense layers.

Shapes: V vocabulary with padding (id 0) and the unknown word (id 1), D width, F filters,
P pooled width, K labels. Kernels are (inputs, outputs).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, slots=True)
class MeanPool:
    """Average of the real words."""


@dataclass(frozen=True, slots=True)
class MaxPool:
    """Greatest value of the real words."""


@dataclass(frozen=True, slots=True)
class MinPool:
    """Least value of the real words."""


@dataclass(frozen=True, slots=True, eq=False)
class AttentionPool:
    """Average of the real words, weighted by the softmax of their products with a learned query."""

    query_D1: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class ConvMaxPool:
    """ReLU of a convolution three words wide, then the greatest value of the real words.

    kernel_3D_F reads [word before, word, word after], zeros beyond a text's ends.
    """

    kernel_3D_F: np.ndarray
    bias_F: np.ndarray


Pool = MeanPool | MaxPool | MinPool | AttentionPool | ConvMaxPool
PLAIN: dict[str, Pool] = {"mean": MeanPool(), "max": MaxPool(), "min": MinPool()}


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """x @ kernel + bias."""

    kernel_IO: np.ndarray
    bias_O: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """Embedding, concatenated pools, dense layers with ReLU; the last one, the head, without."""

    embedding_VD: np.ndarray
    pools: tuple[Pool, ...]
    dense: tuple[Linear, ...]
    _weights: dict[str, np.ndarray] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.pools or not self.dense:
            raise ValueError(
                f"a network has a pool and a head at least, got {len(self.pools)} pools and "
                f"{len(self.dense)} dense layers: add what is missing"
            )
        object.__setattr__(self, "_weights", _named(self))
        for name, array in [*self._weights.items(), *self.biases().items()]:
            if array.dtype != np.float32 or not np.isfinite(array).all():
                raise ValueError(
                    f"weights are finite float32, got {array.dtype} in {name}, finite: "
                    f"{np.isfinite(array).all()}: look at the training that made it"
                )
        if np.any(self.embedding_VD[0]):
            raise ValueError(
                "row 0 of the embedding is padding and zero, got values up to "
                f"{np.abs(self.embedding_VD[0]).max():g}: clear it before export"
            )
        _check_widths(self)

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray], pools: Sequence[str]) -> "Network":
        """Build a network from arrays named `embedding`, `pool0.query`, `dense0.kernel`, ….

        Args:
            tensors: arrays by name.
            pools: a name for each, in order; `mean`, `max` and `min` hold no weights, any other
                name is an attention where `pool{i}.query` exists, else a convolution.

        Returns:
            The checked network.
        """

        def pool(i: int, kind: str) -> Pool:
            if kind in PLAIN:
                return PLAIN[kind]
            if f"pool{i}.query" in tensors:
                return AttentionPool(tensors[f"pool{i}.query"])
            if f"pool{i}.kernel" in tensors:
                return ConvMaxPool(tensors[f"pool{i}.kernel"], tensors[f"pool{i}.bias"])
            raise ValueError(
                f"a pool without weights is one of {', '.join(PLAIN)}, got {kind!r} and neither "
                f"pool{i}.query nor pool{i}.kernel: give the tensors of that pool"
            )

        hidden = sum(name.startswith("dense") and name.endswith(".kernel") for name in tensors)
        names = [*(f"dense{i}" for i in range(hidden)), "head"]
        return cls(
            embedding_VD=tensors["embedding"],
            pools=tuple(pool(i, kind) for i, kind in enumerate(pools)),
            dense=tuple(Linear(tensors[f"{n}.kernel"], tensors[f"{n}.bias"]) for n in names),
        )

    @property
    def width(self) -> int:
        """D, the length of a word's vector."""
        return self.embedding_VD.shape[1]

    def weights(self) -> dict[str, np.ndarray]:
        """The matrices that a scheme may quantize, by name, in the order the data meets them."""
        return dict(self._weights)

    def biases(self) -> dict[str, np.ndarray]:
        """Biases by the name of their kernel; they stay float32."""
        found = {
            f"pool{i}.kernel": p.bias_F
            for i, p in enumerate(self.pools)
            if isinstance(p, ConvMaxPool)
        }
        return found | {dense_name(self, i): d.bias_O for i, d in enumerate(self.dense)}

    @property
    def parameters(self) -> int:
        """The number of trained numbers, without the padding row."""
        arrays = [*self._weights.values(), *self.biases().values()]
        return sum(array.size for array in arrays) - self.width


def dense_name(network: Network, i: int) -> str:
    """The name of dense layer i; the last is the head."""
    return "head" if i == len(network.dense) - 1 else f"dense{i}"


def _named(network: Network) -> dict[str, np.ndarray]:
    weights = {"embedding": network.embedding_VD}
    for i, pool in enumerate(network.pools):
        if isinstance(pool, AttentionPool):
            weights[f"pool{i}.query"] = pool.query_D1
        elif isinstance(pool, ConvMaxPool):
            weights[f"pool{i}.kernel"] = pool.kernel_3D_F
    for i, layer in enumerate(network.dense):
        weights[dense_name(network, i)] = layer.kernel_IO
    return weights


def _check_widths(network: Network) -> None:
    """Refuse a kernel that does not fit the output of the step before it."""
    width = network.width
    taken = {"embedding": width}
    pooled = 0
    for i, pool in enumerate(network.pools):
        taken |= {f"pool{i}.query": width, f"pool{i}.kernel": 3 * width}
        pooled += pool.kernel_3D_F.shape[1] if isinstance(pool, ConvMaxPool) else width
    for i, layer in enumerate(network.dense):
        taken[dense_name(network, i)] = pooled
        pooled = layer.kernel_IO.shape[-1]
    biases = network.biases()
    for name, array in network.weights().items():
        rows = array.shape[-1] if name == "embedding" else array.shape[0]
        outputs = biases[name].shape if name in biases else array.shape[1:]
        if array.ndim != 2 or rows != taken[name] or outputs != array.shape[1:]:
            raise ValueError(
                f"{name} must take {taken[name]} values and have a bias for each output, got shape "
                f"{array.shape} with bias {outputs}: check the layer before it"
            )
