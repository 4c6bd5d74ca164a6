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

from emoray.export import artifact
from emoray.export.artifact import CARD, DECISION, MANIFEST, MINIMUM_ONNXRUNTIME

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


def _plain(value: Any) -> Any:
    """As JSON has it: NaN is unknown."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


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
        "artifact_sha256": said.get("artifact_sha256") or artifact.sha256(manifest),
        "model_sha256": artifact.sha256(artifact.manifest_of(hashes)),
        "size_bytes": sum(artifact.sizes(folder).values()),
        "emoray": __version__,
        "onnxruntime": f">={'.'.join(map(str, MINIMUM_ONNXRUNTIME))}",
        "created": datetime.now(UTC).date().isoformat(),
        "license": LICENSES.get(str(said.get("corpus")), OTHER_LICENSE),
        "intended_use": USE,
    }
    written = folder / f".{CARD}.{os.getpid()}"
    written.write_text(
        json.dumps(_plain(card), indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf-8"
    )
    os.replace(written, folder / CARD)
