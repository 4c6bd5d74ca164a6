"""An encoder with its head as one PyTorch module, made from neutral tensors and read back to them.

Shapes: N texts, L tokens, D width, A width of a layer's heads, H heads, F columns, K labels.
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from emoray.models.encoder.distances import rows_at
from emoray.models.encoder.layers import Distances, FastDropout, Mask, TransformerLayer, layer_of
from emoray.models.encoder.margins import margins
from emoray.models.encoder.relative import bucket_of
from emoray.models.encoder.weights import NORMS, CheckpointSettings, layer_width
from emoray.models.text_module import TextModule
from emoray.quant.qat.prepare import Place

TABLES = ("positions", "relative", "distances")  # small ones, which no scheme names
DISTANCES = ("distances", "distances_norm")
# Products of a layer that read one activation.
SAME_INPUT = {"query": "seen", "key": "seen", "value": "seen", "inner": "hidden", "gate": "hidden"}
# No training changes these: how a layer turns queries and keys, how far it sees, which distances
# share a vector.
FIXED = ("rotary", "window", "buckets")


ACTIVATED: Mapping[str, Callable[[Tensor], Tensor]] = {  # of a pooler
    **{"tanh": torch.tanh, "relu": F.relu, "gelu": F.gelu},
}


class EncoderClassifier(TextModule):
    """Token ids (N, L), 0 = padding, to logits (N, K)."""

    buckets_PP: Tensor
    buckets_P: Tensor

    def __init__(
        self,
        tensors: Mapping[str, np.ndarray],
        settings: CheckpointSettings,
        *,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        width, wide = tensors["norm.scale"].size, layer_width(tensors)
        layers = sum(name.endswith(".query.kernel") for name in tensors)
        self.settings = settings
        self.embedding = nn.Embedding(*tensors["embedding"].shape)
        rank = tensors["embedding"].shape[1]
        self.projection = nn.Linear(rank, width, bias=False) if "projection" in tensors else None
        self.fixed = {n: v for n, v in tensors.items() if n.rpartition(".")[2] in FIXED}
        self.positions = None
        if tensors["positions"].size:
            self.positions = nn.Embedding(*tensors["positions"].shape)
        else:
            self.fixed["positions"] = tensors["positions"]
        self.norm = nn.LayerNorm(width, settings.epsilon)
        self.expansion = nn.Linear(width, wide) if "expansion.kernel" in tensors else None
        self.relative = None
        if "relative" in tensors:
            self.relative = nn.Embedding(*tensors["relative"].shape)
            places = np.arange(len(tensors["positions"]))
            buckets_PP = torch.from_numpy(bucket_of(places[None] - places[:, None]))
            self.register_buffer("buckets_PP", buckets_PP, persistent=False)
        self.distances = self.distances_norm = None
        if "distances" in tensors:
            self.distances = nn.Embedding(*tensors["distances"].shape)
            if "distances_norm.scale" in tensors:
                self.distances_norm = nn.LayerNorm(wide, settings.epsilon)
            buckets_P = torch.from_numpy(tensors["buckets"].astype(np.int64))
            self.register_buffer("buckets_P", buckets_P, persistent=False)
        self.layers = nn.ModuleList(layer_of(tensors, i, settings, dropout) for i in range(layers))
        self.final_norm = nn.LayerNorm(wide, settings.epsilon) if settings.pre_norm else None
        self.pooler = (
            nn.Linear(*tensors["pooler.kernel"].shape) if "pooler.kernel" in tensors else None
        )
        self.pooler_norm = (
            nn.LayerNorm(wide, settings.epsilon) if "pooler_norm.scale" in tensors else None
        )
        self.head = nn.Linear(*tensors["head.kernel"].shape)
        self.dropout = FastDropout(dropout)
        self.load(tensors)

    def places(self) -> dict[str, nn.Module]:
        """Every module with weights, by neutral name."""
        found: dict[str, nn.Module | None] = {"embedding": self.embedding}
        for name in ("positions", "projection", "norm", "expansion", "relative", *DISTANCES):
            found[name] = getattr(self, name)
        for i, layer in enumerate(self.layers):
            assert isinstance(layer, TransformerLayer)
            for name in (*layer.DENSE, *NORMS):
                found[f"layer{i}.{name}"] = getattr(layer, name)
        for name in ("final_norm", "pooler", "pooler_norm", "head"):
            found[name] = getattr(self, name)
        return {name: module for name, module in found.items() if module is not None}

    def weight_places(self) -> tuple[Place, ...]:
        """The module of each weight that a scheme may name."""
        found = []
        for name, module in self.places().items():
            if name not in TABLES and isinstance(module, nn.Linear | nn.Embedding):
                layer, _, part = name.rpartition(".")
                reads = f"{layer}.{SAME_INPUT[part]}" if part in SAME_INPUT else ""
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
        found = {
            name: np.array((p.T if transposed else p).detach().cpu().float().numpy(), order="C")
            for name, (p, transposed) in self.named_tensors().items()
        }
        return found | {name: np.array(values, np.float32) for name, values in self.fixed.items()}

    def mask(self, real_NL: Tensor) -> Mask:
        """What attention of every layer gets."""
        mask_N11L = None if bool(real_NL.all()) else real_NL[:, None, None, :]
        length = real_NL.shape[1]
        if self.distances is not None:
            rows_UD: Tensor = self.distances.weight
            at_LL = rows_at(self.buckets_P, length, len(rows_UD))
            if self.distances_norm is not None:
                rows_UD = self.distances_norm(rows_UD)
            return Distances(rows_UD=rows_UD, at_LL=at_LL, real_N11L=mask_N11L)
        if self.relative is None:
            return mask_N11L
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
        if self.positions is not None:
            x_NLD = x_NLD + self.positions.weight[: ids_NL.shape[1]]
        x_NLD = self.dropout(self.norm(x_NLD))
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
        if self.final_norm is not None:
            x_NLD = self.final_norm(x_NLD)
        if self.settings.pooling == "cls":
            x_ND = x_NLD[:, 0]
        else:
            counted = real_NL[..., None].to(x_NLD.dtype)
            x_ND = (x_NLD * counted).sum(1) / counted.sum(1)
        if self.settings.unit:
            x_ND = F.normalize(x_ND, dim=-1)
        if self.pooler is not None:
            x_ND = ACTIVATED[str(self.settings.pooler)](self.pooler(x_ND))
        if self.pooler_norm is not None:
            x_ND = self.pooler_norm(x_ND)
        return x_ND

    def decided(self, vectors_ND: Tensor) -> Tensor:
        """Logits of pooled vectors, float32; margins of a head for one label a text."""
        logits: Tensor = self.head(self.dropout(vectors_ND)).float()
        return margins(logits) if self.settings.softmax else logits

    def forward(self, ids_NL: Tensor) -> Tensor:
        """Return logits_NK, float32; margins of a head for one label a text."""
        return self.decided(self.vectors(ids_NL))
