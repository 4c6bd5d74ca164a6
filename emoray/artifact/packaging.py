"""Pack a compressed model as the folder of one operating point.

A model's files are written once; every decision on it differs in decision.json and manifest.json
alone. Their bytes are computed without touching the disk, so a table can hold the size and hash
of thousands of artifacts, and any of them can be put on disk later, byte for byte. What was fitted
takes as many bytes whatever its digits, so equal models are equal in size.
Shapes: K labels.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emoray.artifact import runtime
from emoray.artifact.runtime import (
    DECISION,
    ENSEMBLE,
    FILES,
    LABELS,
    MODEL,
    TOKENIZER,
    VOCABULARY,
)

BASE_FILES = tuple(name for name in FILES if name != DECISION)
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
FARTHEST = float(np.finfo(np.float64).max)  # JSON has no infinity; no logit reaches this
NUMBER = 24  # characters that the longest float64 takes: -2.2250738585072014e-308
LABEL = len(",0.123456,") + NUMBER  # a label's threshold and cut
RULE = 40  # bytes of a rule's name at most
DERIVED_FRAME = 64 + NUMBER  # of a derived decision: names of its fields, its own temperature
SOFTMAX = len('"softmax":true,')
FRAME = 2 + NUMBER + RULE + len('{"temperature":,"threshold_rule":"","thresholds":[],"cuts":[]}')


def base_files(
    model: bytes, *, vocabulary: str, tokenizer: Mapping[str, object], labels: Sequence[str]
) -> dict[str, bytes]:
    """Build the files that all decisions on a model share.

    Args:
        model: content of model.onnx.
        vocabulary: one word a line.
        tokenizer: content of tokenizer.json.
        labels: in the order of logits.

    Returns:
        Content by name.
    """
    return {
        MODEL: model,
        VOCABULARY: vocabulary.encode(),
        TOKENIZER: _COMPACT.encode(tokenizer).encode(),
        LABELS: _COMPACT.encode(list(labels)).encode(),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A model's shared files, known by size and hash."""

    hashes: Mapping[str, str]
    size_bytes: int

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> "Base":
        """Hash a model's files, given by name."""
        missing = sorted(set(BASE_FILES) - set(files))
        if missing:
            raise ValueError(
                f"a base holds {', '.join(BASE_FILES)}, got none of {missing}: add them"
            )
        return cls(
            hashes={name: runtime.sha256(files[name]) for name in BASE_FILES},
            size_bytes=sum(len(files[name]) for name in BASE_FILES),
        )

    @classmethod
    def of_ensemble(cls, files: Mapping[str, bytes]) -> "Base":
        """Hash the files of `artifact.ensemble.ensemble_files`."""
        if not runtime.complete({*files, DECISION}):
            raise ValueError(
                f"an ensemble's base holds {ENSEMBLE}, {LABELS} and its members' files, got "
                f"{', '.join(sorted(files))}: make it with ensemble_files"
            )
        return cls(
            hashes={name: runtime.sha256(data) for name, data in files.items()},
            size_bytes=sum(map(len, files.values())),
        )

    @classmethod
    def read(cls, folder: Path) -> "Base":
        """Hash the files in a folder."""
        return cls.of({name: (folder / name).read_bytes() for name in BASE_FILES})


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactRow:
    """One operating point's own files, with size and hash of its whole folder.

    Attributes:
        decision: content of decision.json.
        manifest: content of manifest.json.
        size_bytes: of all files.
        sha256: of manifest.json, which holds the hashes of the others.
    """

    decision: bytes
    manifest: bytes
    size_bytes: int
    sha256: str


def _fields(temperature: float, cuts_K: np.ndarray, rule: str) -> dict[str, object]:
    """What decision.json says of one decision."""
    cuts_K = np.asarray(cuts_K, np.float64)
    if not 0 < temperature < np.inf or cuts_K.ndim != 1 or np.isnan(cuts_K).any():
        raise ValueError(
            "a decision has a temperature above 0 and one cut for each label, got "
            f"{temperature} and {cuts_K}: fit it on dev"
        )
    thresholds = np.round(0.5 + 0.5 * np.tanh(0.5 / temperature * cuts_K), 6)  # never overflows
    if len(rule.encode()) > RULE:
        raise ValueError(f"a rule's name takes at most {RULE} bytes, got {rule[:60]!r}: shorten it")
    return {
        "temperature": float(temperature),
        "threshold_rule": rule,
        "thresholds": thresholds.tolist(),
        "cuts": np.clip(cuts_K, -FARTHEST, FARTHEST).tolist(),
    }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DerivedDecision:
    """A decision in a coarser taxonomy, as decision.json holds it beside the model's own.

    Attributes:
        taxonomy: its name.
        native: name of the taxonomy of the model's own labels.
        groups: the own labels of each of its labels.
        way: how their probabilities become one, of runtime.WAYS.
        own_temperature: of these probabilities.
        temperature: of what comes out.
        cuts_G: of what comes out.
        rule: name of the threshold rule.
    """

    taxonomy: str
    native: str
    groups: Mapping[str, Sequence[str]]
    way: str
    own_temperature: float
    temperature: float
    cuts_G: np.ndarray
    rule: str

    @property
    def fields(self) -> dict[str, object]:
        """What decision.json says of it."""
        return {
            "groups": {name: list(labels) for name, labels in self.groups.items()},
            "way": self.way,
            "own_temperature": float(self.own_temperature),
            **_fields(self.temperature, self.cuts_G, self.rule),
        }

    @property
    def width(self) -> int:
        """Bytes that it takes at most, whatever its digits."""
        groups = len(_COMPACT.encode(self.fields["groups"]).encode())
        name = len(_COMPACT.encode(self.taxonomy).encode())
        return groups + name + len(self.cuts_G) * LABEL + FRAME + DERIVED_FRAME


def derived_decisions(decision: bytes, labels: Sequence[str]) -> tuple[DerivedDecision, ...]:
    """The decisions in coarser taxonomies that a decision.json holds."""
    kept = json.loads(decision)
    return tuple(
        DerivedDecision(
            taxonomy=name,
            native=str(kept.get(runtime.NATIVE, "")),
            groups=kept[runtime.DERIVED][name]["groups"],
            way=found.way,
            own_temperature=found.own_temperature,
            temperature=found.temperature,
            cuts_G=found.cuts_G,
            rule=str(kept[runtime.DERIVED][name].get("threshold_rule", "given")),
        )
        for name, found in runtime.derived_of(decision, labels).items()
    )


def decision_json(
    temperature: float,
    cuts_K: np.ndarray,
    rule: str,
    derived: Sequence[DerivedDecision] = (),
    *,
    softmax: bool = False,
) -> bytes:
    """Build decision.json; cuts are exact, thresholds rounded to six places for people.

    White space at its end, which JSON allows, makes it one size for all decisions on K labels, with
    as many in the same coarser taxonomies.

    Args:
        temperature: above 0.
        cuts_K: infinite ones too.
        rule: name of the threshold rule.
        derived: decisions in coarser taxonomies.
        softmax: whether a text's probabilities sum to 1; its logits are then margins.

    Returns:
        The file's content; a ValueError is raised for a temperature that is not above 0, a cut that
        is NaN, and a rule's name that is too long.
    """
    fields, width = _fields(temperature, cuts_K, rule), FRAME + len(cuts_K) * LABEL
    if softmax:
        fields, width = {"softmax": True, **fields}, width + SOFTMAX
    if derived:
        native = derived[0].native
        fields[runtime.NATIVE] = native
        fields[runtime.DERIVED] = {each.taxonomy: each.fields for each in derived}
        width += DERIVED_FRAME + len(_COMPACT.encode(native).encode())
        width += sum(each.width for each in derived)
    return padded(_COMPACT.encode(fields).encode(), width)


def padded(text: bytes, width: int) -> bytes:
    """Pad JSON with spaces and a line's end to `width` bytes."""
    assert len(text) < width, f"{len(text)} bytes and a line's end are more than {width}"
    return text.ljust(width - 1) + b"\n"


def row_of(
    base: Base,
    *,
    temperature: float,
    cuts_K: np.ndarray,
    rule: str,
    derived: Sequence[DerivedDecision] = (),
    softmax: bool = False,
) -> ArtifactRow:
    """The bytes that one decision adds to a base, without writing them."""
    decision = decision_json(temperature, cuts_K, rule, derived, softmax=softmax)
    manifest = runtime.manifest_of({**base.hashes, DECISION: runtime.sha256(decision)})
    return ArtifactRow(
        decision=decision,
        manifest=manifest,
        size_bytes=base.size_bytes + len(decision) + len(manifest),
        sha256=runtime.sha256(manifest),
    )


def ship_files(base: Mapping[str, bytes], row: ArtifactRow, target: Path) -> None:
    """Write one row's artifact as a new folder `target`; refuse a base that is not the row's."""
    files = {**base, DECISION: row.decision}
    manifest = runtime.manifest_of({name: runtime.sha256(data) for name, data in files.items()})
    if manifest != row.manifest:
        raise ValueError(
            f"a row ships with the model it was scored on, got other files for {target}: "
            "compress the model again"
        )
    runtime.write(target, files)


def ship_folder(base_folder: Path, row: ArtifactRow, target: Path) -> None:
    """As `ship_files`, the base read from a folder."""
    ship_files({name: (base_folder / name).read_bytes() for name in BASE_FILES}, row, target)
