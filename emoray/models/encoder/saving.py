"""Write a fine-tuned encoder as a folder that transformers loads and a fine-tuning may start from.

Every kind is saved as BERT: positions count from 0 and the one token type is zero, as in
the neutral tensors. Shapes: V pieces, R rank, D width, P positions.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from emoray.models.encoder.architecture import BERT
from emoray.models.encoder.weights import NORMS, CheckpointSettings

ACTIVATIONS = {"gelu": "gelu", "gelu_tanh": "gelu_new", "relu": "relu"}  # as config.json spells it


def _config(
    tensors: Mapping[str, np.ndarray], settings: CheckpointSettings, layers: int
) -> dict[str, object]:
    positions, width = tensors["positions"].shape
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": len(tensors["embedding"]),
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": settings.heads,
        "intermediate_size": tensors["layer0.inner.bias"].size,
        "hidden_act": ACTIVATIONS[settings.activation],
        "layer_norm_eps": settings.epsilon,
        "max_position_embeddings": positions,
        "type_vocab_size": 1,
        "pad_token_id": 0,
    }


def write_encoder(
    folder: Path, tensors: Mapping[str, np.ndarray], settings: CheckpointSettings
) -> None:
    """Write config.json and model.safetensors into an existing folder, without head and pooler.

    A factorised embedding is multiplied out: its rank stays, so a fine-tuning at that rank finds
    it again.
    """
    from safetensors.numpy import save_file

    layers = sum(name.endswith(".query.kernel") for name in tensors)
    table_VD = tensors["embedding"]
    if "projection" in tensors:
        table_VD = table_VD @ tensors["projection"]
    width = table_VD.shape[1]
    found = {
        f"{BERT.tokens}.weight": table_VD,
        f"{BERT.positions}.weight": tensors["positions"],
        f"{BERT.types}.weight": np.zeros((1, width), np.float32),
        f"{BERT.norm}.weight": tensors["norm.scale"],
        f"{BERT.norm}.bias": tensors["norm.bias"],
    }
    for i in range(layers):
        for name, module in BERT.layer.items():
            at, path = f"layer{i}.{name}", f"{BERT.layers}.{i}.{module}"
            weight = tensors[f"{at}.scale"] if name in NORMS else tensors[f"{at}.kernel"].T
            found[f"{path}.weight"] = weight
            found[f"{path}.bias"] = tensors[f"{at}.bias"]
    whole = {name: np.ascontiguousarray(tensor, np.float32) for name, tensor in found.items()}
    save_file(whole, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(_config(tensors, settings, layers), indent=1))
