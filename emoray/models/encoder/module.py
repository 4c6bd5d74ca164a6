"""An encoder with its head as one PyTorch module, made from neutral tensors and read back to them.

Shapes: N texts, L tokens, D width, H heads, K labels.
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from emoray.models.encoder.relative import bucket_of
from emoray.models.encoder.weights import NORMS, CheckpointSettings, layer_width
from emoray.models.text_module import TextModule
from emoray.quant.qat.prepare import Place

DENSE = ("query", "key", "value", "attention", "inner", "outer")
TABLES = ("positions", "relative")  # small ones, which no scheme names
SAME_INPUT = ("query", "key", "value")  # three products of a layer read one activation


ACTIVATED: Mapping[str, Callable[[Tensor], Tensor]] = {  # of a pooler
    **{"tanh": torch.tanh, "relu": F.relu, "gelu": F.gelu},
}


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


class TransformerLayer(nn.Module):
    """Self-attention and feed-forward, each added and normalised (Vaswani et al. 2017)."""

    def __init__(
        self, width: int, inner: int, settings: CheckpointSettings, dropout: float
    ) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.attention = nn.Linear(width, width)
        self.attention_norm = nn.LayerNorm(width, settings.epsilon)
        self.inner = nn.Linear(width, inner)
        self.outer = nn.Linear(inner, width)
        self.outer_norm = nn.LayerNorm(width, settings.epsilon)
        self.dropout = FastDropout(dropout)
        self.heads, self.activation = settings.heads, settings.activation

    def _heads(self, x_NLD: Tensor) -> Tensor:
        return x_NLD.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def forward(self, x_NLD: Tensor, mask: Tensor | None) -> Tensor:
        """Return x_NLD; mask: False where a token is padding, or summands of scores, or None."""
        q, k, v = (self._heads(part(x_NLD)) for part in (self.query, self.key, self.value))
        if mask is not None and mask.is_floating_point():
            mask = mask.to(q.dtype)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        mixed_NLD = mixed.transpose(1, 2).flatten(2)
        x_NLD = self.attention_norm(x_NLD + self.dropout(self.attention(mixed_NLD)))
        hidden = self.inner(x_NLD)
        if self.activation == "relu":
            hidden = F.relu(hidden)
        else:
            hidden = F.gelu(hidden, approximate="tanh" if "tanh" in self.activation else "none")
        return self.outer_norm(x_NLD + self.dropout(self.outer(hidden)))


class EncoderClassifier(TextModule):
    """Token ids (N, L), 0 = padding, to logits (N, K)."""

    buckets_PP: Tensor

    def __init__(
        self,
        tensors: Mapping[str, np.ndarray],
        settings: CheckpointSettings,
        *,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        width, wide = tensors["positions"].shape[1], layer_width(tensors)
        layers = sum(name.endswith(".query.kernel") for name in tensors)
        self.settings = settings
        self.embedding = nn.Embedding(*tensors["embedding"].shape)
        rank = tensors["embedding"].shape[1]
        self.projection = nn.Linear(rank, width, bias=False) if "projection" in tensors else None
        self.positions = nn.Embedding(*tensors["positions"].shape)
        self.norm = nn.LayerNorm(width, settings.epsilon)
        self.expansion = nn.Linear(width, wide) if "expansion.kernel" in tensors else None
        self.relative = None
        if "relative" in tensors:
            self.relative = nn.Embedding(*tensors["relative"].shape)
            places = np.arange(len(tensors["positions"]))
            buckets_PP = torch.from_numpy(bucket_of(places[None] - places[:, None]))
            self.register_buffer("buckets_PP", buckets_PP, persistent=False)
        inner = tensors["layer0.inner.bias"].size if layers else 0
        self.layers = nn.ModuleList(
            TransformerLayer(wide, inner, settings, dropout) for _ in range(layers)
        )
        self.pooler = nn.Linear(wide, wide) if "pooler.kernel" in tensors else None
        self.head = nn.Linear(*tensors["head.kernel"].shape)
        self.dropout = FastDropout(dropout)
        self.load(tensors)

    def places(self) -> dict[str, nn.Module]:
        """Every module with weights, by neutral name."""
        found: dict[str, nn.Module] = {"embedding": self.embedding, "positions": self.positions}
        if self.projection is not None:
            found["projection"] = self.projection
        found["norm"] = self.norm
        if self.expansion is not None:
            found["expansion"] = self.expansion
        if self.relative is not None:
            found["relative"] = self.relative
        for i, layer in enumerate(self.layers):
            for name in (*DENSE, *NORMS):
                found[f"layer{i}.{name}"] = getattr(layer, name)
        if self.pooler is not None:
            found["pooler"] = self.pooler
        return {**found, "head": self.head}

    def weight_places(self) -> tuple[Place, ...]:
        """The module of each weight that a scheme may name."""
        found = []
        for name, module in self.places().items():
            if name not in TABLES and isinstance(module, nn.Linear | nn.Embedding):
                layer, _, part = name.rpartition(".")
                reads = layer if part in SAME_INPUT else ""
                found.append(Place(name=name, module=module, reads=reads))
        return tuple(found)

    def named_tensors(self) -> dict[str, tuple[Tensor, bool]]:
        """Every parameter by neutral name, and whether it is transposed in the module."""
        found: dict[str, tuple[Tensor, bool]] = {}
        for name, module in self.places().items():
            if isinstance(module, nn.Embedding):
                found[name] = module.weight, False
            elif isinstance(module, nn.LayerNorm):
                found |= {f"{name}.scale": (module.weight, False)}
                found |= {f"{name}.bias": (module.bias, False)}
            elif isinstance(module, nn.Linear):
                whole = f"{name}.kernel" if module.bias is not None else name
                found[whole] = module.weight, True
                if module.bias is not None:
                    found[f"{name}.bias"] = module.bias, False
        return found

    @torch.no_grad()
    def load(self, tensors: Mapping[str, np.ndarray]) -> None:
        """Copy the values of neutral tensors into the parameters."""
        for name, (parameter, transposed) in self.named_tensors().items():
            value = torch.from_numpy(np.array(tensors[name], np.float32))
            parameter.copy_(value.T if transposed else value)

    def tensors(self) -> dict[str, np.ndarray]:
        """The neutral tensors, float32, copied."""
        return {
            name: np.array((p.T if transposed else p).detach().cpu().float().numpy(), order="C")
            for name, (p, transposed) in self.named_tensors().items()
        }

    def _mask(self, real_NL: Tensor) -> Tensor | None:
        """What attention of every layer gets: see `TransformerLayer.forward`."""
        mask_N11L = None if bool(real_NL.all()) else real_NL[:, None, None, :]
        if self.relative is None:
            return mask_N11L
        length = real_NL.shape[1]
        by_bucket_LLH: Tensor = self.relative(self.buckets_PP[:length, :length])
        bias_1HLL = by_bucket_LLH.permute(2, 0, 1)[None]
        if mask_N11L is None:
            return bias_1HLL
        return bias_1HLL.masked_fill(~mask_N11L, -torch.inf)

    def forward(self, ids_NL: Tensor) -> Tensor:
        """Return logits_NK, float32."""
        real_NL = ids_NL != 0
        mask = self._mask(real_NL)
        x_NLD = self.embedding(ids_NL)
        if self.projection is not None:
            x_NLD = self.projection(x_NLD)
        x_NLD = self.norm(x_NLD + self.positions.weight[: ids_NL.shape[1]])
        x_NLD = self.dropout(x_NLD)
        if self.expansion is not None:
            x_NLD = self.expansion(x_NLD)
        for layer in self.layers:
            x_NLD = layer(x_NLD, mask)
        if self.settings.pooling == "cls":
            x_ND = x_NLD[:, 0]
        else:
            counted = real_NL[..., None].to(x_NLD.dtype)
            x_ND = (x_NLD * counted).sum(1) / counted.sum(1)
        if self.pooler is not None:
            x_ND = ACTIVATED[str(self.settings.pooler)](self.pooler(x_ND))
        logits: Tensor = self.head(self.dropout(x_ND)).float()
        return logits
