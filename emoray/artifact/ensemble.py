"""Pack several compressed models as one ensemble's folder: its members' files, each once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emoray.artifact.packaging import NUMBER, padded
from emoray.artifact.runtime import ENSEMBLE, LABELS, MODEL, TOKENIZER, VOCABULARY

OWN = (MODEL, VOCABULARY, TOKENIZER)  # what a member does not share with all others


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPart:
    """A model of an ensemble: the folder with its base files, and its weight."""

    folder: Path
    weight: float


def checked_parts(parts: Sequence[MemberPart]) -> tuple[MemberPart, ...]:
    """Return the members with a weight; refuse none at all, or weights that do not sum to 1."""
    if any(part.weight < 0 for part in parts) or not abs(sum(p.weight for p in parts) - 1) < 1e-6:
        raise ValueError(
            f"weights of an ensemble are at least 0 and sum to 1, got {[p.weight for p in parts]}: "
            "fit them with decide.weighing"
        )
    return tuple(part for part in parts if part.weight > 0)


def ensemble_files(parts: Sequence[MemberPart], mean_of: str) -> dict[str, bytes]:
    """Build all files but decision and manifest.

    Members without a weight are left out; a file that several members share is kept once. Weights
    take as many bytes whatever their digits.

    Args:
        parts: the members.
        mean_of: what the weighted mean is taken of, artifact.LOGITS or artifact.PROBABILITIES.

    Returns:
        Content by name.

    Raises:
        ValueError: if the members' labels differ.
    """
    kept = checked_parts(parts)
    labels = {(part.folder / LABELS).read_bytes() for part in kept}
    if len(labels) > 1:
        raise ValueError(
            "members of an ensemble have the same labels in the same order, got "
            f"{b' and '.join(sorted(labels)).decode()}: combine models of one taxonomy"
        )
    files: dict[str, bytes] = {LABELS: labels.pop()}
    place_of: dict[tuple[str, bytes], str] = {}
    members = []
    for number, part in enumerate(kept):
        member: dict[str, object] = {"weight": part.weight}
        for name in OWN:
            content = (part.folder / name).read_bytes()
            place = place_of.setdefault((name, content), f"members/{number}/{name}")
            files[place] = content
            member[name.split(".")[0]] = place
        members.append(member)
    description = {"mean_of": mean_of, "members": members}
    text = json.dumps(description, separators=(",", ":")).encode()
    missing = sum(NUMBER - len(json.dumps(part.weight)) for part in kept)
    files[ENSEMBLE] = padded(text, len(text) + missing + 1)
    return files
