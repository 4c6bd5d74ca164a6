"""Placing the artifacts of one job: as its tables have them, each whole at any moment."""

from pathlib import Path

from emoray.artifact import runtime
from emoray.artifact.packaging import ArtifactRow, ship_folder
from emoray.artifact.renewing import hidden_name, renew
from emoray.artifact.runtime import MANIFEST


def _holds(target: Path, row: ArtifactRow) -> bool:
    """Whether the artifact that lies there is the row's, whole."""
    try:
        runtime.read(target)
        return runtime.sha256((target / MANIFEST).read_bytes()) == row.sha256
    except (ValueError, OSError):
        return False


def place(base_folder: Path, row: ArtifactRow, target: Path) -> None:
    """Write a row's artifact to its folder.

    An earlier artifact is replaced once this one is whole; one in which a decision was saved keeps
    it. A damaged one is made again.

    Args:
        base_folder: the model's files.
        row: its decision.
        target: the artifact's folder.

    Raises:
        ValueError: `target` holds something that is no artifact.
    """
    if _holds(target, row):
        return
    if target.exists() and not (target / MANIFEST).is_file():
        raise ValueError(
            f"an artifact's place is free or holds an artifact, got {target} with something else: "
            "move it away, or name another run with --name"
        )
    fresh = hidden_name(target)
    ship_folder(base_folder, row, fresh)
    renew(fresh, target)
