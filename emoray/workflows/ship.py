"""Put the artifact of an operating point on disk, from its row and the store."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from emoray.artifact.packaging import ArtifactRow, Base, row_of, ship_files, ship_folder
from emoray.stages.compression import BASE
from emoray.stages.ensembles import Combine, files_of, read_weights
from emoray.storage.store.keys import Stage
from emoray.workflows.row_decision import RowDecision


def _made(row: dict[str, Any], decision: RowDecision, base: Base) -> ArtifactRow:
    """Add the row's own files to its base; ValueError where they are not those scored."""
    made = row_of(
        base,
        temperature=decision.temperature,
        cuts_K=decision.cuts_K,
        rule=decision.rule,
        derived=decision.derived,
    )
    if (made.sha256, made.size_bytes) != (row["artifact_sha256"], row["size_bytes"]):
        raise ValueError(
            f"an artifact must be its row's, got {made.size_bytes} bytes, {made.sha256[:12]} for "
            f"{row['point']} ({row['size_bytes']} bytes, {row['artifact_sha256'][:12]}): "
            "the store was changed since; run the sweep again"
        )
    return made


def ship_point(row: dict[str, Any], decision: RowDecision, compressed: Path, target: Path) -> None:
    """Write the folder that `row` describes; `compressed` is its finished `Compress`.

    Refuses (ValueError) when what would be written is not what was scored: other bytes, other hash.
    """
    base = compressed / BASE
    ship_folder(base, _made(row, decision, Base.read(base)), target)


def ship_ensemble(
    row: dict[str, Any],
    decision: RowDecision,
    combine: Combine,
    folder_of: Callable[[Stage], Path],
    target: Path,
) -> None:
    """The same for an ensemble's row; `folder_of` finds `combine` and what it was made of."""
    members = [folder_of(compressed) for compressed in combine.compressed]
    files = files_of(combine, read_weights(folder_of(combine)), members)
    ship_files(files, _made(row, decision, Base.of_ensemble(files)), target)
