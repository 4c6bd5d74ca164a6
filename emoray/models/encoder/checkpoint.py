"""Recognise and check the folder of a finished classifier, ours or transformers'.

ours: weights.npz, encoder.json, tokenizer.json, vocabulary.txt, labels.txt, as a fine-tuning of
emoray leaves them. transformers': config.json, model.safetensors, tokenizer.json, with a
head for sequences, for several labels a text or for one.
"""

import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from emoray.models.encoder.architecture import ARCHITECTURES, architecture_of
from emoray.models.encoder.sources import find_encoder, require_whole
from emoray.models.encoder.weights import (
    CheckpointSettings,
    Tensors,
    gives_one_label,
    head_labels,
    position_count,
    read_classifier,
    read_config,
)

WEIGHTS, SETTINGS, LABELS = "weights.npz", "encoder.json", "labels.txt"
TOKENIZER, VOCABULARY = "tokenizer.json", "vocabulary.txt"
OURS = (WEIGHTS, SETTINGS, LABELS, TOKENIZER, VOCABULARY)
WHOLE = (WEIGHTS, "model.safetensors", "model.safetensors.index.json")
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")

# foreign: an encoder that transformers knows and emoray has no graph for.
Kind = Literal["ours", "transformers", "foreign"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A recognised model's folder.

    Attributes:
        name: of the model.
        folder: that holds it.
        kind: who wrote it, and whether emoray has a graph for it.
        labels: in the order of logits.
        positions: tokens of the longest text.
        max_tokens: tokens that our own tokenizer reads of a text; transformers' is known once
            opened.
        sha256: of the model's files.
        softmax: whether it gives one label a text; logits are then margins.
        why: why a foreign encoder has no graph of ours.
    """

    name: str
    folder: Path
    kind: Kind
    labels: tuple[str, ...]
    positions: int
    max_tokens: int
    sha256: str
    softmax: bool = False
    why: str = ""


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (ValueError, OSError) as error:
        raise ValueError(
            f"{path.name} must be JSON, the one in {path.parent} is not ({error}): fetch or train "
            "the model again"
        ) from None


def _folder(folder: Path) -> Path:
    """The folder, resolved; refuse one that is no model's."""
    if folder.suffix in PICKLES and folder.is_file():
        raise ValueError(
            f"a model is a folder with safetensors, got {folder}, a pickle that may run code: "
            "convert it in a place that you trust it in, with AutoModelForSequenceClassification"
            ".from_pretrained(folder, use_safetensors=False).save_pretrained(folder)"
        )
    found = folder.expanduser().resolve()
    require_whole(found)
    if (found / "model.onnx").is_file() and not (found / "manifest.json").is_file():
        if not any((found / name).is_file() for name in WHOLE):
            raise ValueError(
                f"a model is a fine-tuning or a transformers folder, got {folder} with a graph "
                "alone, exported by another program: name the folder with model.safetensors that "
                "it was exported from"
            )
    elif (found / "model.onnx").is_file():
        raise ValueError(
            f"a model is a fine-tuning or a transformers folder, got {folder}, an artifact, which "
            "is converted already: name the folder it was made from"
        )
    if not any((found / name).is_file() for name in (WEIGHTS, "config.json")):
        raise ValueError(
            "a model is a folder with config.json and model.safetensors (of transformers) or with "
            f"weights.npz and encoder.json (of emoray), got {folder}: check the path"
        )
    return found


def _own(folder: Path) -> Checkpoint:
    missing = [name for name in OURS if not (folder / name).is_file()]
    if missing:
        raise ValueError(
            f"a fine-tuning's folder holds {', '.join(OURS)}, got {folder} without "
            f"{', '.join(missing)}: copy all of it"
        )
    digest = hashlib.sha256()
    for name in OURS:
        with (folder / name).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    try:
        # Opened here: NumPy leaves a file open that it cannot read.
        with (folder / WEIGHTS).open("rb") as file, np.load(file, allow_pickle=False) as data:
            positions = len(data["positions"])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise _damaged(folder, error) from None
    tokenizer = _json(folder / TOKENIZER)
    tokens = tokenizer.get("max_tokens") if isinstance(tokenizer, dict) else None
    if not isinstance(tokens, int) or tokens > positions:
        raise ValueError(
            f"a tokenizer reads no more tokens than the model's {positions} positions, got "
            f"max_tokens {tokens} in {folder / TOKENIZER}: take the model's own tokenizer.json"
        )
    labels = tuple((folder / LABELS).read_text("utf-8").rstrip("\n").split("\n"))
    return Checkpoint(
        name=folder.name,
        folder=folder,
        kind="ours",
        labels=labels,
        positions=positions,
        max_tokens=tokens,
        sha256=digest.hexdigest(),
        softmax=_json(folder / SETTINGS).get("softmax", False) is True,
    )


def _damaged(folder: Path, error: object) -> ValueError:
    return ValueError(
        f"{WEIGHTS} holds a fine-tuning's arrays, got a damaged one in {folder} ({error}): "
        "train again or fetch another copy"
    )


def _check_head(config: dict[str, Any], folder: Path) -> None:
    """Refuse a head that is none over whole texts, by config.json."""
    made_for = [str(name) for name in config.get("architectures") or ()]
    if made_for and not any(map(_is_classifier, made_for)):
        raise ValueError(
            f"a finished model is a sequence classifier, got {', '.join(made_for)} in {folder}: "
            f"fine-tune it first, python -m jobs.sweep --space bert --encoder {folder}"
        )


def _is_classifier(architecture: str) -> bool:
    """Whether a class, transformers' or somebody's own like it, classifies whole texts."""
    return "Classification" in architecture and "TokenClassification" not in architecture


def _longest(config: dict[str, Any], folder: Path) -> tuple[int, str]:
    """Positions of an encoder, and why it cannot be built here, if so."""
    try:
        return position_count(config, architecture_of(config)), ""
    except ValueError as error:
        why = str(error)
    positions = config.get("max_position_embeddings")
    if not isinstance(positions, int):
        raise ValueError(
            f"an encoder has positions, got max_position_embeddings {positions!r} in {folder}: "
            f"choose one of {', '.join(ARCHITECTURES)}"
        )
    return positions, why


def _of_transformers(folder: Path) -> Checkpoint:
    source = find_encoder(str(folder))
    config = read_config(folder)
    _check_head(config, folder)
    positions, why = _longest(config, folder)
    return Checkpoint(
        name=folder.name,
        folder=folder,
        kind="foreign" if why else "transformers",
        labels=head_labels(config, folder),
        positions=positions,
        max_tokens=positions,
        sha256=source.sha256,
        softmax=gives_one_label(config, folder),
        why=why,
    )


def find_checkpoint(folder: Path) -> Checkpoint:
    """Recognise a model's folder; refuse no model, a pickle, a head for numbers."""
    found = _folder(folder)
    return _own(found) if (found / WEIGHTS).is_file() else _of_transformers(found)


def _read_own(folder: Path, labels: int) -> tuple[Tensors, CheckpointSettings]:
    try:
        with (folder / WEIGHTS).open("rb") as file, np.load(file, allow_pickle=False) as data:
            tensors = dict(data)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise _damaged(folder, error) from None
    broken = sorted(name for name, values in tensors.items() if not np.isfinite(values).all())
    if broken:
        raise ValueError(
            f"weights are finite, got NaN or Inf in {', '.join(broken[:3])} of {folder}: "
            "take another checkpoint"
        )
    if "head.bias" not in tensors or tensors["head.bias"].shape != (labels,):
        raise ValueError(
            f"a head has an output for each of its {labels} labels, got "
            f"{tensors['head.bias'].size if 'head.bias' in tensors else 'none'} in {folder}: "
            "labels.txt and weights.npz do not belong together"
        )
    try:
        settings = CheckpointSettings(**_json(folder / SETTINGS))
    except TypeError as error:
        raise ValueError(
            f"encoder.json holds an encoder's settings, got {error} in {folder}: train again"
        ) from None
    return tensors, settings


def read_checkpoint(found: Checkpoint) -> tuple[Tensors, CheckpointSettings]:
    """Read a model's neutral tensors and settings.

    Returns:
        Both.

    Raises:
        ValueError: for a foreign encoder, whose weights have no neutral names.
    """
    if found.kind == "foreign":
        raise ValueError(
            f"{found.why}; python -m jobs.convert --model {found.folder} converts it as it is"
        )
    if found.kind == "ours":
        return _read_own(found.folder, len(found.labels))
    tensors, settings, _ = read_classifier(found.folder)
    return tensors, settings
