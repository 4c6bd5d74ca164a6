"""Wrap any sequence classifier of transformers to read our ids, and export it to ONNX.

For encoders that emoray has no graph for. Shapes: N texts, L tokens, V our ids, K labels.
"""

import logging
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from emoray.models.encoder.framing import Framing
from emoray.models.encoder.margins import margins


class Foreign(nn.Module):
    """A transformers classifier that reads our ids, 0 = padding, and returns logits alone.

    softmax: whether it gives one label a text; logits are then margins. framing: what its
    tokenizer arranges beside the ids.
    """

    def __init__(
        self,
        model: nn.Module,
        rows_V: np.ndarray,
        *,
        softmax: bool = False,
        framing: Framing | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.softmax = softmax
        self.framing = framing or Framing()
        self.takes_types = "token_type_ids" in signature(model.forward).parameters
        self.mask_type = torch.int64
        self.register_buffer("rows_V", torch.from_numpy(rows_V.astype(np.int64)))

    def forward(self, ids_NL: Tensor) -> Tensor:
        """Return logits_NK."""
        rows_V = self.rows_V
        assert isinstance(rows_V, Tensor)
        ids_NL = self.framing.arranged(ids_NL)
        real_NL = ids_NL != 0
        given = {"input_ids": rows_V[ids_NL.long()], "attention_mask": real_NL.to(self.mask_type)}
        types_NL = self.framing.types_of(real_NL) if self.takes_types else None
        if types_NL is not None:
            given["token_type_ids"] = types_NL
        logits_NK: Tensor = self.model(**given).logits
        return margins(logits_NK) if self.softmax else logits_NK


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the libraries' warnings: what matters of them is checked or raised."""
    from transformers.utils import logging as settings

    shown, level = settings.is_progress_bar_enabled(), logging.root.manager.disable
    logging.disable(logging.WARNING)
    settings.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
        if shown:
            settings.enable_progress_bar()


def load_transformers() -> None:
    """Import what reading a classifier needs, and nothing of the classifier."""
    from transformers import AutoModelForSequenceClassification

    assert AutoModelForSequenceClassification


def _load(folder: Path) -> tuple[Any, Any]:
    from transformers import AutoModelForSequenceClassification

    try:
        return AutoModelForSequenceClassification.from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ValueError(
            f"a model is one that this transformers can read, got {first} for {folder}: save it "
            "again with save_pretrained, or install the transformers that it was made with"
        ) from None


def classifier(folder: Path) -> nn.Module:
    """Load the classifier in a transformers folder, in float32.

    Returns:
        The module, in evaluation mode.

    Raises:
        ValueError: if weights are missing or not finite.
    """
    with quiet():
        model, info = _load(folder)
    if missing := sorted(info["missing_keys"]):
        raise ValueError(
            f"a model's folder holds all of its weights, got none for {', '.join(missing[:3])} in "
            f"{folder}: config.json and weights do not belong together"
        )
    broken = [n for n, p in model.named_parameters() if not bool(torch.isfinite(p).all())]
    if broken:
        raise ValueError(
            f"weights are finite, got NaN or Inf in {', '.join(broken[:3])} of {folder}: take "
            "another checkpoint"
        )
    module: nn.Module = model.eval()
    return module


def foreign(
    folder: Path, rows_V: np.ndarray, *, softmax: bool = False, framing: Framing | None = None
) -> Foreign:
    """Load the classifier to read our ids; rows_V: the encoder's own id of each of ours."""
    return Foreign(classifier(folder), rows_V, softmax=softmax, framing=framing).eval()


class _OfOneLength(nn.Module):
    """A module that is always given texts of the same length, shorter ones padded."""

    def __init__(self, module: nn.Module, tokens: int) -> None:
        super().__init__()
        self.module = module
        self.tokens = tokens

    def forward(self, ids_NL: Tensor) -> Tensor:
        nothing_NL = ids_NL.new_zeros(ids_NL.shape[0], self.tokens)
        padded: Tensor = torch.cat([ids_NL, nothing_NL], dim=1)[:, : self.tokens]
        logits_NK: Tensor = self.module(padded)
        return logits_NK


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A graph; tokens: the one length that it computes, None for any."""

    file: bytes
    tokens: int | None = None


def exported_at_all(module: Foreign, tokens: int) -> Exported:
    """Export a classifier for texts of any length, else for exactly so many tokens.

    Some models subtract a mask from 1.0, which PyTorch exports of floats alone.

    Args:
        module: the classifier.
        tokens: of the longest text.

    Returns:
        Its graph. ValueError where PyTorch exports it in no way.
    """
    failed: ValueError | None = None
    for length in (None, tokens):
        for module.mask_type in (torch.int64, torch.float32):
            whole = module if length is None else _OfOneLength(module, tokens).eval()
            try:
                return Exported(file=exported(whole), tokens=length)
            except ValueError as error:
                failed = failed or error
    assert failed is not None
    raise failed


def exported(module: nn.Module) -> bytes:
    """Export a module to ONNX: `ids` int32 [N, L] to `logits` float32 [N, K], both dynamic."""
    if find_spec("onnxscript") is None:
        raise ValueError(
            "exporting an encoder that emoray has no graph for needs onnxscript, got none: "
            "pip install onnxscript"
        )
    example_NL = torch.ones(2, 8, dtype=torch.int32)
    dynamic = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    with tempfile.TemporaryDirectory() as folder, quiet(), torch.inference_mode():
        path = Path(folder) / "model.onnx"
        try:
            torch.onnx.export(
                module,
                (example_NL,),
                str(path),
                dynamo=True,
                external_data=False,
                dynamic_shapes=(dynamic,),
                input_names=["ids"],
                output_names=["logits"],
                verbose=False,
            )
        except MemoryError:
            raise
        except Exception as error:  # of any depth of PyTorch: this model cannot be exported
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise ValueError(
                "an encoder that emoray has no graph for goes through torch.onnx.export, got "
                f"{type(error).__name__}: {first[:120]}: choose another model"
            ) from error
        return path.read_bytes()
