"""PyTorch's word on a checkpoint: what a converted model must say too."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from emoray.trial.checkpoints.given import Given, pieces_of, read_given

if TYPE_CHECKING:
    from emoray.model.bert.torch_baseline import Baseline


def reference(given: Given) -> "Baseline":
    """The model in PyTorch, on our ids: transformers' own module where it comes from there."""
    from emoray.model.bert.torch_baseline import Baseline, baseline

    if given.checkpoint.kind == "ours":
        tensors, settings, _ = read_given(given)
        return baseline(tensors, settings)
    from emoray.model.bert.onnx_export import foreign

    return Baseline(foreign(given.checkpoint.folder, pieces_of(given).original_ids))


def tokenizer(given: Given) -> Callable[[Sequence[str]], list[list[int]]]:
    """Texts to the ids that PyTorch's side would read: of the folder's own tokenizer file.

    Transformers' ids are the encoder's own, not ours.
    """
    if given.checkpoint.kind == "ours":
        pieces = pieces_of(given)

        def of_pieces(texts: Sequence[str]) -> list[list[int]]:
            ragged = pieces.encode_all(texts)
            return [ragged.row(i).tolist() for i in range(len(ragged))]

        return of_pieces
    from emoray.model.bert.onnx_export import ids_as_saved

    return lambda texts: ids_as_saved(given.checkpoint.folder, texts, given.max_tokens)


def encoder_ids(given: Given, rows: Sequence[Sequence[int]]) -> list[list[int]]:
    """Our ids as the encoder's own; of our own models they are the same."""
    if given.checkpoint.kind == "ours":
        return [list(row) for row in rows]
    own_V: np.ndarray = pieces_of(given).original_ids
    return [own_V[list(row)].tolist() for row in rows]
