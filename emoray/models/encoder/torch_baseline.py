"""PyTorch baselines of artifacts: a module as it is, and with its own quantization.

Shapes: N texts, L tokens, K labels.
"""

import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from emoray.models.encoder.module import TABLES, EncoderClassifier
from emoray.models.encoder.weights import CheckpointSettings


class TorchBaseline:
    """A module with arrays for tensors: `baseline(ids_NL)` is logits_NK."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module.eval()

    @torch.inference_mode()
    def __call__(self, ids_NL: np.ndarray) -> np.ndarray:
        """Return logits_NK, float32."""
        logits_NK = self.module(torch.from_numpy(np.asarray(ids_NL, np.int64)))
        return np.asarray(logits_NK.numpy(), np.float32)

    @property
    def weight_bytes(self) -> int:
        """Bytes of all parameters."""
        return sum(p.nbytes for p in self.module.parameters())


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Set PyTorch's number of threads while the block runs."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def quantized_baseline(module: nn.Module) -> nn.Module:
    """Apply PyTorch's quantize_dynamic: int8 weights of every linear layer, a scale a tensor.

    PyTorch calls it deprecated, and it is what most people still compare with.

    Returns:
        Another module.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.ao.quantization.quantize_dynamic(module, {nn.Linear}, dtype=torch.qint8)


def baseline(
    tensors: Mapping[str, np.ndarray], settings: CheckpointSettings, *, by_torch: bool = False
) -> TorchBaseline:
    """The classifier of neutral tensors in float32, or quantized by PyTorch."""
    module: nn.Module = EncoderClassifier(tensors, settings).eval()
    return TorchBaseline(quantized_baseline(module) if by_torch else module)


def _stored(module: nn.Module) -> int:
    """Bytes of one part's weight, without its bias."""
    weight = getattr(module, "weight", None)
    if callable(weight):  # of a quantized layer
        return int(weight().numel())
    return int(weight.nbytes) if isinstance(weight, torch.Tensor) else 0


def _parts_of_any(module: nn.Module) -> dict[str, int]:
    """The same of another module: its largest table, and all of its dense layers together."""
    tables = [_stored(m) for m in module.modules() if isinstance(m, nn.Embedding)]
    dense = [
        m for m in module.modules() if type(m).__name__ in ("Linear", "DynamicQuantizedLinear")
    ]
    dense += [m for m in module.modules() if "quantized.dynamic" in type(m).__module__]
    layers = sum(_stored(m) for m in dict.fromkeys(dense))
    return {"embedding": max(tables, default=0), "layer": layers}


def saved_bytes(found: TorchBaseline) -> tuple[dict[str, int], int]:
    """Bytes of the weights by neutral name, and of the whole state as torch.save writes it."""
    sink = io.BytesIO()
    torch.save(found.module.state_dict(), sink)
    module = found.module
    if not isinstance(module, EncoderClassifier):
        return _parts_of_any(module), sink.tell()
    # Quantized layers stand where the float ones stood, under the same names.
    kinds = (nn.LayerNorm,)
    parts = {n: _stored(m) for n, m in module.places().items() if not isinstance(m, kinds)}
    return {n: size for n, size in parts.items() if n not in TABLES}, sink.tell()
