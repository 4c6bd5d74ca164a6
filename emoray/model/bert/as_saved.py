"""What transformers itself says of texts: its own module on its own ids.

Shapes: N texts, L tokens, K labels.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from emoray.model.bert.onnx_export import classifier
from emoray.model.bert.torch_baseline import quantized

BATCH = 64


def logits_as_saved(
    folder: Path, rows: Sequence[Sequence[int]], *, padding: int, by_torch: bool = False
) -> np.ndarray:
    """logits_NK float32 of the classifier in a transformers folder, its labels in its own order.

    rows: the encoder's own ids of each text, framed. by_torch: by PyTorch's quantize_dynamic.
    """
    model = classifier(folder)
    module = quantized(model) if by_torch else model
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    found: dict[int, np.ndarray] = {}
    with torch.inference_mode():
        for start in range(0, len(order), BATCH):
            some = order[start : start + BATCH]
            ids_NL = np.full((len(some), len(rows[some[-1]])), padding, np.int64)
            mask_NL = np.zeros(ids_NL.shape, np.int64)
            for n, i in enumerate(some):
                ids_NL[n, : len(rows[i])], mask_NL[n, : len(rows[i])] = rows[i], 1
            said = module(
                input_ids=torch.from_numpy(ids_NL), attention_mask=torch.from_numpy(mask_NL)
            )
            found |= dict(zip(some, said.logits.float().numpy(), strict=True))
    return np.stack([found[i] for i in range(len(rows))])
