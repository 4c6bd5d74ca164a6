"""Read weights of transformers folders under neutral names; kernels are (inputs, outputs).

`embedding` (V, R) · `projection` (R, E) where factorised · `positions` (P, E), from the first
token on, token type 0 added in · `norm.scale` · `norm.bias` · `expansion.kernel` (E, D) where E is
not D · `relative` (B, H) of MPNet · `layer{i}.query.kernel` · … · `pooler.kernel` · `head.kernel`
(D, K). Of ModernBERT: `positions` (P, 0), as tokens are turned by place · `layer{i}.gate.kernel` ·
`layer{i}.rotary` (S/2,), how · `layer{i}.window` (), how far near layers see · `final_norm.scale` ·
`pooler_norm.scale`. Of DeBERTa: `distances` (U, D) · `distances_norm.scale` · `buckets` (P,), of
each distance. Shapes: V pieces, R rank, E width of the embedding, D of the layers, P
positions, B buckets of distances, H heads, S width of a head, K labels.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from emoray.models.encoder.architecture import (
    ACTIVATIONS,
    POSITIONS,
    Architecture,
    architecture_of,
    embedding_width,
)
from emoray.models.encoder.deberta import EPSILON as DEBERTA_EPSILON
from emoray.models.encoder.deberta import read_distances
from emoray.models.encoder.modern import EPSILON as MODERN_EPSILON
from emoray.models.encoder.modern import read_modern, read_modern_head
from emoray.models.encoder.relative import BUCKETS

NORMS = ("attention_norm", "outer_norm")
EPSILON = 1e-12  # of every norm without one in config.json
Tensors = dict[str, np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointSettings:
    """Settings of an encoder that its tensors do not determine.

    Attributes:
        heads: of each layer.
        epsilon: of every norm.
        activation: of the feed-forward part.
        pooling: mean or cls.
        pooler: activation of the dense layer before the head, None without.
        repeats: how often the layers are applied, one after the other.
        softmax: whether the head gives one label a text; logits are then margins.
        pre_norm: whether layers normalise before their parts.
        unit: whether the pooled vector is divided by its length.
    """

    heads: int
    epsilon: float
    activation: str
    pooling: str = "mean"
    pooler: str | None = None
    repeats: int = 1
    softmax: bool = False
    pre_norm: bool = False
    unit: bool = False

    def to_json(self) -> str:
        """The content of encoder.json."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "CheckpointSettings":
        """Read what `to_json` returned."""
        return cls(**json.loads(text))


def read_config(folder: Path) -> dict[str, Any]:
    """Read config.json of a transformers folder."""
    try:
        found = json.loads((folder / "config.json").read_text("utf-8"))
    except FileNotFoundError:
        raise ValueError(
            f"a model is a folder with config.json, got {folder} without: check the path"
        ) from None
    except ValueError as error:
        raise ValueError(
            f"config.json must be JSON, the one in {folder} is not ({error}): fetch it again"
        ) from None
    if not isinstance(found, dict):
        raise ValueError(
            f"config.json is a JSON object, got {type(found).__name__} in {folder}: fetch it again"
        )
    return found


def _read_safetensors(folder: Path) -> Tensors:
    """Read all tensors of a folder as float32, from one file or shards; refuse NaN and Inf."""
    from safetensors import SafetensorError, safe_open

    found: Tensors = {}
    whole = folder / "model.safetensors"
    for path in [whole] if whole.is_file() else sorted(folder.glob("model*.safetensors")):
        try:
            with safe_open(path, framework="pt") as file:  # NumPy has no bfloat16
                for name in file.keys():
                    found[name] = file.get_tensor(name).float().numpy()
        except SafetensorError as error:
            raise ValueError(
                f"weights are whole safetensors files, got {error} in {path}: fetch it again"
            ) from None
    if not found:
        raise ValueError(
            f"a model's weights are model.safetensors, got none in {folder}: save the model with "
            "save_pretrained, which writes that file"
        )
    broken = sorted(name for name, tensor in found.items() if not np.isfinite(tensor).all())
    if broken:
        raise ValueError(
            f"weights are finite, got NaN or Inf in {', '.join(broken[:3])} of {folder}: "
            "take another checkpoint"
        )
    return found


class _Named:
    """Tensors of one folder by module path; ValueError names a missing one."""

    def __init__(self, tensors: Tensors, prefix: str, folder: Path) -> None:
        inside = any(name.startswith(f"{prefix}.") for name in tensors)
        self.tensors, self.folder = tensors, folder
        self.prefix = f"{prefix}." if inside else ""

    def has(self, name: str, *, whole: bool = False) -> bool:
        return (name if whole else self.prefix + name) in self.tensors

    def __call__(self, name: str, *, whole: bool = False) -> np.ndarray:
        path = name if whole else self.prefix + name
        for old, new in ((".weight", ".gamma"), (".bias", ".beta")):  # of old BERT checkpoints
            if path not in self.tensors and path.replace(old, new) in self.tensors:
                path = path.replace(old, new)
        if path not in self.tensors:
            raise ValueError(
                f"an encoder of this kind has {path}, got none in {self.folder}: "
                "config.json and weights do not belong together"
            )
        return self.tensors[path]

    def dense(self, module: str, name: str, *, whole: bool = False) -> Tensors:
        kernel = self(f"{module}.weight", whole=whole)
        bias = self(f"{module}.bias", whole=whole)
        return {f"{name}.kernel": np.ascontiguousarray(kernel.T), f"{name}.bias": bias}

    def norm(self, module: str, name: str) -> Tensors:
        return {f"{name}.scale": self(f"{module}.weight"), f"{name}.bias": self(f"{module}.bias")}


def position_count(config: Mapping[str, Any], kind: Architecture) -> int:
    """Tokens of the longest text that an encoder can read."""
    return int(config[POSITIONS]) - _first_position(config, kind)


def _first_position(config: Mapping[str, Any], kind: Architecture) -> int:
    if not kind.after_padding:
        return 0
    padding = config.get("pad_token_id") if kind.padding is None else kind.padding
    return 1 + (1 if padding is None else int(padding))


def _positions(named: _Named, kind: Architecture, config: Mapping[str, Any]) -> np.ndarray:
    has_types = named.has(f"{kind.types}.weight")
    if kind.distances and not config.get("position_biased_input", True):
        # What is added to every token alike is a position's too.
        width = int(config[kind.width]) if has_types else 0
        positions_PD = np.zeros((int(config[POSITIONS]), width), np.float32)
    else:
        positions_PD = named(f"{kind.positions}.weight")[_first_position(config, kind) :]
    if has_types:
        positions_PD = positions_PD + named(f"{kind.types}.weight")[0]
    return np.ascontiguousarray(positions_PD)


def layer_width(tensors: Mapping[str, np.ndarray]) -> int:
    """D, the length of a token's vector inside the layers."""
    expanded = tensors.get("expansion.bias")
    return int((tensors["norm.scale"] if expanded is None else expanded).size)


def _relative(named: _Named, module: str, heads: int) -> np.ndarray:
    table_BH = named(f"{module}.weight")
    if table_BH.shape != (BUCKETS, heads):
        raise ValueError(
            f"attention by distance has {BUCKETS} buckets for {heads} heads, got "
            f"{table_BH.shape[0]} for {table_BH.shape[1]} in {named.folder}: choose another encoder"
        )
    return table_BH


def _encoder(
    named: _Named, kind: Architecture, config: Mapping[str, Any], layers: int
) -> tuple[Tensors, CheckpointSettings]:
    width = int(config[kind.width])
    if kind.pre_norm:
        tensors = read_modern(named, config, layers)
    else:
        tensors = {
            "embedding": named(f"{kind.tokens}.weight"),
            "positions": _positions(named, kind, config),
            **named.norm(kind.norm, "norm"),
        }
    if kind.distances:
        tensors |= read_distances(named, config)
    if kind.expansion and (kind.shared or embedding_width(config, kind) != width):
        tensors |= named.dense(kind.expansion, "expansion")
    if kind.relative:
        tensors["relative"] = _relative(named, kind.relative, int(config[kind.heads]))
    own = layer_width(tensors)
    if width != own:
        raise ValueError(
            f"config.json and weights belong together, got {kind.width} {width} and weights of "
            f"width {own} in {named.folder}: fetch the model again"
        )
    for i in range(1 if kind.shared else layers):
        for name, module in kind.layer.items():
            part = named.norm if name in NORMS else named.dense
            tensors |= part(f"{kind.layers}.{i}.{module}", f"layer{i}.{name}")
    usual = MODERN_EPSILON if kind.pre_norm else DEBERTA_EPSILON if kind.distances else EPSILON
    settings = CheckpointSettings(
        heads=int(config[kind.heads]),
        epsilon=float(config.get(kind.epsilon, usual)) if kind.epsilon else usual,
        activation=ACTIVATIONS[config.get(kind.activation, "gelu")],
        repeats=layers if kind.shared else 1,
        pre_norm=kind.pre_norm,
    )
    return tensors, settings


def read_encoder(folder: Path, *, layers: int | None = None) -> tuple[Tensors, CheckpointSettings]:
    """Read the encoder in a transformers folder, without a classifier's pooler and head.

    Args:
        folder: of the model.
        layers: number of its first layers; all by default.

    Returns:
        Tensors and settings.

    Raises:
        ValueError: if there are fewer layers.
    """
    config = read_config(folder)
    kind = architecture_of(config)
    depth = int(config[kind.depth])
    if layers is not None and not 1 <= layers <= depth:
        raise ValueError(
            f"layers must lie in 1..{depth}, the encoder's own, got {layers}: ask for fewer"
        )
    named = _Named(_read_safetensors(folder), kind.prefix, folder)
    return _encoder(named, kind, config, layers or depth)


MULTI_LABEL, SINGLE_LABEL = "multi_label_classification", "single_label_classification"


def gives_one_label(config: Mapping[str, Any], folder: Path) -> bool:
    """Whether a head gives one label a text, by softmax; refuse one that does not say."""
    problem_type = config.get("problem_type")
    if problem_type in (MULTI_LABEL, SINGLE_LABEL):
        return bool(problem_type == SINGLE_LABEL)
    if problem_type is None:
        way = (
            f'add "problem_type": "{SINGLE_LABEL}" to config.json if it was trained for one label '
            f'a text (CrossEntropyLoss), "{MULTI_LABEL}" if for several (BCEWithLogitsLoss), or '
            "say it with --problem-type"
        )
    else:
        way = f'a head for numbers has no labels; fine-tune with "problem_type": "{MULTI_LABEL}"'
    raise ValueError(
        f"a classifier says in config.json whether its problem_type is {SINGLE_LABEL} or "
        f"{MULTI_LABEL}, got {problem_type!r} in {folder}: {way}"
    )


def head_labels(config: Mapping[str, Any], folder: Path) -> tuple[str, ...]:
    """The names of a head's labels, in the order of its logits."""
    names = {str(i): str(name) for i, name in dict(config.get("id2label") or {}).items()}
    if not names or names.keys() != {str(i) for i in range(len(names))}:
        raise ValueError(
            f"id2label names every label of the head, got {sorted(names)} in {folder}: correct "
            "config.json, or name them in their order with --labels"
        )
    if gives_one_label(config, folder) and len(names) == 1:
        raise ValueError(
            f"a head for one label a text has two at least, got {names['0']!r} alone in {folder}: "
            f'if it says yes or no, "problem_type": "{MULTI_LABEL}" in config.json reads it so'
        )
    return tuple(names[str(i)] for i in range(len(names)))


def read_classifier(folder: Path) -> tuple[Tensors, CheckpointSettings, tuple[str, ...]]:
    """Read tensors, settings and label names of a sequence classifier's folder.

    Returns:
        All three.

    Raises:
        ValueError: if id2label does not name every label of the head.
    """
    config = read_config(folder)
    kind = architecture_of(config)
    softmax, labels = gives_one_label(config, folder), head_labels(config, folder)
    named = _Named(_read_safetensors(folder), kind.prefix, folder)
    tensors, settings = _encoder(named, kind, config, int(config[kind.depth]))
    if kind.pre_norm:
        tensors |= read_modern_head(named)
    else:
        tensors |= named.dense(kind.pooler, "pooler", whole=True)
        tensors |= named.dense(kind.head, "head", whole=True)
    if len(labels) != (count := len(tensors["head.bias"])):
        raise ValueError(
            f"id2label names every label of the head, got {len(labels)} names for {count} labels "
            f"in {folder}: correct config.json, or name them in their order with --labels"
        )
    pooling, activation = "cls", kind.pooler_activation
    if kind.distances:
        activation = str(config.get("pooler_hidden_act", activation))
    if kind.pre_norm:
        pooling = str(config.get("classifier_pooling", pooling))
        activation = str(config.get("classifier_activation", activation))
    pooled = replace(settings, pooling=pooling, pooler=activation, softmax=softmax)
    return tensors, pooled, labels


def factorised(tensors: Mapping[str, np.ndarray], rank: int) -> Tensors:
    """Factorise the token embedding as (V, rank) @ (rank, D), by truncated SVD.

    The least squared error that any product of this rank can have (Eckart & Young 1936).

    Returns:
        All tensors.

    Raises:
        ValueError: if the rank is not in 1..D.
    """
    table_VD = tensors["embedding"]
    width = table_VD.shape[1]
    if not 1 <= rank <= width:
        raise ValueError(
            f"embedding_dim must lie in 1..{width}, the encoder's width, got {rank}: "
            f"{width} keeps the embedding whole"
        )
    if rank == width:
        return dict(tensors)
    # From the (D, D) Gram matrix: the same right singular vectors, thirty times faster.
    wide_VD = table_VD.astype(np.float64)
    _, vectors_DD = np.linalg.eigh(wide_VD.T @ wide_VD)
    basis_DR = vectors_DD[:, ::-1][:, :rank]
    basis_DR = basis_DR * np.where(basis_DR.sum(0) < 0, -1.0, 1.0)
    return {
        **tensors,
        "embedding": (wide_VD @ basis_DR).astype(np.float32),
        "projection": np.ascontiguousarray(basis_DR.T, np.float32),
    }
