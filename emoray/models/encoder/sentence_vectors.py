"""One vector for each text from an encoder as it is: the mean of its last states, of unit length.

That is what sentence-transformers makes of all-MiniLM-L6-v2 (Reimers & Gurevych 2019). Computed in
bfloat16 where the processor does that itself, as a fine-tuning is: half the time, and a vector's
cosine to that of float32 stays above 0.999. Shapes: N texts, L tokens, D width.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch.nn import functional as F

from emoray.models.encoder.module import EncoderClassifier
from emoray.models.encoder.weights import layer_width, read_encoder
from emoray.models.training import bfloat16_here, device_here

TOGETHER = 64  # texts of like length


class TokenIds(Protocol):
    """Token ids of many texts, such as text.vocabulary.Ragged."""

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each text, (N,)."""

    def padded(self, rows: np.ndarray) -> np.ndarray:
        """Return ids_NL of the chosen rows, padded with 0."""


@torch.inference_mode()
def sentence_vectors(
    encoder: Path,
    embedding_VD: Callable[[np.ndarray], np.ndarray],
    texts: TokenIds,
    tick: Callable[[int], None] = lambda done: None,
) -> np.ndarray:
    """Encode texts.

    Args:
        encoder: a folder of transformers.
        embedding_VD: maps the encoder's rows to those of the token ids.
        texts: their ids.
        tick: called with how many are done.

    Returns:
        vectors_ND, float32, in the texts' order.
    """
    tensors, settings = read_encoder(encoder)
    tensors["embedding"] = embedding_VD(tensors["embedding"])
    width = layer_width(tensors)
    # A head that changes nothing: what it reads is what is wanted.
    head = {"head.kernel": np.eye(width), "head.bias": np.zeros(width)}
    pooled = replace(settings, pooling="mean", pooler=None)
    device = device_here()
    module = EncoderClassifier({**tensors, **head}, pooled, dropout=0.0).to(device).eval()
    order = np.argsort(texts.lengths, kind="stable")[::-1]  # what needs most memory comes first
    vectors_ND = np.empty((len(order), width), np.float32)
    for start in range(0, len(order), TOGETHER):
        rows = order[start : start + TOGETHER]
        ids_NL = torch.from_numpy(texts.padded(rows).astype(np.int64)).to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16_here(device)):
            pooled_ND = module(ids_NL)
        vectors_ND[rows] = F.normalize(pooled_ND, dim=1).cpu().numpy()
        tick(start + len(rows))
    return vectors_ND
