"""Write a fine-tuned encoder as a folder that transformers loads and a fine-tuning may start from.

It is saved as the simplest kind that has its parts: BERT, where positions count from 0 and the one
token type is zero, as in the neutral tensors; ELECTRA with an expansion; ALBERT where the layer is
shared; MPNet with attention by distance; ModernBERT where layers normalise first; DeBERTa with
vectors of distances. Shapes: V pieces, R rank, E width of the embedding, D of the layers, P
positions.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from emoray.models.encoder.architecture import (
    ALBERT,
    ARCHITECTURES,
    BERT,
    DEBERTA,
    ELECTRA,
    MODERN,
    MPNET,
    Architecture,
)
from emoray.models.encoder.deberta import deberta_config, deberta_weights
from emoray.models.encoder.modern import modern_config, modern_weights
from emoray.models.encoder.weights import NORMS, CheckpointSettings, layer_width

ACTIVATIONS = {"gelu": "gelu", "gelu_tanh": "gelu_new", "relu": "relu"}  # as config.json spells it


MODELS = {
    **{"bert": "BertModel", "electra": "ElectraModel"},
    **{"albert": "AlbertModel", "mpnet": "MPNetModel"},
    **{"modernbert": "ModernBertModel", "deberta-v2": "DebertaV2Model"},
}


def _kind(tensors: Mapping[str, np.ndarray], settings: CheckpointSettings) -> Architecture:
    if settings.pre_norm:
        return MODERN
    if "distances" in tensors:
        return DEBERTA
    if "relative" in tensors:
        return MPNET
    if settings.repeats > 1:
        return ALBERT
    return ELECTRA if "expansion.kernel" in tensors else BERT


def padding_id(tensors: Mapping[str, np.ndarray], settings: CheckpointSettings) -> int:
    """The id that pads in the saved model, 0 or 1; unknown has the other one."""
    return _kind(tensors, settings).padding or 0


def _config(
    tensors: Mapping[str, np.ndarray], settings: CheckpointSettings, layers: int
) -> dict[str, object]:
    kind, padding = _kind(tensors, settings), padding_id(tensors, settings)
    positions, width = len(tensors["positions"]), tensors["norm.scale"].size
    name = next(name for name, each in ARCHITECTURES.items() if each is kind)
    return {
        "architectures": [MODELS[name]],
        "model_type": name,
        "vocab_size": len(tensors["embedding"]),
        "hidden_size": layer_width(tensors),
        **({"embedding_size": width} if kind.expansion else {}),
        "num_hidden_layers": layers * settings.repeats,
        "num_attention_heads": settings.heads,
        "intermediate_size": tensors["layer0.inner.bias"].size,
        kind.activation: ACTIVATIONS[settings.activation],
        str(kind.epsilon): settings.epsilon,
        "max_position_embeddings": positions + (padding + 1 if kind.after_padding else 0),
        "type_vocab_size": 1,
        "pad_token_id": padding,
        **(modern_config(tensors, layers) if kind.pre_norm else {}),
        **(deberta_config(tensors) if kind.distances else {}),
    }


def _weights(
    tensors: Mapping[str, np.ndarray], kind: Architecture, table_VE: np.ndarray, layers: int
) -> dict[str, np.ndarray]:
    """The tensors under transformers' names."""
    positions_PE = tensors["positions"]
    if kind.after_padding:
        positions_PE = np.pad(positions_PE, (((kind.padding or 0) + 1, 0), (0, 0)))
    found = {
        f"{kind.tokens}.weight": table_VE,
        f"{kind.norm}.weight": tensors["norm.scale"],
        f"{kind.norm}.bias": tensors["norm.bias"],
    }
    if positions_PE.size:
        found[f"{kind.positions}.weight"] = positions_PE
    if kind is DEBERTA:
        found |= deberta_weights(tensors)
    elif kind is not MPNET:
        found[f"{kind.types}.weight"] = np.zeros((1, table_VE.shape[1]), np.float32)
    if kind.relative:
        found[f"{kind.relative}.weight"] = tensors["relative"]
    if kind.expansion:
        found[f"{kind.expansion}.weight"] = tensors["expansion.kernel"].T
        found[f"{kind.expansion}.bias"] = tensors["expansion.bias"]
    for i in range(layers):
        for name, module in kind.layer.items():
            at, path = f"layer{i}.{name}", f"{kind.layers}.{i}.{module}"
            weight = tensors[f"{at}.scale"] if name in NORMS else tensors[f"{at}.kernel"].T
            found[f"{path}.weight"] = weight
            found[f"{path}.bias"] = tensors[f"{at}.bias"]
    return found


def write_encoder(
    folder: Path, tensors: Mapping[str, np.ndarray], settings: CheckpointSettings
) -> None:
    """Write config.json and model.safetensors into an existing folder, without head and pooler.

    A factorised embedding is multiplied out: its rank stays, so a fine-tuning at that rank finds
    it again.
    """
    from safetensors.numpy import save_file

    kind, padding = _kind(tensors, settings), padding_id(tensors, settings)
    layers = sum(name.endswith(".query.kernel") for name in tensors)
    table_VE = tensors["embedding"]
    if "projection" in tensors:
        table_VE = table_VE @ tensors["projection"]
    if padding:
        table_VE = table_VE[[1, 0, *range(2, len(table_VE))]]
    if kind.pre_norm:
        found = modern_weights(tensors, table_VE, layers)
    else:
        found = _weights(tensors, kind, table_VE, layers)
    whole = {name: np.ascontiguousarray(tensor, np.float32) for name, tensor in found.items()}
    save_file(whole, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(_config(tensors, settings, layers), indent=1))
