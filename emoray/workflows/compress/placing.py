"""Artifacts of one job, side by side: as its tables say, each whole at any moment."""

from pathlib import Path

from emoray.artifact import runtime
from emoray.artifact.packaging import ArtifactRow, ship_folder
from emoray.artifact.renewing import hidden_name, renew
from emoray.artifact.runtime import MANIFEST


def _holds(target: Path, row: ArtifactRow) -> bool:
    """Whether the artifact that stands there is the row's, whole."""
    try:
        runtime.read(target)
        return runtime.sha256((target / MANIFEST).read_bytes()) == row.sha256
    except (ValueError, OSError):
        return False


def place(base_folder: Path, row: ArtifactRow, target: Path) -> None:
    """Put a row's artifact there; another that stands there as it was made goes once this one is
    whole, one in which a decision was saved keeps it.

    A damaged one is made again. Refuses to replace what is no artifact.
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
