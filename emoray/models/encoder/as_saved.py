"""Predictions of transformers itself: its own module on its own ids.

Shapes: N texts, L tokens, K labels, D width.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from inspect import signature
from pathlib import Path

import numpy as np
import torch

from emoray.models.encoder.margins import margins
from emoray.models.encoder.module import EncoderClassifier
from emoray.models.encoder.onnx_export import classifier, quiet
from emoray.models.encoder.torch_baseline import quantized_baseline
from emoray.models.encoder.weights import CheckpointSettings, layer_width

BATCH = 64


def logits_as_saved(
    folder: Path,
    rows: Sequence[Sequence[int]],
    *,
    padding: int,
    by_torch: bool = False,
    softmax: bool = False,
) -> np.ndarray:
    """Compute the logits of the classifier in a transformers folder, its labels in its own order.

    Args:
        folder: of the model.
        rows: the encoder's own ids of each text, framed.
        padding: its id.
        by_torch: whether it is quantized by PyTorch's quantize_dynamic.
        softmax: whether it gives one label a text; logits are then margins.

    Returns:
        logits_NK, float32.
    """
    model = classifier(folder)
    module = quantized_baseline(model) if by_torch else model

    def logits(ids_NL: torch.Tensor, mask_NL: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = module(input_ids=ids_NL, attention_mask=mask_NL).logits
        return margins(found) if softmax else found

    return _by_batches(rows, padding, logits)


def logits_as_called(
    folder: Path,
    batch_of: Callable[[Sequence[str]], Mapping[str, torch.Tensor]],
    texts: Sequence[str],
    *,
    by_torch: bool = False,
    softmax: bool = False,
) -> np.ndarray:
    """Compute logits_NK from all that a tokenizer gives of texts, its own token types and padding.

    Args:
        folder: of the model.
        batch_of: the tokenizer's tensors of some texts.
        texts: all.
        by_torch: whether the model is quantized by PyTorch's quantize_dynamic.
        softmax: whether it gives one label a text; logits are then margins.

    Returns:
        logits_NK, float32, its labels in its own order.
    """
    model = classifier(folder)
    module = quantized_baseline(model) if by_torch else model
    takes = signature(model.forward).parameters
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    found: dict[int, np.ndarray] = {}
    with torch.inference_mode():
        for start in range(0, len(order), BATCH):
            some = order[start : start + BATCH]
            batch = batch_of([texts[i] for i in some])
            logits_NK = module(**{n: t for n, t in batch.items() if n in takes}).logits
            values = margins(logits_NK) if softmax else logits_NK
            found |= dict(zip(some, values.float().numpy(), strict=True))
    return np.stack([found[i] for i in range(len(texts))])


def outputs_as_saved(folder: Path, rows: Sequence[Sequence[int]], *, padding: int) -> np.ndarray:
    """Return mean_ND, float32, of the encoder's last outputs over each text's tokens."""
    from transformers import AutoModel

    with quiet():
        model = AutoModel.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=torch.float32
        ).eval()

    def mean(ids_NL: torch.Tensor, mask_NL: torch.Tensor) -> torch.Tensor:
        hidden_NLD = model(input_ids=ids_NL, attention_mask=mask_NL).last_hidden_state
        real_NL1 = mask_NL[..., None].float()
        return (hidden_NLD * real_NL1).sum(1) / real_NL1.sum(1)

    return _by_batches(rows, padding, mean)


def outputs_here(
    tensors: Mapping[str, np.ndarray], settings: CheckpointSettings, rows: Sequence[Sequence[int]]
) -> np.ndarray:
    """Return mean_ND, float32, of our module's outputs; rows: our ids."""
    width = layer_width(tensors)
    head = {"head.kernel": np.eye(width, dtype=np.float32), "head.bias": np.zeros(width, "f4")}
    module = EncoderClassifier({**tensors, **head}, replace(settings, pooling="mean")).eval()
    return _by_batches(rows, 0, lambda ids, mask: module(ids))


def _by_batches(
    rows: Sequence[Sequence[int]],
    padding: int,
    compute: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
) -> np.ndarray:
    """Run `compute` on (ids_NL, mask_NL) in batches of like length; results in the texts' order."""
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    found: dict[int, np.ndarray] = {}
    with torch.inference_mode():
        for start in range(0, len(order), BATCH):
            some = order[start : start + BATCH]
            ids_NL = np.full((len(some), len(rows[some[-1]])), padding, np.int64)
            mask_NL = np.zeros(ids_NL.shape, np.int64)
            for n, i in enumerate(some):
                ids_NL[n, : len(rows[i])], mask_NL[n, : len(rows[i])] = rows[i], 1
            values = compute(torch.from_numpy(ids_NL), torch.from_numpy(mask_NL))
            found |= dict(zip(some, values.float().numpy(), strict=True))
    return np.stack([found[i] for i in range(len(rows))])
