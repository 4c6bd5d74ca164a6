"""A fine-tuned encoder the usual way: transformers' BertModel, a pool, a head, in PyTorch.

Run as a file, `python torch_model.py CHECKPOINT . MODEL.onnx`, it exports that by torch.onnx: int64
`input_ids` and `attention_mask` (N, L) in, `logits` (N, K) out. Also imported for timing. Imports
nothing of emoray, so that any interpreter with torch and transformers can run it.

Shapes: N texts, L tokens, V vocabulary, P positions, R rank, D width, K labels.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

MODULES = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attention": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "inner": "intermediate.dense",
    "outer": "output.dense",
    "outer_norm": "output.LayerNorm",
}
BESIDE = {"embedding", "projection", "positions", "norm.scale", "norm.bias"}
BESIDE |= {f"{part}.{of}" for part in ("pooler", "head") for of in ("kernel", "bias")}
USUAL = {"repeats": 1, "pre_norm": False, "unit": False}  # settings that BertModel has no other of
ACTIVATIONS = {"gelu": "gelu", "gelu_tanh": "gelu_pytorch_tanh", "relu": "relu"}


class MatMulAdd(nn.Module):
    """A linear layer that torch.onnx exports as MatMul and Add.

    As a Gemm of transposed weights it breaks onnxruntime's quantize_dynamic.
    """

    def __init__(self, kernel: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.kernel, self.bias = nn.Parameter(kernel), nn.Parameter(bias)

    def forward(self, x: Tensor) -> Tensor:
        """Multiply and add the bias."""
        return x @ self.kernel + self.bias


class PeerModel(nn.Module):
    """BertModel, the pool of the checkpoint, its head."""

    def __init__(
        self, encoder: nn.Module, pooling: str, pooler: str | None, last: nn.ModuleDict
    ) -> None:
        super().__init__()
        self.encoder, self.last = encoder, last
        self.pooling, self.activation = pooling, pooler

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Logits (N, K) of ids (N, L); the mask is 1 at tokens, 0 at padding."""
        x_NLD = self.encoder(input_ids=input_ids, attention_mask=attention_mask)[0]
        if self.pooling == "cls":
            x_ND = x_NLD[:, 0]
        else:
            real_NL1 = attention_mask.unsqueeze(-1).to(x_NLD.dtype)
            x_ND = (x_NLD * real_NL1).sum(1) / real_NL1.sum(1)
        if "pooler" in self.last:
            x_ND = self.last["pooler"](x_ND)
            x_ND = torch.tanh(x_ND) if self.activation == "tanh" else torch.relu(x_ND)
        return self.last["head"](x_ND)


def _named(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The tensors by BertModel's names, kernels transposed."""
    table_VD = tensors["embedding"]
    if "projection" in tensors:
        table_VD = table_VD @ tensors["projection"]
    width = table_VD.shape[1]
    found = {
        "embeddings.word_embeddings.weight": table_VD,
        "embeddings.position_embeddings.weight": tensors["positions"],
        "embeddings.token_type_embeddings.weight": np.zeros((1, width), np.float32),
        "embeddings.LayerNorm.weight": tensors["norm.scale"],
        "embeddings.LayerNorm.bias": tensors["norm.bias"],
    }
    for name, values in tensors.items():
        if name.startswith("layer"):
            layer, part, kind = name.split(".")
            at = f"encoder.layer.{layer.removeprefix('layer')}.{MODULES[part]}"
            found[f"{at}.{'bias' if kind == 'bias' else 'weight'}"] = values.T
    return found


def _refuse_others(tensors: dict[str, np.ndarray], settings: dict[str, Any], folder: Path) -> None:
    """Refuse (ValueError) a checkpoint of which BertModel would be another model."""
    others = [
        name
        for name in tensors
        if name not in BESIDE and (name.count(".") != 2 or name.split(".")[1] not in MODULES)
    ]
    others += [name for name, usual in USUAL.items() if settings.get(name, usual) != usual]
    if others:
        raise ValueError(
            f"peers are made of BERT, RoBERTa, DistilBERT and ELECTRA, got a checkpoint with "
            f"{', '.join(sorted(others)[:4])} in {folder}: jobs.compress times it beside PyTorch"
        )


def read_torch_model(folder: Path, attention: str = "sdpa") -> PeerModel:
    """Build the model of a checkpoint's folder.

    Args:
        folder: holds weights.npz and encoder.json.
        attention: "sdpa" is PyTorch's fastest, "eager" gives a graph of the fewest nodes.

    Returns:
        The model, in evaluation mode.

    Raises:
        ValueError: a tensor is missing, or the model is none that BertModel can be.
    """
    from transformers import BertConfig, BertModel

    settings = json.loads((folder / "encoder.json").read_text("utf-8"))
    with np.load(folder / "weights.npz", allow_pickle=False) as data:
        tensors = dict(data)
    _refuse_others(tensors, settings, folder)
    named = {n: torch.from_numpy(np.array(v, np.float32)) for n, v in _named(tensors).items()}
    layers = sum(name.endswith(".query.kernel") for name in tensors)
    config = BertConfig(
        vocab_size=len(tensors["embedding"]),
        hidden_size=tensors["positions"].shape[1],
        num_hidden_layers=layers,
        num_attention_heads=settings["heads"],
        intermediate_size=tensors["layer0.inner.bias"].size,
        hidden_act=ACTIVATIONS[settings["activation"]],
        max_position_embeddings=len(tensors["positions"]),
        type_vocab_size=1,
        layer_norm_eps=settings["epsilon"],
        pad_token_id=0,
        attn_implementation=attention,
    )
    encoder = BertModel(config, add_pooling_layer=False)
    lost = encoder.load_state_dict(named, strict=False)
    if lost.unexpected_keys or any(not name.endswith("_ids") for name in lost.missing_keys):
        raise ValueError(f"BertModel takes every tensor of a checkpoint, got {lost} in {folder}")
    last = {
        name: MatMulAdd(*(torch.from_numpy(tensors[f"{name}.{of}"]) for of in ("kernel", "bias")))
        for name in ("pooler", "head")
        if f"{name}.kernel" in tensors
    }
    return PeerModel(encoder, settings["pooling"], settings["pooler"], nn.ModuleDict(last)).eval()


def export(model: PeerModel, to: Path) -> None:
    """Write model.onnx with free batch and length."""
    ids_NL = torch.ones((3, 7), dtype=torch.int64)
    axes = {0: "texts", 1: "tokens"}
    with torch.inference_mode():
        torch.onnx.export(
            model,
            (ids_NL, ids_NL.clone()),
            str(to),
            input_names=["input_ids", "attention_mask"],
            output_names=["logits"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "logits": {0: "texts"}},
            opset_version=17,
            dynamo=False,
        )


if __name__ == "__main__":
    export(read_torch_model(Path(sys.argv[1]), attention="eager"), Path(sys.argv[3]))
