"""card.json: what is known of an artifact, for whoever finds the folder in a year.

It lies beside the artifact: the manifest does not list it, its bytes do not count, nothing reads it
to classify. So the artifact is the one that was scored, with a card or without.
"""

import json
import math
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from emoray.artifact import runtime
from emoray.artifact.runtime import CARD, DECISION, MANIFEST, MINIMUM_ONNXRUNTIME

USE = (
    "Labels of short texts like those of the corpus, several a text or none. Scores hold for texts "
    "like its test split; nothing is known of other topics, times or languages. No decision about "
    "a person should rest on it alone."
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


def _plain(value: Any) -> Any:
    """As JSON has it: NaN is unknown."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _bytes(card: Mapping[str, Any]) -> bytes:
    said = json.dumps(_plain(card), indent=1, ensure_ascii=False, allow_nan=False)
    return f"{said}\n".encode()


def put_card(folder: Path, said: Mapping[str, Any]) -> None:
    """Give an artifact its card, in place of one it has: what is said, and what its files tell.

    artifact_sha256, said or that of the folder as it is, is the hash by which a table names it;
    model_sha256, of every file but the decision, stays true when the decision changes.
    """
    from emoray import __version__

    manifest = (folder / MANIFEST).read_bytes()
    hashes = {name: sha for name, sha in json.loads(manifest).items() if name != DECISION}
    card = {
        **said,
        "artifact_sha256": said.get("artifact_sha256") or runtime.sha256(manifest),
        "model_sha256": runtime.sha256(runtime.manifest_of(hashes)),
        "size_bytes": sum(runtime.sizes(folder).values()),
        "emoray": __version__,
        "onnxruntime": f">={'.'.join(map(str, MINIMUM_ONNXRUNTIME))}",
        "created": datetime.now(UTC).date().isoformat(),
        "license": LICENSES.get(str(said.get("corpus")), OTHER_LICENSE),
        "intended_use": USE,
    }
    written = folder / f".{CARD}.{os.getpid()}"
    written.write_bytes(_bytes(card))
    os.replace(written, folder / CARD)


def _as_made(said: Mapping[str, Any]) -> dict[str, Any]:
    made = said.get(AS_MADE)
    if not isinstance(made, Mapping):
        return dict(said)
    kept = {n: v for n, v in said.items() if n not in (DECIDED, AS_MADE) and n not in OF_DECISION}
    return {n: {**kept, **made}[n] for n in said if n in kept or n in made}


def _read(folder: Path) -> dict[str, Any] | None:
    """The card as it was before the artifact got another decision; None for none, or one that
    cannot be read, which people may have written."""
    try:
        said = runtime.card(folder)
    except (ValueError, OSError):
        return None
    return None if said is None else _as_made(said)


def card_as_made(folder: Path) -> bytes | None:
    """The card of an artifact as it was before it got another decision; None without one."""
    made = _read(folder)
    return None if made is None else _bytes(made)


def card_after(
    folder: Path, *, number: int, when: str, why: str, scores: Mapping[str, float]
) -> bytes | None:
    """The card of an artifact for the decision that it has now; None without one.

    number, when, why: of the decision; scores: what is known of it. What the card said of the one
    it was scored with then stands under `as_made`, and says so again once that one is back.
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
