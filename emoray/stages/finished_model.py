"""A finished model as it comes, made into a folder that is read like any other.

Adapters are merged, classifiers of sentence-transformers written as a fine-tuning of ours, names
that a user gives written into config.json: once, into the user's cache, by content.
"""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from emoray.models.encoder.checkpoint import LABELS, SETTINGS, WEIGHTS
from emoray.models.encoder.extra import require_bert
from emoray.models.encoder.finished.naming import Naming, link, renamed_weights, write_named
from emoray.models.encoder.finished.sentence import (
    is_sentence_model,
    read_sentence_model,
    sentence_classifier,
)
from emoray.models.encoder.weights import MULTI_LABEL, SINGLE_LABEL
from emoray.storage.cache import user_cache

VERSION = 1  # raised when what is made of the same files changes
TOKENS = 512  # of a text, where a model of sentence-transformers does not say


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedModel:
    """A model's folder and what a user says of it.

    Attributes:
        folder: of the model.
        naming: of its labels and its head.
        base: of an adapter; None for the one that it names.
    """

    folder: Path
    naming: Naming = field(default_factory=Naming)
    base: Path | None = None


def _files(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        yield path.relative_to(folder).as_posix(), digest


def _kept(given: FinishedModel, base: Path | None, write: Callable[[Path], None]) -> Path:
    """The folder that `write` fills, of the model's name; made once for the same files."""
    said = [
        VERSION,
        list(_files(given.folder)),
        list(_files(base)) if base else None,
        given.naming.labels,
        given.naming.problem_type,
    ]
    key = hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]
    kept = user_cache() / "finished" / key
    found = kept / given.folder.name
    if found.is_dir():
        return found
    aside = kept.with_name(f".{key}.{uuid.uuid4().hex[:8]}")
    try:
        (aside / given.folder.name).mkdir(parents=True, mode=0o700)
        write(aside / given.folder.name)
        os.replace(aside, kept)
    except OSError:
        if not found.is_dir():  # unless another process was first
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return found


def _merged(given: FinishedModel) -> Path:
    from emoray.models.encoder.finished.adapter import base_of, merge_adapter

    base = base_of(given.folder, given.base)
    whole = _kept(
        FinishedModel(folder=given.folder),
        base,
        lambda out: merge_adapter(given.folder, base, out),
    )
    return _named(FinishedModel(folder=whole, naming=given.naming))


def _named(given: FinishedModel) -> Path:
    """A folder of transformers, or of ours, under the names that a user gives."""
    if (given.folder / WEIGHTS).is_file():
        if not given.naming:
            return given.folder
        return _kept(given, None, lambda out: _write_own(given, out))
    if not given.naming and not renamed_weights(given.folder):
        return given.folder
    return _kept(given, None, lambda out: write_named(given.folder, given.naming, out))


def _write_own(given: FinishedModel, out: Path) -> None:
    """A fine-tuning of ours with other names of its labels."""
    for path in given.folder.iterdir():
        if path.is_file():
            link(path, out / path.name)
    if given.naming.labels:
        known = (out / LABELS).read_text("utf-8").rstrip("\n").split("\n")
        if len(known) != len(given.naming.labels):
            raise ValueError(
                f"--labels names every output of the head in its order, got "
                f"{len(given.naming.labels)} for {len(known)} in {given.folder}: "
                f"{', '.join(known)[:120]}"
            )
        (out / LABELS).unlink()
        (out / LABELS).write_text("\n".join(given.naming.labels), "utf-8")
    if given.naming.problem_type:
        said = json.loads((out / SETTINGS).read_text("utf-8"))
        said["softmax"] = given.naming.problem_type == SINGLE_LABEL
        (out / SETTINGS).unlink()
        (out / SETTINGS).write_text(json.dumps(said), "utf-8")


def _sentence(given: FinishedModel) -> Path:
    """A classifier of sentence-transformers as a fine-tuning of ours."""
    from emoray.text.subwords_io import read_pieces

    found, naming = read_sentence_model(given.folder), given.naming
    labels = naming.labels or found.labels

    def write(out: Path) -> None:
        softmax = naming.problem_type == SINGLE_LABEL
        tensors, settings = sentence_classifier(given.folder, found, labels, softmax=softmax)
        positions = len(tensors["positions"])
        tokens = min(positions, found.max_tokens or TOKENS)
        pieces = read_pieces(found.transformer, max_tokens=tokens, added=())
        np.savez(
            out / WEIGHTS,
            allow_pickle=False,
            **{**tensors, "embedding": pieces.start_rows(tensors["embedding"])},
        )
        (out / SETTINGS).write_text(settings.to_json())
        pieces.write(out)
        (out / LABELS).write_text("\n".join(labels), "utf-8")

    if found.dense and not labels:
        raise ValueError(
            f"a head's outputs have a name each, got none for {found.dense[-1].bias_O.size} in "
            f"{given.folder}: name them in their order with --labels"
        )
    if found.dense and naming.problem_type is None:
        raise ValueError(
            "a classifier of sentence-transformers does not say whether it gives one label a "
            f"text, got {given.folder}: --problem-type {SINGLE_LABEL} if it does, {MULTI_LABEL} if "
            "it gives several"
        )
    return _kept(given, None, write)


def made_readable(given: FinishedModel) -> Path:
    """Find or make the folder that stands for a finished model.

    Args:
        given: the model as it comes.

    Returns:
        Its own folder where that is read as it is, else one in the user's cache.

    Raises:
        ValueError: it cannot be read, and what to do.
    """
    folder = given.folder.expanduser().resolve()
    if not folder.is_dir():
        return given.folder  # refused by whoever reads it
    require_bert()
    from emoray.models.encoder.finished.adapter import is_adapter

    whole = FinishedModel(folder=folder, naming=given.naming, base=given.base)
    if is_adapter(folder):
        return _merged(whole)
    if given.base is not None:
        raise ValueError(
            f"--base names the model of an adapter, got a whole model in {folder}: leave it out"
        )
    if _is_headless(folder) and is_sentence_model(folder):
        return _sentence(whole)
    found = _named(whole)
    return given.folder if found == folder else found


def _is_headless(folder: Path) -> bool:
    """Whether a folder's config.json is not that of a classifier of transformers."""
    path = folder / "config.json"
    if not path.is_file():
        return True
    try:
        named = json.loads(path.read_text("utf-8")).get("architectures") or ()
    except (ValueError, AttributeError):
        return False
    return not any("Classification" in str(name) for name in named)
