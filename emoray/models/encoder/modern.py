"""Read and write what ModernBERT has otherwise than BERT (Warner et al. 2024).

Query, key and value lie in one tensor, the columns and their gate in another; a layer normalises
before its parts, turns queries and keys by place and, but for every third one, looks at near tokens
alone. Biases are optional: those that are missing are zeros here.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

Tensors = dict[str, np.ndarray]
FULL, NEAR = "full_attention", "sliding_attention"
OLD_THETAS = {FULL: "global_rope_theta", NEAR: "local_rope_theta"}
THETAS = {FULL: 160_000.0, NEAR: 10_000.0}  # as transformers has them where none is said
EVERY, LOCAL, EPSILON = 3, 128, 1e-5  # and these
POOLINGS, POOLERS = ("cls", "mean"), ("gelu", "relu", "tanh")


class Weights(Protocol):
    """The tensors of a folder by module path."""

    def __call__(self, name: str, *, whole: bool = False) -> np.ndarray:
        """The tensor of a name; whole: whether its path begins at the root."""

    def has(self, name: str, *, whole: bool = False) -> bool:
        """Whether there is such a tensor."""


def layer_kinds(config: Mapping[str, Any]) -> list[str]:
    """What each layer sees, by either way that config.json says it."""
    depth = int(config["num_hidden_layers"])
    every = int(config.get("global_attn_every_n_layers", EVERY))
    usual = [NEAR if i % every else FULL for i in range(depth)]
    return [str(kind) for kind in config.get("layer_types") or usual]


def _theta(config: Mapping[str, Any], kind: str) -> float:
    said = (config.get("rope_parameters") or {}).get(kind) or {}
    return float(said.get("rope_theta") or config.get(OLD_THETAS[kind]) or THETAS[kind])


def _check_rotary(config: Mapping[str, Any]) -> None:
    said = [config.get("rope_scaling"), *(config.get("rope_parameters") or {}).values()]
    for each in said:
        kind = (each or {}).get("rope_type") or (each or {}).get("type") or "default"
        if kind != "default":
            raise ValueError(
                f"an encoder turns queries and keys by place alone, got rope_type {kind!r}: "
                "choose another encoder"
            )


def check_modern(config: Mapping[str, Any]) -> None:
    """Refuse a ModernBERT whose config.json asks for what has no graph here."""
    _check_rotary(config)
    kinds, depth = layer_kinds(config), config["num_hidden_layers"]
    if set(kinds) - {FULL, NEAR} or len(kinds) != depth:
        raise ValueError(
            f"each of {depth} layers is {FULL} or {NEAR}, got {len(kinds)}: "
            f"{', '.join(sorted(set(kinds)))}: choose another encoder"
        )
    if (width := int(config["hidden_size"]) // int(config["num_attention_heads"])) % 2:
        raise ValueError(
            f"heads that are turned by place have an even width, got {width}: choose another "
            "encoder"
        )
    if (pooling := config.get("classifier_pooling", "cls")) not in POOLINGS:
        raise ValueError(
            f"a text's vector is one of {', '.join(POOLINGS)}, got classifier_pooling "
            f"{pooling!r}: choose another encoder"
        )
    if (pooler := config.get("classifier_activation", "gelu")) not in POOLERS:
        raise ValueError(
            f"a dense layer before the head is one of {', '.join(POOLERS)}, got "
            f"classifier_activation {pooler!r}: choose another encoder"
        )


def _dense(weights: Weights, module: str, names: Sequence[str], *, whole: bool = False) -> Tensors:
    """Dense layers that lie in one tensor, of equal width each."""
    kernel = weights(f"{module}.weight", whole=whole)
    bias = np.zeros(len(kernel), np.float32)
    if weights.has(f"{module}.bias", whole=whole):
        bias = weights(f"{module}.bias", whole=whole)
    found: Tensors = {}
    for i, name in enumerate(names):
        size = len(kernel) // len(names)
        own = slice(i * size, (i + 1) * size)
        found[f"{name}.kernel"] = np.ascontiguousarray(kernel[own].T)
        found[f"{name}.bias"] = np.ascontiguousarray(bias[own])
    return found


def _norm(weights: Weights, module: str, name: str, *, whole: bool = False) -> Tensors:
    scale = weights(f"{module}.weight", whole=whole)
    bias = np.zeros_like(scale)
    if weights.has(f"{module}.bias", whole=whole):
        bias = weights(f"{module}.bias", whole=whole)
    return {f"{name}.scale": scale, f"{name}.bias": bias}


def read_modern(weights: Weights, config: Mapping[str, Any], layers: int) -> Tensors:
    """The neutral tensors of the first layers, without pooler and head."""
    from emoray.models.encoder.rotary import frequencies

    table_VD = weights("embeddings.tok_embeddings.weight")
    found: Tensors = {
        "embedding": table_VD,
        "positions": np.zeros((int(config["max_position_embeddings"]), 0), np.float32),
        **_norm(weights, "embeddings.norm", "norm"),
    }
    width = table_VD.shape[1] // int(config["num_attention_heads"])
    for i, kind in enumerate(layer_kinds(config)[:layers]):
        at, to = f"layers.{i}", f"layer{i}"
        if weights.has(f"{at}.attn_norm.weight"):  # of all but the first
            found |= _norm(weights, f"{at}.attn_norm", f"{to}.attention_norm")
        seen = [f"{to}.{name}" for name in ("query", "key", "value")]
        found |= _dense(weights, f"{at}.attn.Wqkv", seen)
        found |= _dense(weights, f"{at}.attn.Wo", [f"{to}.attention"])
        found |= _norm(weights, f"{at}.mlp_norm", f"{to}.outer_norm")
        found |= _dense(weights, f"{at}.mlp.Wi", [f"{to}.inner", f"{to}.gate"])
        found |= _dense(weights, f"{at}.mlp.Wo", [f"{to}.outer"])
        found[f"{to}.rotary"] = frequencies(_theta(config, kind), width)
        if kind == NEAR:
            to_a_side = int(config.get("local_attention", LOCAL)) // 2
            found[f"{to}.window"] = np.array(to_a_side, np.float32)
    return found | _norm(weights, "final_norm", "final_norm")


def read_modern_head(weights: Weights) -> Tensors:
    """The neutral tensors of a classifier's dense layer, its norm and its head."""
    return {
        **_dense(weights, "head.dense", ["pooler"], whole=True),
        **_norm(weights, "head.norm", "pooler_norm", whole=True),
        **_dense(weights, "classifier", ["head"], whole=True),
    }


def _has_biases(tensors: Mapping[str, np.ndarray], parts: Sequence[str]) -> bool:
    """Whether a bias of such a part is anything but zeros."""
    return any(
        bool(values.any())
        for name, values in tensors.items()
        if name.endswith(".bias") and name.split(".")[-2] in parts
    )


def theta_of(frequencies_R: np.ndarray) -> float:
    """The theta of which `rotary.frequencies` makes these, to six digits."""
    last = len(frequencies_R) - 1
    if not last:
        return 10_000.0  # one plane turns by its place, whatever theta is
    exponent = -len(frequencies_R) / last
    return float(f"{float(frequencies_R[-1]) ** exponent:.6g}")


ROLES = ("bos", "eos", "cls", "sep")
ATTENTION = ("query", "key", "value", "attention")
FEED_FORWARD = ("inner", "gate", "outer")
EVERY_NORM = ("norm", "attention_norm", "outer_norm", "final_norm")


def modern_config(tensors: Mapping[str, np.ndarray], layers: int) -> dict[str, object]:
    """The entries of config.json that only this kind has."""
    windows = {i: tensors.get(f"layer{i}.window") for i in range(layers)}
    kinds = [FULL if windows[i] is None else NEAR for i in range(layers)]
    thetas = {kind: theta_of(tensors[f"layer{i}.rotary"]) for i, kind in enumerate(kinds)}
    near = next((int(window) for window in windows.values() if window is not None), LOCAL // 2)
    # Left out, they would be ids of the whole vocabulary.
    roles: dict[str, object] = dict.fromkeys(f"{role}_token_id" for role in ROLES)
    return {
        **roles,
        "attention_bias": _has_biases(tensors, ATTENTION),
        "mlp_bias": _has_biases(tensors, FEED_FORWARD),
        "norm_bias": _has_biases(tensors, EVERY_NORM),
        "layer_types": kinds,
        "local_attention": 2 * near,
        "rope_parameters": {
            kind: {"rope_type": "default", "rope_theta": thetas.get(kind, usual)}
            for kind, usual in THETAS.items()
        },
    }


def modern_weights(
    tensors: Mapping[str, np.ndarray], table_VD: np.ndarray, layers: int
) -> dict[str, np.ndarray]:
    """The tensors under transformers' names; table_VD: of the embedding, multiplied out."""
    said = modern_config(tensors, layers)
    found = {"embeddings.tok_embeddings.weight": table_VD}

    def dense(module: str, names: Sequence[str], flag: str) -> None:
        kernels = [tensors[f"{name}.kernel"].T for name in names]
        found[f"{module}.weight"] = np.concatenate(kernels)
        if said[flag]:
            found[f"{module}.bias"] = np.concatenate([tensors[f"{name}.bias"] for name in names])

    def norm(module: str, name: str) -> None:
        found[f"{module}.weight"] = tensors[f"{name}.scale"]
        if said["norm_bias"]:
            found[f"{module}.bias"] = tensors[f"{name}.bias"]

    norm("embeddings.norm", "norm")
    for i in range(layers):
        at, to = f"layers.{i}", f"layer{i}"
        if i:
            norm(f"{at}.attn_norm", f"{to}.attention_norm")
        dense(f"{at}.attn.Wqkv", [f"{to}.{n}" for n in ("query", "key", "value")], "attention_bias")
        dense(f"{at}.attn.Wo", [f"{to}.attention"], "attention_bias")
        norm(f"{at}.mlp_norm", f"{to}.outer_norm")
        dense(f"{at}.mlp.Wi", [f"{to}.inner", f"{to}.gate"], "mlp_bias")
        dense(f"{at}.mlp.Wo", [f"{to}.outer"], "mlp_bias")
    norm("final_norm", "final_norm")
    return found
