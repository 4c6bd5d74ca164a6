"""An encoder with its head as one PyTorch module, made from neutral tensors and read back to them.

Shapes: N texts, L tokens, D width, A width of a layer's heads, H heads, F columns, K labels.
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from emoray.models.encoder.margins import margins
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
    """Self-attention and feed-forward, each added and normalised (Vaswani et al. 2017).

    seen: width of all its heads together, less than `width` where some were pruned.
    """

    def __init__(
        self, width: int, seen: int, inner: int, settings: CheckpointSettings, dropout: float
    ) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(width, seen) for _ in range(3))
        self.attention = nn.Linear(seen, width)
        self.attention_norm = nn.LayerNorm(width, settings.epsilon)
        self.inner = nn.Linear(width, inner)
        self.outer = nn.Linear(inner, width)
        self.outer_norm = nn.LayerNorm(width, settings.epsilon)
        self.dropout = FastDropout(dropout)
        self.head_width, self.activation = width // settings.heads, settings.activation

    def _heads(self, x_NLA: Tensor) -> Tensor:
        return x_NLA.unflatten(-1, (-1, self.head_width)).transpose(1, 2)

    def seen(self, x_NLD: Tensor, mask: Tensor | None) -> Tensor:
        """What the heads make of the tokens, (N, L, A); mask: as `forward` gets it."""
        q, k, v = (self._heads(part(x_NLD)) for part in (self.query, self.key, self.value))
        if mask is not None and mask.is_floating_point():
            mask = mask.to(q.dtype)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return mixed.transpose(1, 2).flatten(2)

    def attended(self, x_NLD: Tensor, mask: Tensor | None) -> Tensor:
        """The tokens with what they saw added, normalised."""
        added: Tensor = self.dropout(self.attention(self.seen(x_NLD, mask)))
        found: Tensor = self.attention_norm(x_NLD + added)
        return found

    def hidden(self, x_NLD: Tensor) -> Tensor:
        """The activated columns of the feed-forward part, (N, L, F)."""
        columns: Tensor = self.inner(x_NLD)
        if self.activation == "relu":
            return F.relu(columns)
        return F.gelu(columns, approximate="tanh" if "tanh" in self.activation else "none")

    def forward(self, x_NLD: Tensor, mask: Tensor | None) -> Tensor:
        """Return x_NLD; mask: False where a token is padding, or summands of scores, or None."""
        x_NLD = self.attended(x_NLD, mask)
        found: Tensor = self.outer_norm(x_NLD + self.dropout(self.outer(self.hidden(x_NLD))))
        return found


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
        self.layers = nn.ModuleList(
            TransformerLayer(
                wide,
                tensors[f"layer{i}.query.bias"].size,
                tensors[f"layer{i}.inner.bias"].size,
                settings,
                dropout,
            )
            for i in range(layers)
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

    def mask(self, real_NL: Tensor) -> Tensor | None:
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

    def embedded(self, ids_NL: Tensor) -> Tensor:
        """What the first layer reads, x_NLD."""
        x_NLD: Tensor = self.embedding(ids_NL)
        if self.projection is not None:
            x_NLD = self.projection(x_NLD)
        x_NLD = self.norm(x_NLD + self.positions.weight[: ids_NL.shape[1]])
        x_NLD = self.dropout(x_NLD)
        if self.expansion is not None:
            x_NLD = self.expansion(x_NLD)
        return x_NLD

    def vectors(self, ids_NL: Tensor) -> Tensor:
        """One vector for each text, pooled, x_ND."""
        real_NL = ids_NL != 0
        mask, x_NLD = self.mask(real_NL), self.embedded(ids_NL)
        for _ in range(self.settings.repeats):
            for layer in self.layers:
                x_NLD = layer(x_NLD, mask)
        if self.settings.pooling == "cls":
            x_ND = x_NLD[:, 0]
        else:
            counted = real_NL[..., None].to(x_NLD.dtype)
            x_ND = (x_NLD * counted).sum(1) / counted.sum(1)
        if self.pooler is not None:
            x_ND = ACTIVATED[str(self.settings.pooler)](self.pooler(x_ND))
        return x_ND

    def decided(self, vectors_ND: Tensor) -> Tensor:
        """Logits of pooled vectors, float32; margins of a head for one label a text."""
        logits: Tensor = self.head(self.dropout(vectors_ND)).float()
        return margins(logits) if self.settings.softmax else logits

    def forward(self, ids_NL: Tensor) -> Tensor:
        """Return logits_NK, float32; margins of a head for one label a text."""
        return self.decided(self.vectors(ids_NL))
