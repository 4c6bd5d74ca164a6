"""Translate with a loaded Marian model. Shapes: B texts of a batch, L token pieces."""

import hashlib
import pickle
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import MarianMTModel, MarianTokenizer
from transformers.utils.logging import (
    disable_progress_bar,
    enable_progress_bar,
    is_progress_bar_enabled,
)

from emoray.augment.marian_decoding import Decoding, Sampling
from emoray.augment.placeholder_names import from_names, to_names
from emoray.augment.placeholders import HIDDEN_SIGN
from emoray.augment.translator import Untranslated

BATCH = 32


@contextmanager
def _silence() -> Iterator[None]:
    shown = is_progress_bar_enabled()
    disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            enable_progress_bar()


def _model(folder: Path) -> Any:
    """Load the model; refuse weights that hold anything but tensors, or are not whole."""
    try:
        return MarianMTModel.from_pretrained(folder, local_files_only=True, weights_only=True)
    except (pickle.UnpicklingError, SafetensorError, OSError, RuntimeError, EOFError) as error:
        first = str(error).strip().split("\n")[0]
        if isinstance(error, pickle.UnpicklingError):
            first = "a pickle that asks for more"
        raise ValueError(
            f"weights are tensors and nothing else, got {first} in {folder}: take another copy, "
            "or convert it to safetensors in a place that you trust it in"
        ) from error


class MarianHandle:
    """The model and its tokenizer, loaded.

    Texts are batched by length, in an order of their own: a list in another order gives the same
    translations. Signs cut a text into segments that are translated one by one, so every sign
    survives; a hidden word travels as a name, and may be lost.
    """

    def __init__(
        self, folder: Path, *, decoding: Decoding, device: str = "cpu", bf16: bool = False
    ) -> None:
        self.decoding, self.device = decoding, device
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of languages that sacremoses has no rules for
            self.tokenizer: Any = MarianTokenizer.from_pretrained(folder, local_files_only=True)
        with _silence(), torch.random.fork_rng(devices=[]):  # weights are drawn, then read
            model = _model(folder)
        kind = torch.bfloat16 if bf16 else torch.float32
        self.model = model.to(device=device, dtype=kind).eval()
        self.longest = int(model.config.max_position_embeddings)

    def translate(self, texts: Sequence[str]) -> list[str | Untranslated]:
        """Translate each distinct segment once, then put the texts together again."""
        cut = [HIDDEN_SIGN.split(text) for text in texts]
        signs = [HIDDEN_SIGN.findall(text) for text in texts]
        segments = {part.strip() for parts in cut for part in parts}
        translations = self._segments(sorted(s for s in segments if s))
        return [
            _joined([translations.get(part.strip(), "") for part in parts], between)
            for parts, between in zip(cut, signs, strict=True)
        ]

    def _segments(self, texts: Sequence[str]) -> dict[str, str | Untranslated]:
        ids = {text: self.tokenizer(to_names(text))["input_ids"] for text in texts}
        translations: dict[str, str | Untranslated] = {
            text: Untranslated(f"{len(row)} token pieces, the model reads {self.longest}")
            for text, row in ids.items()
            if len(row) > self.longest
        }
        for batch in _by_length({t: row for t, row in ids.items() if t not in translations}):
            translations |= zip(batch, self._batch([ids[text] for text in batch]), strict=True)
        return translations

    def _batch(self, rows: list[list[int]]) -> list[str]:
        tokens_BL = self.tokenizer.pad({"input_ids": rows}, return_tensors="pt")
        how = self.decoding
        if isinstance(how, Sampling):
            drawn = {"do_sample": True, "num_beams": 1, "temperature": how.temperature}
        else:
            drawn = {"do_sample": False, "num_beams": how.number}
        most = min(self.longest - 1, 2 * max(map(len, rows)) + 16)
        devices = [torch.cuda.current_device()] if self.device == "cuda" else []
        with torch.random.fork_rng(devices=devices), torch.inference_mode():
            if isinstance(how, Sampling):
                torch.manual_seed(_seed(how.seed, rows))
            generated_BL = self.model.generate(
                **tokens_BL.to(self.device), max_new_tokens=most, max_length=None, **drawn
            )
        found = self.tokenizer.batch_decode(generated_BL, skip_special_tokens=True)
        return [from_names(text.strip()) for text in found]


def _seed(seed: int, rows: list[list[int]]) -> int:
    """Derive a seed from one batch, independent of earlier draws."""
    digest = hashlib.sha256(repr((seed, rows)).encode()).digest()
    return int.from_bytes(digest[:7], "big")


def _by_length(ids: dict[str, list[int]]) -> Iterator[list[str]]:
    """Batch texts of like length, independent of the given order."""
    order = sorted(ids, key=lambda text: (len(ids[text]), text))
    for start in range(0, len(order), BATCH):
        yield order[start : start + BATCH]


def _joined(parts: list[str | Untranslated], signs: list[str]) -> str | Untranslated:
    for part in parts:
        if isinstance(part, Untranslated):
            return part
    words = [word for pair in zip(parts, [*signs, ""], strict=True) for word in pair]
    return " ".join(word for word in words if isinstance(word, str) and word)
