"""Artifacts of one job, side by side: as its tables say, each whole at any moment."""

import os
import shutil
import uuid
from pathlib import Path

from emoray.export import artifact
from emoray.export.artifact import MANIFEST
from emoray.export.shipping import Row, ship
from emoray.storage.place import Place, is_inside


def require_outside(model: Place, out: Place) -> None:
    """Refuse to write where the model lies."""
    if is_inside(out, model):
        raise ValueError(
            f"nothing is written into a model's folder, got {out} inside {model}: name another "
            "--out"
        )


def _holds(target: Path, row: Row) -> bool:
    """Whether the artifact that stands there is the row's, whole."""
    try:
        artifact.read(target)
        return artifact.sha256((target / MANIFEST).read_bytes()) == row.sha256
    except (ValueError, OSError):
        return False


def place(base_folder: Path, row: Row, target: Path) -> None:
    """Put a row's artifact there; another artifact that stands there goes once this one is whole.

    A damaged one is made again. Refuses to replace what is no artifact.
    """
    if not target.exists():
        return ship(base_folder, row, target)
    if _holds(target, row):
        return None
    if not (target / MANIFEST).is_file():
        raise ValueError(
            f"an artifact's place is free or holds an artifact, got {target} with something else: "
            "move it away or name another --out"
        )
    aside = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
    ship(base_folder, row, aside)
    old = target.with_name(f"{aside.name}.old")
    os.replace(target, old)
    os.replace(aside, target)
    shutil.rmtree(old, ignore_errors=True)
    return None
