"""A tiny encoder of BERT's kind made one of ModernBERT's, or of DeBERTa's."""

from collections.abc import Mapping

import numpy as np

from emoray.models.encoder.distances import buckets_of
from emoray.models.encoder.rotary import frequencies

WINDOW = 2
THETAS = (160_000.0, 100.0)


def as_modern(tensors: Mapping[str, np.ndarray], heads: int) -> dict[str, np.ndarray]:
    """The tensors with gates, turned heads and a last norm; every second layer sees near tokens."""
    rng = np.random.default_rng(7)
    found = dict(tensors)
    width = found["norm.scale"].size
    found["positions"] = np.zeros((len(found["positions"]), 0), np.float32)
    for part in ("scale", "bias"):
        del found[f"layer0.attention_norm.{part}"]
        found[f"final_norm.{part}"] = found[f"norm.{part}"][::-1].copy()
    for i in range(sum(name.endswith(".query.kernel") for name in tensors)):
        for part in ("kernel", "bias"):
            shape = found[f"layer{i}.inner.{part}"].shape
            found[f"layer{i}.gate.{part}"] = rng.normal(scale=0.5, size=shape).astype(np.float32)
        found[f"layer{i}.rotary"] = frequencies(THETAS[i % 2], width // heads)
        if i % 2:
            found[f"layer{i}.window"] = np.array(WINDOW, np.float32)
    return found


def as_deberta(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The tensors with normalised vectors of 8 distances to either side, without positions."""
    rng = np.random.default_rng(8)
    positions, width = len(tensors["positions"]), tensors["norm.scale"].size
    return {
        **tensors,
        "positions": np.zeros((positions, 0), np.float32),
        "distances": rng.normal(size=(16, width)).astype(np.float32),
        "distances_norm.scale": 1 + rng.normal(scale=0.2, size=width).astype(np.float32),
        "distances_norm.bias": rng.normal(scale=0.2, size=width).astype(np.float32),
        "buckets": buckets_of(positions, 8, positions),
    }
