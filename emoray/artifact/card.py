"""Write card.json: provenance, corpus and scores of an artifact, for people.

It is not part of the artifact: the manifest does not list it, its bytes do not count, nothing reads
it to classify. So the artifact is the one that was scored, with a card or without.
"""

import json
import math
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from emoray.artifact import runtime
from emoray.artifact.runtime import (
    CARD,
    DECISION,
    FEATURES,
    MANIFEST,
    MINIMUM_ONNXRUNTIME,
    TOKENIZER,
)

USE = (
    "Labels of short texts like those of the corpus, several a text or none. Scores hold for texts "
    "like its test split; nothing is known of other topics, times or languages. No decision about "
    "a person should rest on it alone."
)
USE_OF_FEATURES = (
    "Labels of rows of the same features, computed as those of the corpus, several a row or none. "
    "Scores hold for rows like its test split. No decision about a person should rest on it alone."
)
LICENSES = {
    "goemotions": "code Apache-2.0; trained on GoEmotions (CC BY 4.0: name its authors)",
    "sample": "code Apache-2.0; trained on emoray's embedded sample (CC0)",
}
OTHER_LICENSE = "code Apache-2.0; the model as its corpus and what training started from allow"
OF_DECISION = ("temperature", "threshold_rule", "scores")  # what another decision makes untrue
DECIDED, AS_MADE = "decision", "as_made"
KNOWN = "of this decision, from the calibration that it was taken from"
UNKNOWN = (
    "not known of this decision: jobs.evaluate finds them; as_made has those of the decision that "
    "the artifact was made with"
)


def plain_json(value: Any) -> Any:
    """Convert to JSON's values; what is not finite becomes null."""
    if isinstance(value, Mapping):
        return {name: plain_json(inner) for name, inner in value.items()}
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _bytes(card: Mapping[str, Any]) -> bytes:
    text = json.dumps(plain_json(card), indent=1, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _use(folder: Path) -> str:
    """What an artifact is for, by what it reads."""
    settings = (folder / TOKENIZER, folder / "members" / "0" / TOKENIZER)
    path = next((each for each in settings if each.is_file()), None)
    found = {} if path is None else json.loads(path.read_bytes())
    return USE_OF_FEATURES if found.get("kind") == FEATURES else USE


def put_card(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write an artifact's card, from known facts and from its files, in place of one it has.

    artifact_sha256, of the facts or of the folder as it is, is the hash by which a table names it;
    model_sha256, of every file but the decision, stays true when the decision changes.
    """
    from emoray import __version__

    manifest = (folder / MANIFEST).read_bytes()
    hashes = {name: sha for name, sha in json.loads(manifest).items() if name != DECISION}
    card = {
        **facts,
        "artifact_sha256": facts.get("artifact_sha256") or runtime.sha256(manifest),
        "model_sha256": runtime.sha256(runtime.manifest_of(hashes)),
        "size_bytes": sum(runtime.sizes(folder).values()),
        "emoray": __version__,
        "onnxruntime": f">={'.'.join(map(str, MINIMUM_ONNXRUNTIME))}",
        "created": datetime.now(UTC).date().isoformat(),
        "license": LICENSES.get(str(facts.get("corpus")), OTHER_LICENSE),
        "intended_use": _use(folder),
    }
    written = folder / f".{CARD}.{os.getpid()}"
    written.write_bytes(_bytes(card))
    os.replace(written, folder / CARD)


def _as_made(card: Mapping[str, Any]) -> dict[str, Any]:
    made = card.get(AS_MADE)
    if not isinstance(made, Mapping):
        return dict(card)
    kept = {n: v for n, v in card.items() if n not in (DECIDED, AS_MADE) and n not in OF_DECISION}
    return {n: {**kept, **made}[n] for n in card if n in kept or n in made}


def _read(folder: Path) -> dict[str, Any] | None:
    """The card as it was before the decision changed; None without a card that can be read."""
    try:
        card = runtime.card(folder)
    except (ValueError, OSError):
        return None
    return None if card is None else _as_made(card)


def card_as_made(folder: Path) -> bytes | None:
    """The card's bytes as they were before the decision changed; None without one."""
    made = _read(folder)
    return None if made is None else _bytes(made)


def card_after(
    folder: Path, *, number: int, when: str, why: str, scores: Mapping[str, float]
) -> bytes | None:
    """Build the card of an artifact for its current decision.

    Facts of the decision that the artifact was made with move to `as_made`, and back once that
    decision is the current one again.

    Args:
        folder: of the artifact.
        number: of the decision.
        when: it was made, ISO 8601.
        why: the reason.
        scores: known ones of the decision.

    Returns:
        The card's bytes; None for an artifact without a card.
    """
    made = _read(folder)
    if made is None:
        return None
    if runtime.sha256((folder / MANIFEST).read_bytes()) == made.get("artifact_sha256"):
        return _bytes(made)
    decision = json.loads((folder / DECISION).read_bytes())
    now = {
        **{name: decision[name] for name in ("temperature", "threshold_rule")},
        "scores": {name: {"value": value} for name, value in scores.items()},
    }
    about = {"number": number, "saved": when, "why": why, "scores": KNOWN if scores else UNKNOWN}
    first = {name: made[name] for name in OF_DECISION if name in made}
    return _bytes({**made, **now, DECIDED: about, AS_MADE: first})
