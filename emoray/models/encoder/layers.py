"""Layers of encoders in PyTorch: BERT's, ModernBERT's and DeBERTa's.

Shapes: N texts, L tokens, D width, A width of a layer's heads, H of them, F columns, S width of a
head, R half of it, U vectors of distances.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from emoray.models.encoder.rotary import turned
from emoray.models.encoder.weights import CheckpointSettings, layer_width


class FastDropout(nn.Module):
    """Dropout whose mask takes one random byte a value: p is rounded to 1/256.

    torch's own draws a double a value on the CPU, a tenth of a training.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.dropped = min(255, round(p * 256))  # something is always kept

    def forward(self, x: Tensor) -> Tensor:
        """Drop values in training."""
        if not self.training or not self.dropped:
            return x
        words = torch.empty(-(-x.numel() // 8), dtype=torch.int64, device=x.device)
        words.random_(-(2**63), None)
        kept = words.view(torch.uint8)[: x.numel()].view(x.shape) >= self.dropped
        return x * kept * (256 / (256 - self.dropped))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Distances:
    """What a layer reads beside the tokens where distance has vectors.

    rows_UD: the vectors; at_LL: which of them each query and key have; real_N11L: False where a
    token is padding, None without any.
    """

    rows_UD: Tensor
    at_LL: Tensor
    real_N11L: Tensor | None


# False where a token is padding, or summands of scores, or None.
Mask = Tensor | Distances | None


class TransformerLayer(nn.Module):
    """Self-attention and feed-forward, each added and normalised (Vaswani et al. 2017).

    seen: width of all its heads together, less than `width` where some were pruned.
    """

    DENSE: tuple[str, ...] = ("query", "key", "value", "attention", "inner", "outer")

    def __init__(
        self, width: int, seen: int, inner: int, settings: CheckpointSettings, dropout: float
    ) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(width, seen) for _ in range(3))
        self.attention = nn.Linear(seen, width)
        self.attention_norm: nn.LayerNorm | None = nn.LayerNorm(width, settings.epsilon)
        self.inner = nn.Linear(width, inner)
        self.outer = nn.Linear(inner, width)
        self.outer_norm = nn.LayerNorm(width, settings.epsilon)
        self.dropout = FastDropout(dropout)
        self.head_width, self.activation = width // settings.heads, settings.activation

    def heads(self, x_NLA: Tensor) -> Tensor:
        """The heads apart, (N, H, L, S)."""
        return x_NLA.unflatten(-1, (-1, self.head_width)).transpose(1, 2)

    def seen(self, x_NLD: Tensor, mask: Mask) -> Tensor:
        """What the heads make of the tokens, (N, L, A); mask: as `forward` gets it."""
        assert not isinstance(mask, Distances)
        q, k, v = (self.heads(part(x_NLD)) for part in (self.query, self.key, self.value))
        if mask is not None and mask.is_floating_point():
            mask = mask.to(q.dtype)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return mixed.transpose(1, 2).flatten(2)

    def attended(self, x_NLD: Tensor, mask: Mask) -> Tensor:
        """The tokens with what they saw added, normalised."""
        assert self.attention_norm is not None
        added: Tensor = self.dropout(self.attention(self.seen(x_NLD, mask)))
        found: Tensor = self.attention_norm(x_NLD + added)
        return found

    def activated(self, columns_NLF: Tensor) -> Tensor:
        """The feed-forward part's activation."""
        if self.activation == "relu":
            return F.relu(columns_NLF)
        return F.gelu(columns_NLF, approximate="tanh" if "tanh" in self.activation else "none")

    def hidden(self, x_NLD: Tensor) -> Tensor:
        """The activated columns of the feed-forward part, (N, L, F)."""
        return self.activated(self.inner(x_NLD))

    def finished(self, x_NLD: Tensor) -> Tensor:
        """What the layer makes of its last sum."""
        found: Tensor = self.outer_norm(x_NLD)
        return found

    def finish_as(self, other: "TransformerLayer") -> None:
        """Take over how another layer finishes."""
        self.outer_norm.load_state_dict(other.outer_norm.state_dict())

    def forward(self, x_NLD: Tensor, mask: Mask) -> Tensor:
        """Return x_NLD."""
        x_NLD = self.attended(x_NLD, mask)
        return self.finished(x_NLD + self.dropout(self.outer(self.hidden(x_NLD))))


class PreNormLayer(TransformerLayer):
    """ModernBERT's: each part reads normalised tokens and adds to them as they are.

    Queries and keys are turned by place, columns multiplied by those of a gate (GeGLU, Shazeer
    2020). window: tokens to either side that one sees, None for all; normed: whether attention
    reads normalised tokens, which it does not in the first layer.
    """

    DENSE = ("query", "key", "value", "attention", "inner", "gate", "outer")

    frequencies_R: Tensor

    def __init__(
        self,
        width: int,
        seen: int,
        inner: int,
        settings: CheckpointSettings,
        dropout: float,
        *,
        frequencies_R: np.ndarray,
        window: int | None,
        normed: bool,
    ) -> None:
        super().__init__(width, seen, inner, settings, dropout)
        self.gate = nn.Linear(width, inner)
        if not normed:
            self.attention_norm = None
        self.window = window
        turns = torch.from_numpy(np.array(frequencies_R, np.float32))
        self.register_buffer("frequencies_R", turns, persistent=False)

    def _mask(self, mask: Tensor | None, length: int) -> Tensor | None:
        """Where a token may look: padding sees itself, for it must see something."""
        if self.window is None or length <= self.window + 1:
            return mask
        places_L = torch.arange(length, device=self.frequencies_R.device)
        near_LL = (places_L[:, None] - places_L).abs() <= self.window
        return near_LL if mask is None else mask & near_LL | (places_L[:, None] == places_L)

    def seen(self, x_NLD: Tensor, mask: Mask) -> Tensor:
        """What the heads make of the normalised tokens, (N, L, A)."""
        assert not isinstance(mask, Distances)
        if self.attention_norm is not None:
            x_NLD = self.attention_norm(x_NLD)
        q, k, v = (self.heads(part(x_NLD)) for part in (self.query, self.key, self.value))
        q, k = (turned(each, self.frequencies_R) for each in (q, k))
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=self._mask(mask, q.shape[2]))
        return mixed.transpose(1, 2).flatten(2)

    def attended(self, x_NLD: Tensor, mask: Mask) -> Tensor:
        """The tokens with what they saw added."""
        added: Tensor = self.dropout(self.attention(self.seen(x_NLD, mask)))
        return x_NLD + added

    def hidden(self, x_NLD: Tensor) -> Tensor:
        """The gated columns of the normalised tokens, (N, L, F)."""
        x_NLD = self.outer_norm(x_NLD)
        gate_NLF: Tensor = self.gate(x_NLD)
        return self.activated(self.inner(x_NLD)) * gate_NLF

    def finished(self, x_NLD: Tensor) -> Tensor:
        """The last sum as it is."""
        return x_NLD

    def finish_as(self, other: TransformerLayer) -> None:
        """All finish alike."""


def _kernel(part: nn.Module) -> tuple[Any, Any]:
    """Weight and bias of a dense layer; those of one that PyTorch quantized are methods."""
    if callable(part.weight):
        return part.weight().dequantize(), part.bias()
    return part.weight, part.bias


class DisentangledLayer(TransformerLayer):
    """DeBERTa's: a score is that of query and key, of query and distance, of distance and key.

    Vectors of distances are multiplied by the kernels of keys and queries (He et al. 2021).
    """

    def seen(self, x_NLD: Tensor, mask: Mask) -> Tensor:
        """What the heads make of the tokens, (N, L, A)."""
        assert isinstance(mask, Distances)
        q, k, v = (self.heads(part(x_NLD)) for part in (self.query, self.key, self.value))
        # Not through the modules: what they read here is a weight, which no scheme rounds.
        keys_HUS, queries_HUS = (
            self.heads(F.linear(mask.rows_UD[None], *_kernel(part)))[0].to(q.dtype)
            for part in (self.key, self.query)
        )
        at_NHLL = mask.at_LL.expand(*q.shape[:2], -1, -1)
        of_query_NHLL = (q @ keys_HUS.mT).gather(-1, at_NHLL)
        of_key_NHLL = (k @ queries_HUS.mT).gather(-1, at_NHLL.mT).mT
        scale = float(3 * q.shape[-1]) ** -0.5
        bias_NHLL = (of_query_NHLL + of_key_NHLL) * scale
        if mask.real_N11L is not None:
            bias_NHLL = bias_NHLL.masked_fill(~mask.real_N11L, -torch.inf)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias_NHLL, scale=scale)
        return mixed.transpose(1, 2).flatten(2)


def layer_of(
    tensors: Mapping[str, np.ndarray], i: int, settings: CheckpointSettings, dropout: float
) -> TransformerLayer:
    """An empty layer that takes the tensors of layer i."""
    sizes = tensors[f"layer{i}.query.bias"].size, tensors[f"layer{i}.inner.bias"].size
    if not settings.pre_norm:
        kind = DisentangledLayer if "distances" in tensors else TransformerLayer
        return kind(layer_width(tensors), *sizes, settings, dropout)
    window = tensors.get(f"layer{i}.window")
    return PreNormLayer(
        layer_width(tensors),
        *sizes,
        settings,
        dropout,
        frequencies_R=tensors[f"layer{i}.rotary"],
        window=None if window is None else int(window),
        normed=f"layer{i}.attention_norm.scale" in tensors,
    )
