"""A small network with every pool, texts of all lengths, and the same network computed by NumPy.

Shapes: N texts, L tokens, D width, F filters, K labels.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from emoray.export.network import (
    AttentionPool,
    ConvMaxPool,
    MaxPool,
    MeanPool,
    MinPool,
    Network,
    Pool,
)
from emoray.export.weights import store
from emoray.quant.scheme import ModelScheme
from emoray.text.vocabulary import Ragged

WORDS, WIDTH, FILTERS, LABELS = 300, 50, 24, 7
KINDS = ("mean", "max", "min", "attention", "conv")
Rounding = Callable[[str, np.ndarray], np.ndarray]


def network(
    pools: Sequence[str] = KINDS, hidden: Sequence[int] = (32,), words: int = WORDS, seed: int = 0
) -> Network:
    """Random weights of a trained network's size."""
    rng = np.random.default_rng(seed)

    def normal(deviation: float, *shape: int) -> np.ndarray:
        return rng.normal(scale=deviation, size=shape).astype(np.float32)

    tensors = {"embedding": normal(0.4, words, WIDTH)}
    tensors["embedding"][0] = 0
    pooled = 0
    for i, kind in enumerate(pools):
        if kind == "attention":
            tensors[f"pool{i}.query"] = normal(0.3, WIDTH, 1)
        if kind == "conv":
            tensors[f"pool{i}.kernel"] = normal(0.1, 3 * WIDTH, FILTERS)
            tensors[f"pool{i}.bias"] = normal(0.3, FILTERS)
        pooled += FILTERS if kind == "conv" else WIDTH
    for name, outputs in [*((f"dense{i}", h) for i, h in enumerate(hidden)), ("head", LABELS)]:
        tensors[f"{name}.kernel"] = normal(0.15, pooled, outputs)
        tensors[f"{name}.bias"] = normal(0.3, outputs)
        pooled = outputs
    return Network.from_tensors(tensors, pools)


def texts(count: int = 60, words: int = WORDS, seed: int = 1) -> Ragged:
    """Texts of 1 to 29 words, some of a single one."""
    rng = np.random.default_rng(seed)
    lengths = [1, 1, 2, 3, *rng.integers(1, 30, count - 4)]
    return Ragged.from_lists([rng.integers(1, words, length) for length in lengths])


def rebuilt(net: Network, scheme: ModelScheme) -> Network:
    """The network with its weights as the scheme leaves them."""
    tensors: dict[str, np.ndarray] = {}
    for name, values in net.weights().items():
        wanted = scheme.of(name)
        kept = values if wanted is None else store(values, wanted).quantized.dequantize()
        tensors[name if name.startswith(("embedding", "pool")) else f"{name}.kernel"] = kept
    for name, bias in net.biases().items():
        tensors[f"{name.removesuffix('.kernel')}.bias"] = bias
    kinds = [type(pool).__name__.removesuffix("Pool").lower() for pool in net.pools]
    return Network.from_tensors(tensors, kinds)


def _pool(pool: Pool, name: str, words_LD: np.ndarray, rounding: Rounding) -> np.ndarray:
    match pool:
        case MeanPool():
            return words_LD.mean(0)
        case MaxPool():
            return words_LD.max(0)
        case MinPool():
            return words_LD.min(0)
        case AttentionPool(query_D1):
            scores_L1 = rounding(f"{name}.query", words_LD) @ query_D1
            weights_L1 = np.exp(scores_L1 - scores_L1.max())
            return (weights_L1 / weights_L1.sum() * words_LD).sum(0)
        case ConvMaxPool(kernel_3D_F, bias_F):
            nothing_1D = np.zeros((1, words_LD.shape[1]))
            long = np.concatenate([nothing_1D, words_LD, nothing_1D])
            three_LW = np.concatenate([long[:-2], long[1:-1], long[2:]], axis=1)
            found_LF = rounding(f"{name}.kernel", three_LW) @ kernel_3D_F + bias_F
            return np.maximum(found_LF, 0).max(0)


def exact(name: str, rows: np.ndarray) -> np.ndarray:
    return rows


def forward(net: Network, texts: Ragged, rounding: Rounding = exact) -> np.ndarray:
    """logits_NK in float64, text by text; `rounding` is applied to what each product reads."""
    logits = []
    for i in range(len(texts)):
        words_LD = net.embedding_VD[texts.row(i)].astype(np.float64)
        value = np.concatenate(
            [_pool(pool, f"pool{p}", words_LD, rounding) for p, pool in enumerate(net.pools)]
        )
        for d, layer in enumerate(net.dense):
            name = "head" if d == len(net.dense) - 1 else f"dense{d}"
            value = rounding(name, value[None])[0] @ layer.kernel_IO + layer.bias_O
            value = value if name == "head" else np.maximum(value, 0)
        logits.append(value)
    return np.array(logits)


def _run(graph: onnx.GraphProto, branch: str) -> Iterator[str]:
    for node in graph.node:
        yield node.op_type
        for attribute in node.attribute:
            if attribute.name == branch:
                yield from _run(attribute.g, branch)


def operators(model: bytes, folder: Path, branch: str = "then_branch") -> list[str]:
    """Operators that onnxruntime really runs, after its own optimisation; of an If, one branch."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.optimized_model_filepath = str(folder / "optimised.onnx")
    onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return list(_run(onnx.load(options.optimized_model_filepath).graph, branch))
