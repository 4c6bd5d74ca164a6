"""Points of a run as operands, from the predictions that it keeps, else from its store."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from emoray.releases.names import is_released
from emoray.storage.location import Place
from emoray.tables.folders import Folder, folder_at
from emoray.tables.predictions import cuts_of_point, kept_predictions, label_names, where
from emoray.workflows.compare.operand import Operand, OperandLogits
from emoray.workflows.ship_row import ship_from

SPLIT = "test"  # of which a run keeps predictions


def is_point(text: str) -> bool:
    """Whether an operand looks like the id of a point rather than a place."""
    return "/" not in text and not is_released(text) and not Path(text).exists()


def _row(run: Folder, point: str) -> dict[str, Any]:
    rows = where(run.read("points"), "point", point).to_pylist()
    if not rows:
        raise ValueError(
            f"a point is an id of the column `point` in {run.at('points')}, got {point!r}: copy "
            "one from there, or give the path of an artifact or of saved predictions"
        )
    found: dict[str, Any] = rows[0]
    return found


def _kept(run: Folder, row: dict[str, Any]) -> Operand | None:
    """The point by the predictions of its model; None where the run keeps none."""
    kept = kept_predictions(run.read, row["model"]) if run.holds("predictions") else None
    if kept is None:
        return None
    labels_NK, logits_NK = kept
    names = label_names(run.read, row["taxonomy"])
    return Operand(
        name=row["point"],
        labels=names,
        truth_NK=labels_NK.astype(bool),
        predictions=OperandLogits(logits_NK=logits_NK, cuts_K=cuts_of_point(run.read, row, names)),
        origin=row["training_id"],
    )


def read_point(
    place: Place, point: str, split: str, score: Callable[[Path, str | None], Operand]
) -> Operand:
    """Read a point as an operand.

    Args:
        place: of its run.
        point: its id.
        split: the texts.
        score: scores an artifact in a taxonomy, None for its own labels; called where the run keeps
            no predictions of the point's model.

    Returns:
        The operand.
    """
    run = folder_at(place)
    row = _row(run, point)
    if split == SPLIT and (kept := _kept(run, row)) is not None:
        return kept
    with TemporaryDirectory(prefix="emoray-") as scratch:
        taxonomy = row["taxonomy"] if row["derived_from"] else None
        found = score(ship_from(str(place), point, Path(scratch) / point), taxonomy)
    return replace(found, origin=row["training_id"])
