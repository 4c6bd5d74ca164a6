"""Read and write what DeBERTa (v2 and v3) has otherwise than BERT (He et al. 2021).

One table of vectors of distances serves all layers, normalised or not; each layer multiplies it by
the kernels of its keys and queries.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from emoray.models.encoder.modern import Tensors, Weights

EPSILON = 1e-7  # as transformers has it where none is said
POOLERS = ("gelu", "relu", "tanh")
TABLE, NORM = "encoder.rel_embeddings", "encoder.LayerNorm"


def _list(said: object) -> list[str]:
    parts = said.lower().split("|") if isinstance(said, str) else said or []
    assert isinstance(parts, list)
    return [str(part).strip() for part in parts]


def _farthest(config: Mapping[str, Any]) -> int:
    said = int(config.get("max_relative_positions", -1))
    return said if said >= 1 else int(config["max_position_embeddings"])


def check_deberta(config: Mapping[str, Any]) -> None:
    """Refuse a DeBERTa whose config.json asks for what has no graph here."""
    kinds = _list(config.get("pos_att_type"))
    if not config.get("relative_attention") or set(kinds) != {"c2p", "p2c"}:
        raise ValueError(
            "an encoder's distances count for queries and for keys, got relative_attention "
            f"{config.get('relative_attention')!r}, pos_att_type {'|'.join(kinds) or None}: choose "
            "another encoder"
        )
    if not config.get("share_att_key"):
        raise ValueError(
            "distances are multiplied by the kernels of keys and queries, got share_att_key "
            f"{config.get('share_att_key')!r}: choose another encoder"
        )
    if convolved := config.get("conv_kernel_size"):
        raise ValueError(
            f"an encoder's layers are attention and feed-forward, got conv_kernel_size {convolved}:"
            " choose another encoder"
        )
    if config.get("embedding_size", config["hidden_size"]) != config["hidden_size"]:
        raise ValueError(
            "an encoder with vectors of distances has tokens as wide as its layers, got "
            f"embedding_size {config['embedding_size']}: choose another encoder"
        )
    longest = int(config["max_position_embeddings"])
    if int(config.get("position_buckets", -1)) > 0 and _farthest(config) != longest:
        raise ValueError(
            f"distances share buckets up to the {longest} positions, got max_relative_positions "
            f"{_farthest(config)}: choose another encoder"
        )
    if (pooler := config.get("pooler_hidden_act", "gelu")) not in POOLERS:
        raise ValueError(
            f"a dense layer before the head is one of {', '.join(POOLERS)}, got "
            f"pooler_hidden_act {pooler!r}: choose another encoder"
        )


def read_distances(weights: Weights, config: Mapping[str, Any]) -> Tensors:
    """The neutral tensors of distances."""
    from emoray.models.encoder.distances import buckets_of

    buckets = int(config.get("position_buckets", -1))
    rows = 2 * (buckets if buckets > 0 else _farthest(config))
    positions = int(config["max_position_embeddings"])
    found = {
        "distances": weights(f"{TABLE}.weight")[:rows],
        "buckets": buckets_of(positions, buckets, _farthest(config)),
    }
    if "layer_norm" in _list(config.get("norm_rel_ebd")):
        found["distances_norm.scale"] = weights(f"{NORM}.weight")
        found["distances_norm.bias"] = weights(f"{NORM}.bias")
    return found


def deberta_config(tensors: Mapping[str, np.ndarray]) -> dict[str, object]:
    """The entries of config.json that only this kind has."""
    own = np.arange(len(tensors["buckets"]), dtype=np.float32)
    shared = not np.array_equal(tensors["buckets"], own)  # by several distances
    rows = len(tensors["distances"]) // 2
    return {
        "relative_attention": True,
        "pos_att_type": ["p2c", "c2p"],
        "share_att_key": True,
        "position_buckets": rows if shared else -1,
        "max_relative_positions": -1 if shared else rows,
        "norm_rel_ebd": "layer_norm" if "distances_norm.scale" in tensors else "none",
        "position_biased_input": bool(tensors["positions"].size),
        "type_vocab_size": 0,
    }


def deberta_weights(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The tensors of distances under transformers' names."""
    found = {f"{TABLE}.weight": tensors["distances"]}
    if "distances_norm.scale" in tensors:
        found |= {
            f"{NORM}.weight": tensors["distances_norm.scale"],
            f"{NORM}.bias": tensors["distances_norm.bias"],
        }
    return found
