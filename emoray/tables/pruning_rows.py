"""Rows of `pruning`: what became of each part of a pruned model."""

from dataclasses import dataclass

from emoray.tables.fields import cost, note


@dataclass(frozen=True, slots=True, kw_only=True)
class PruningRow:
    """One part of a pruned model: a layer, a head, the columns of a layer, the words."""

    training_id: str = note("id of the training that was pruned; joins `points`")
    pruning: str = note("what was asked for: `scheme` of such points begins with it")
    layer: str = note("where the part stands in the whole model")
    part: str = note(
        "layer, head, ffn (the feed-forward columns of a layer) or rows (words of the vocabulary)"
    )
    number: int = note("of a head in its layer; 0 for others")
    units: int = note("of the part before: columns, words; 1 of a head or layer")
    kept: int = note("units that are left")
    importance: float = cost(
        "loss on train, a text, that removing it (of ffn and rows: what was removed) was "
        "reckoned to cost: by Fisher information; of a layer the measured change",
        unit="nats",
    )
    why: str = note("in words")
