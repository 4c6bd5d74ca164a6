"""A finished model for a corpus: its labels, its tokenizer, how long a text may be.

Shapes: K labels.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from emoray.labels import TAXONOMIES, Taxonomy, places_of, same_labels, unlike
from emoray.models.encoder.checkpoint import TOKENIZER, VOCABULARY, Checkpoint, find_checkpoint
from emoray.models.encoder.extra import require_bert
from emoray.models.encoder.weights import CheckpointSettings, Tensors
from emoray.text.opened import open_tokenizer
from emoray.text.subwords import PieceTokenizer

GOEMOTIONS_KIN = tuple(TAXONOMIES.values())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadedCheckpoint:
    """A checkpoint, how many tokens of a text it reads, and the corpus' taxonomies."""

    checkpoint: Checkpoint
    max_tokens: int
    among: Sequence[Taxonomy] = GOEMOTIONS_KIN

    @property
    def taxonomy(self) -> Taxonomy:
        """The taxonomy with exactly the model's labels; ValueError where there is none."""
        return taxonomy_of(self.checkpoint.labels, self.among)

    @property
    def columns_K(self) -> np.ndarray:
        """Where each label of the taxonomy stands in the model's head."""
        return np.array(places_of(self.taxonomy.labels, self.checkpoint.labels))


def taxonomy_of(labels: tuple[str, ...], among: Sequence[Taxonomy]) -> Taxonomy:
    """The taxonomy with exactly these labels in any order; ValueError where there is none."""
    if (found := same_labels(labels, among)) is not None:
        return found
    raise ValueError(
        f"a model's labels are the corpus', those of {', '.join(map(str, among))}, got "
        f"{len(labels)}: {unlike(labels, among)}: give the labels their names in config.json, "
        '"id2label": {"0": "…", "1": "…"}, or with --labels joy,anger,…, in the order that the '
        "head was trained in, or name the corpus that has them with --corpus"
    )


def _longest(found: Checkpoint) -> int:
    """Tokens of a text that a model reads by default: its tokenizer's limit, if it has one."""
    limit = None if found.kind == "ours" else open_tokenizer(found.folder).longest
    return min(found.max_tokens, limit or found.max_tokens)


def find_loaded(
    folder: Path, *, max_tokens: int | None = None, among: Sequence[Taxonomy] = GOEMOTIONS_KIN
) -> LoadedCheckpoint:
    """Find the model in a folder, for a corpus of these taxonomies.

    Args:
        folder: of emoray or of transformers.
        max_tokens: of a text; None for the model's own limit.
        among: the corpus' taxonomies.

    Returns:
        The checkpoint, of which only the head of the files was read.

    Raises:
        ValueError: the model cannot be compressed or converted, or has fewer positions.
    """
    require_bert()
    found = find_checkpoint(folder)
    tokens = _longest(found) if max_tokens is None else max_tokens
    if not 3 <= tokens <= found.positions:
        raise ValueError(
            f"max_tokens must lie in 3..{found.positions}, the model's positions, got {tokens}: "
            "longer texts lose their end"
        )
    return LoadedCheckpoint(checkpoint=found, max_tokens=tokens, among=among)


def unchanged(given: LoadedCheckpoint, sha256: str) -> LoadedCheckpoint:
    """The same checkpoint; ValueError where its files changed since the stage was made."""
    if given.checkpoint.sha256 != sha256:
        raise ValueError(
            "a model must not change meanwhile, got other bytes in "
            f"{given.checkpoint.folder}: start again"
        )
    return given


def pieces_of(given: LoadedCheckpoint) -> PieceTokenizer:
    """The model's own tokenizer, with ids as artifacts have them; nothing is added to it."""
    folder = given.checkpoint.folder
    if given.checkpoint.kind != "ours":
        from emoray.text.subwords_io import read_pieces

        return read_pieces(folder, max_tokens=given.max_tokens, added=())
    try:
        settings = json.loads((folder / TOKENIZER).read_text("utf-8"))
        vocabulary = (folder / VOCABULARY).read_bytes().decode()
        return replace(PieceTokenizer.from_json(settings, vocabulary), max_tokens=given.max_tokens)
    except (KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(
            f"a fine-tuning's tokenizer is {TOKENIZER} and {VOCABULARY} as emoray wrote them, got "
            f"{error!r} in {folder}: copy them again"
        ) from None


def read_loaded(given: LoadedCheckpoint) -> tuple[Tensors, CheckpointSettings, PieceTokenizer]:
    """Tensors in the order of the pieces' ids, settings and pieces; checked against each other."""
    from emoray.models.encoder.checkpoint import read_checkpoint

    tensors, settings = read_checkpoint(given.checkpoint)
    pieces = pieces_of(given)
    if given.checkpoint.kind != "ours":
        return {**tensors, "embedding": pieces.start_rows(tensors["embedding"])}, settings, pieces
    if len(pieces) != len(tensors["embedding"]):
        raise ValueError(
            f"a tokenizer has a piece for each row of the embedding, got {len(pieces)} ids and "
            f"{len(tensors['embedding'])} rows in {given.checkpoint.folder}: a tokenizer that does "
            "not match; take the model's own vocabulary.txt"
        )
    return tensors, settings, pieces
