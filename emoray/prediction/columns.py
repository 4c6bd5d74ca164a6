"""The columns that a text gets beside the user's own. Shapes: N texts, K labels."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute

from emoray.artifact.loading import Finished
from emoray.artifact.runtime import calibrated, derived_logits

LABELS, PROBABILITY, LOGIT = "labels", "probability_", "logit_"
FACTS = {
    "text_sha256": pa.string(),
    "characters": pa.int32(),
    "tokens": pa.int32(),
    "truncated": pa.bool_(),
    "unknown_share": pa.float32(),
    "artifact": pa.string(),
}
ABOUT = b"emoray"  # in a file's metadata
_HEX = np.array([f"{byte:02x}".encode() for byte in range(256)], "S2").view(np.uint16)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelGroups:
    """How a network's logits become those of coarser labels, as `runtime.derived_logits` does it.

    labels: of the network.
    """

    tag: ClassVar[str] = "LabelGroups"

    labels: int
    groups: tuple[tuple[int, ...], ...]
    way: str
    temperature: float

    def logits(self, logits_NK: np.ndarray) -> np.ndarray:
        """Logits of the coarser labels."""
        return derived_logits(logits_NK, self.groups, self.way, self.temperature)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedDecision:
    """What an artifact decides by.

    Attributes:
        artifact: SHA-256 of the artifact.
        labels: their names, in order.
        temperature: that logits are divided by.
        cuts: logits from which on a label holds.
        derived: how the labels come from the network's; None where they are its own.
        softmax: whether a text's probabilities sum to 1.
    """

    tag: ClassVar[str] = "ShippedDecision"

    artifact: str
    labels: tuple[str, ...]
    temperature: float
    cuts: tuple[float, ...]
    softmax: bool = field(default=False, metadata={"key_default": False})
    derived: LabelGroups | None = field(default=None, metadata={"key_default": None})

    @property
    def network_labels(self) -> int:
        """How many labels the network has."""
        return len(self.labels) if self.derived is None else self.derived.labels

    @classmethod
    def of(cls, artifact: Finished) -> "ShippedDecision":
        """That of a finished artifact."""
        derived = None
        if artifact.derived is not None:
            derived = LabelGroups(
                labels=len(artifact.own_labels),
                groups=artifact.groups,
                way=artifact.derived.way,
                temperature=artifact.derived.own_temperature,
            )
        return cls(
            artifact=artifact.sha256,
            labels=artifact.labels,
            temperature=artifact.temperature,
            cuts=tuple(map(float, artifact.cuts_K)),
            derived=derived,
            softmax=artifact.softmax,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputColumns:
    """Which columns an output has.

    Attributes:
        kept: of the user's own; None for all.
        logits: whether logits are written too.
        prefix: before the names of all columns that are added.
    """

    tag: ClassVar[str] = "OutputColumns"

    kept: tuple[str, ...] | None = None
    logits: bool = False
    prefix: str = ""

    def added(self, labels: Sequence[str]) -> list[pa.Field]:
        """The columns that are added, in their order."""
        fields = [pa.field(LABELS, pa.list_(pa.string()))]
        starts = [PROBABILITY, *([LOGIT] if self.logits else [])]
        fields += [
            pa.field(f"{start}{label}", pa.float32()) for start in starts for label in labels
        ]
        fields += [pa.field(name, kind) for name, kind in FACTS.items()]
        return [field.with_name(f"{self.prefix}{field.name}") for field in fields]

    def own(self, names: Sequence[str], labels: Sequence[str], where: object) -> list[str]:
        """The user's columns that are passed on.

        Args:
            names: of the file's columns.
            labels: of the artifact.
            where: the file, for errors.

        Returns:
            Names, in the file's order.

        Raises:
            ValueError: one that is asked for is not there, or has the name of one that is added.
        """
        if self.kept is not None and (missing := [n for n in self.kept if n not in names]):
            raise ValueError(
                f"columns that are passed on are in every file, {missing[0]!r} is none of {where}, "
                f"which has {', '.join(list(names)[:12])}: correct --id, or leave the file out"
            )
        own = [n for n in names if self.kept is None or n in self.kept]
        added = {field.name for field in self.added(labels)}
        if both := [name for name in own if name in added]:
            raise ValueError(
                f"columns have names of their own, {both[0]!r} of {where} is one that is added: "
                "put something before those with --prefix, such as --prefix emoray_, or name the "
                "columns that are passed on with --id"
            )
        return own

    def metadata(self, decision: ShippedDecision) -> dict[bytes, bytes]:
        """What a file says of its columns."""
        about = {
            "artifact": decision.artifact,
            "labels": decision.labels,
            "temperature": decision.temperature,
            "cuts": decision.cuts,
            **({"softmax": True} if decision.softmax else {}),
            "prefix": self.prefix,
        }
        return {ABOUT: json.dumps(about).encode()}


def _hexadecimal(digests: pa.Array) -> pa.Array:
    """Hashes of 32 bytes as strings; null stays null."""
    raw = np.frombuffer(digests.fill_null(bytes(32)).buffers()[1], np.uint8)
    raw = raw[32 * digests.offset : 32 * (digests.offset + len(digests))] if len(digests) else raw
    raw = raw[: 32 * len(digests)]
    offsets = np.arange(0, 64 * len(digests) + 1, 64, dtype=np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(_HEX[raw].tobytes())]
    found = pa.Array.from_buffers(pa.string(), len(digests), buffers)
    if not digests.null_count:
        return found
    return pa.compute.if_else(digests.is_valid(), found, pa.scalar(None, pa.string()))


def _lists(decided_NK: np.ndarray, names: pa.Array, scored: pa.Array) -> pa.Array:
    """The labels given to each text; null for one without scores."""
    _, columns = np.nonzero(decided_NK)
    offsets = np.concatenate([[0], np.cumsum(decided_NK.sum(axis=1))]).astype(np.int32)
    mask = None if scored.true_count == len(scored) else pa.compute.invert(scored)
    return pa.ListArray.from_arrays(pa.array(offsets), names.take(pa.array(columns)), mask=mask)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Added:
    """Columns that are added to some texts, and what is counted of them.

    Attributes:
        columns: in the order of `OutputColumns.added`.
        scored_N: whether a text has scores.
        probabilities_NK: 0 for a text without.
        decided_NK: the labels given, none to a text without.
    """

    columns: list[pa.Array]
    scored_N: np.ndarray
    probabilities_NK: np.ndarray
    decided_NK: np.ndarray


def add_columns(scores: pa.Table, decision: ShippedDecision, columns: OutputColumns) -> Added:
    """Decide on texts, and build their columns.

    Args:
        scores: rows of `scoring.scores_schema`.
        decision: temperature and cuts.
        columns: which are wanted.

    Returns:
        The columns. All but hash, length and artifact are null for a text without scores.
    """
    scores = scores.combine_chunks()
    scored = pa.compute.is_null(scores.column("error")).combine_chunks()
    scored_N = scored.to_numpy(zero_copy_only=False)
    logits = scores.column("logits").combine_chunks()
    logits_NK = logits.flatten().to_numpy(zero_copy_only=False)
    logits_NK = logits_NK.reshape(len(scores), decision.network_labels)
    if decision.derived is not None:
        logits_NK = decision.derived.logits(logits_NK)
    probabilities_NK = calibrated(logits_NK, decision.temperature, softmax=decision.softmax)
    decided_NK = (logits_NK >= np.array(decision.cuts)) & scored_N[:, None]
    mask = None if scored_N.all() else ~scored_N
    found = [_lists(decided_NK, pa.array(decision.labels, pa.string()), scored)]
    for values_NK in (probabilities_NK, *([logits_NK] if columns.logits else [])):
        found += [pa.array(values_N, mask=mask) for values_N in np.ascontiguousarray(values_NK.T)]
    found.append(_hexadecimal(scores.column("text_sha256").combine_chunks()))
    found.append(scores.column("characters").combine_chunks())
    for name in ("tokens", "truncated", "unknown_share"):
        column = scores.column(name).combine_chunks()
        found.append(column if mask is None else pa.compute.if_else(scored, column, None))
    found.append(pa.repeat(pa.scalar(decision.artifact, pa.string()), len(scores)))
    return Added(
        columns=found,
        scored_N=scored_N,
        probabilities_NK=np.where(scored_N[:, None], probabilities_NK, np.float32(0)),
        decided_NK=decided_NK,
    )


def compressed(names: Collection[str], added: Sequence[pa.Field]) -> list[str]:
    """The columns whose values repeat, so that a dictionary of them is worth the time."""
    hashes = {field.name for field in added if field.name.endswith("text_sha256")}
    numbers = {field.name for field in added if pa.types.is_floating(field.type)}
    return [name for name in names if name not in hashes | numbers]
