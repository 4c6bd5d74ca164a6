"""Shipping any row of a finished run: the code on the card of a row off the front calls it."""

from pathlib import Path
from typing import Any

from emoray.artifact.decision_history import copy_as_made
from emoray.artifact.runtime import DECISION, MODEL
from emoray.storage.location import local_copy, located, place_of
from emoray.storage.submitted import check_outlives
from emoray.tables.conditions import short
from emoray.tables.folders import Folder, folder_at
from emoray.tables.front import BASELINE
from emoray.tables.predictions import where
from emoray.workflows.cards import give_card
from emoray.workflows.row_decision import row_decision
from emoray.workflows.ship import ship_point


def _put_together(run: Folder, row: dict[str, Any], compressed: Path, target: Path) -> None:
    """Write base files and the row's decision; ValueError where they are not what was scored."""
    ship_point(row, row_decision(row, run.read), compressed, target)


def _new_folder(target: str | Path) -> Path:
    """Where an artifact may be written; ValueError for what exists, or is no local folder."""
    if "://" in str(target):
        raise ValueError(
            f"an artifact goes to a folder of this machine, got {target}: ship it here, then copy "
            "the folder"
        )
    check_outlives(Path(target), "the folder")
    if Path(target).exists():
        raise ValueError(f"an artifact goes to a new folder, got {target}: name another")
    return Path(target)


def _facts(run: Folder, name: str) -> dict[str, Any]:
    """Corpus, processor and threads from the run's own row; empty where there is none."""
    starts = where(run.read("runs"), "run", name).to_pylist()
    return {n: starts[-1][n] for n in ("corpus_sha256", "cpu", "threads")} if starts else {}


def ship_from(run: str, point: str, target: str | Path) -> Path:
    """Write the artifact of a run's row to a new folder, byte for byte as it was scored.

    Args:
        run: its folder, here or `s3://…`, with the store next to it.
        point: id of the row.
        target: must not exist.

    Returns:
        The folder.

    Raises:
        ValueError: the point is unknown or a baseline, `target` exists, or the row's files are not
            there: of ensembles only the shipped ones can be written.
    """
    folder, target = folder_at(place_of(run)), _new_folder(target)
    rows = where(folder.read("points"), "point", point).to_pylist()
    if not rows:
        raise ValueError(
            f"a point is an id of the run's points, got {short(point)}: copy one of them"
        )
    if rows[0]["family"] == BASELINE:
        raise ValueError(
            f"a row has an artifact, got {point}, which is a baseline: of these a run keeps their "
            "scores alone"
        )
    at = local_copy(located(folder.place, rows[0]["artifact"]))
    if (at / DECISION).is_file():
        if not copy_as_made(at, rows[0]["artifact_sha256"], target):
            raise ValueError(
                f"a row ships as it was scored, got another artifact at {at} for {point}: run the "
                "sweep again, or copy that folder"
            )
    elif (at / MODEL).is_file():
        _put_together(folder, rows[0], at.parent, target)
        give_card(target, rows[0], **_facts(folder, rows[0]["run"]))
    else:
        raise ValueError(
            f"a row is shipped from its run's store, got no model at {at} for {point}: bring the "
            "store along; of ensembles only those in artifacts/ can be shipped"
        )
    return target
