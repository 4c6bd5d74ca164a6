"""The reference for a converted or compressed model: the checkpoint in PyTorch."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from emoray.stages.checkpoint_source import LoadedCheckpoint, pieces_of, read_loaded
from emoray.stages.misread import Misread, misread
from emoray.text.opened import open_tokenizer

if TYPE_CHECKING:
    from emoray.models.encoder.torch_baseline import TorchBaseline


def reference(given: LoadedCheckpoint) -> "TorchBaseline":
    """The model in PyTorch, on our ids: transformers' own module where it comes from there."""
    from emoray.models.encoder.torch_baseline import TorchBaseline, baseline

    if given.checkpoint.kind == "ours":
        tensors, settings, _ = read_loaded(given)
        return baseline(tensors, settings)
    from emoray.stages.foreign import foreign_module

    return TorchBaseline(foreign_module(given))


def ids_as_saved(given: LoadedCheckpoint, texts: Sequence[str]) -> list[list[int]]:
    """Token ids for PyTorch; for a model of transformers those of its own tokenizer."""
    if given.checkpoint.kind == "ours":
        ragged = pieces_of(given).encode_all(texts)
        return [ragged.row(i).tolist() for i in range(len(ragged))]
    return open_tokenizer(given.checkpoint.folder).ids(texts, given.max_tokens)


def encoder_ids(given: LoadedCheckpoint, rows: Sequence[Sequence[int]]) -> list[list[int]]:
    """Convert our token ids to the encoder's own; for our own models they are the same."""
    if given.checkpoint.kind == "ours":
        return [list(row) for row in rows]
    own_V: np.ndarray = pieces_of(given).original_ids
    return [own_V[list(row)].tolist() for row in rows]


def misread_by(
    given: LoadedCheckpoint, texts: Sequence[str], ids: Callable[[str], list[int]]
) -> Misread | None:
    """The first text that an artifact's tokenizer, `ids`, reads unlike the model's own."""
    theirs, ours = ids_as_saved(given, texts), encoder_ids(given, [ids(text) for text in texts])
    if given.checkpoint.kind == "ours":
        names = ("padding", "unknown", *pieces_of(given).pieces)
        return misread(texts, theirs, ours, lambda i: names[i])
    library = open_tokenizer(given.checkpoint.folder).library
    return misread(texts, theirs, ours, lambda i: str(library.convert_ids_to_tokens(i)))
