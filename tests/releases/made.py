"""Models with a history, made without a command line."""

import hashlib
from pathlib import Path

from emoray.artifact.runtime import MANIFEST, manifest_of
from emoray.releases.record import Release
from emoray.releases.writing import put_artifact, release_next
from emoray.storage.location import Place


def files(seed: int) -> dict[str, bytes]:
    """The files of an artifact, as far as a registry looks: names, bytes and a manifest."""
    held = {"model.onnx": b"weights %d" % seed, "labels.json": b'["joy","anger"]'}
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in held.items()}
    return {**held, MANIFEST: manifest_of(hashes)}


def sha_of(seed: int) -> str:
    return hashlib.sha256(files(seed)[MANIFEST]).hexdigest()


def release(
    model: Place, seed: int, action: str = "add", why: str = "", **aliases: str | None
) -> Release:
    """Put the artifact of that seed, and append a release after which the aliases are these."""
    put_artifact(model, sha_of(seed), files(seed))
    made = release_next(
        model,
        lambda before: {
            "who": "ann@desk",
            "action": action,
            "artifact": sha_of(seed),
            "why": why,
            "aliases": {
                **(before[-1].aliases if before else {}),
                **({"candidate": sha_of(seed)} if action == "add" else {}),
                **{alias: sha for alias, sha in aliases.items() if sha is not None},
            },
        },
    )
    assert made is not None
    return made


def in_production(model: Place) -> Path | object:
    """A model whose first artifact is in production, and whose second is the candidate."""
    release(model, 1)
    release(model, 1, "promote", production=sha_of(1))
    release(model, 2)
    return model
