"""Models of transformers that emoray has no graph of its own for: as PyTorch runs and exports them.

Shapes: K labels.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from emoray.data.corpus import Corpus
from emoray.stages.checkpoint_source import LoadedCheckpoint, pieces_of
from emoray.stages.families.given import FACTS, GRAPH
from emoray.stages.trained import WEIGHTS
from emoray.text.opened import open_tokenizer

if TYPE_CHECKING:
    from emoray.models.encoder.onnx_export import Exported, Foreign
    from emoray.models.encoder.torch_baseline import TorchBaseline


def foreign_module(given: LoadedCheckpoint) -> "Foreign":
    """The classifier, reading our ids as its own tokenizer would arrange them."""
    from emoray.models.encoder.framing import Framing
    from emoray.models.encoder.onnx_export import foreign

    found, library = given.checkpoint, open_tokenizer(given.checkpoint.folder)
    return foreign(
        found.folder,
        pieces_of(given).original_ids,
        softmax=found.softmax,
        framing=Framing(left=library.pads_left, types=library.types),
    )


def exported_graph(given: LoadedCheckpoint) -> "Exported":
    """Its graph from our ids to logits in the head's order; see `Exported`."""
    from emoray.models.encoder.onnx_export import exported_at_all

    return exported_at_all(foreign_module(given), given.max_tokens)


def of_one_length(tokens: int) -> str:
    """What a coverage report says of a graph that PyTorch exports for one length alone."""
    return (
        f"PyTorch exports it for one length: every text is computed as one of {tokens} tokens; "
        "a smaller --max-tokens makes it faster"
    )


def write_given(given: LoadedCheckpoint, out: Path) -> None:
    """Write what a training leaves: a graph in place of tensors, and the tokenizer."""
    made = exported_graph(given)
    (out / GRAPH).write_bytes(made.file)
    said = {"columns": given.columns_K.tolist(), "tokens": made.tokens}
    (out / FACTS).write_text(json.dumps(said))
    np.savez(out / WEIGHTS, allow_pickle=False)
    pieces_of(given).write(out)


def foreign_baseline(given: LoadedCheckpoint, *, by_torch: bool = False) -> "TorchBaseline":
    """The classifier in PyTorch, of float32 or by its own quantization."""
    from emoray.models.encoder.torch_baseline import TorchBaseline, quantized_baseline

    module = foreign_module(given)
    return TorchBaseline(quantized_baseline(module) if by_torch else module)


def as_called(given: LoadedCheckpoint, corpus: Corpus, *, by_torch: bool) -> dict[str, np.ndarray]:
    """Logits of dev and test from transformers' own call, in the taxonomy's order of labels."""
    from emoray.models.encoder.as_saved import logits_as_called

    folder = given.checkpoint.folder
    library = open_tokenizer(folder)
    texts = [*corpus.dev.texts, *corpus.test.texts]
    found_NK = logits_as_called(
        folder,
        lambda some: library.batch(some, given.max_tokens),
        texts,
        by_torch=by_torch,
        softmax=given.checkpoint.softmax,
    )[:, given.columns_K]
    dev = len(corpus.dev.texts)
    return {"dev": found_NK[:dev], "test": found_NK[dev:]}
