"""Where the bytes are: embedding, layers, head, the model's rest, tokenizer, decision."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from emoray.artifact.runtime import DECISION, LABELS, MANIFEST, MODEL, TOKENIZER, VOCABULARY, sizes
from emoray.tables.files import read_table
from emoray.tables.rows import LayerRow

HEAD = ("pooler", "head")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Bytes by part, all to be shipped; `other_bytes` are positions, norms, biases, the graph."""

    embedding_bytes: int
    layers_bytes: int
    head_bytes: int
    other_bytes: int
    tokenizer_bytes: int
    decision_bytes: int

    @property
    def model_bytes(self) -> int:
        """Bytes of the model's file."""
        return self.embedding_bytes + self.layers_bytes + self.head_bytes + self.other_bytes

    @property
    def size_bytes(self) -> int:
        """Bytes of all files."""
        return self.model_bytes + self.tokenizer_bytes + self.decision_bytes


def _split(weights: Mapping[str, int], model: int, *, tokenizer: int, decision: int) -> Sizes:
    layers = sum(size for name, size in weights.items() if name.startswith("layer"))
    head = sum(weights.get(name, 0) for name in HEAD)
    return Sizes(
        embedding_bytes=sum(weights.values()) - layers - head,
        layers_bytes=layers,
        head_bytes=head,
        other_bytes=model - sum(weights.values()),
        tokenizer_bytes=tokenizer,
        decision_bytes=decision,
    )


def artifact_size(folder: Path, compressed: Path) -> Sizes:
    """Of an artifact's folder; `compressed` is the finished stage that knows its tensors."""
    rows = read_table(compressed / "layers.parquet", LayerRow)
    weights = dict(zip(rows["layer"].to_pylist(), rows["bytes_after"].to_pylist(), strict=True))
    files = sizes(folder)
    return _split(
        weights,
        files[MODEL],
        tokenizer=files[VOCABULARY] + files[TOKENIZER],
        decision=files[LABELS] + files[DECISION] + files[MANIFEST],
    )


def torch_size(scored: Path, like: Sizes) -> Sizes:
    """Of PyTorch's own weights, shipped with the same tokenizer and decision as an artifact."""
    sizes = json.loads((scored / "bytes.json").read_text())
    return _split(
        sizes["parts"],
        sizes["whole"],
        tokenizer=like.tokenizer_bytes,
        decision=like.decision_bytes,
    )
