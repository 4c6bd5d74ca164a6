"""A row's artifact on this disk: as the run shipped it, or assembled from its store."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from emoray.artifact.decision_history import copy_as_made
from emoray.artifact.runtime import DECISION, MODEL
from emoray.stages.ensembles import Combine
from emoray.stages.spec import Data
from emoray.storage.location import Place, local_copy, located
from emoray.storage.store.keys import Stage
from emoray.storage.store.local import Store
from emoray.storage.store.opening import open_store
from emoray.tables.folders import folder_at
from emoray.workflows.reproduce.record import RecordedRun
from emoray.workflows.reproduce.retrain import stage_of
from emoray.workflows.row_decision import row_decision
from emoray.workflows.ship import ship_ensemble, ship_point


def _at(place: Place) -> Path:
    """A local copy of what is there; a path that does not exist where nothing is."""
    try:
        return local_copy(place)
    except ValueError:
        return Path("/nowhere")


def _folder_of(store: Store, stage: Stage) -> Path:
    done = store.find(stage)
    if done is None:
        raise ValueError(
            f"a row off the front is put together from its store, got no whole {stage.name} in "
            f"{store.place}: name the run's store with --store"
        )
    return done.folder


def artifact_of(
    record: RecordedRun, row: dict[str, Any], store: Place, data: Callable[[], Data], target: Path
) -> Path:
    """Find the row's artifact, or assemble it.

    ValueError where its files are gone, or are not those that were scored.

    Args:
        record: the run.
        row: of `points`.
        store: of the run's stages.
        data: returns what the row was trained on; called only where the row's stages are needed.
        target: a folder that is written where the artifact has to be assembled.

    Returns:
        The artifact's folder.
    """
    at = _at(located(record.place, row["artifact"]))
    if (at / DECISION).is_file():  # a decision that was saved since is not the row's
        return target if copy_as_made(at, row["artifact_sha256"], target) else at
    decision = row_decision(row, folder_at(record.place).read)
    if (at / MODEL).is_file():
        ship_point(row, decision, at.parent, target)
        return target
    stage, found = stage_of(record, row, data()), open_store(store, reading=True)
    if isinstance(stage, Combine):
        ship_ensemble(row, decision, stage, lambda needed: _folder_of(found, needed), target)
    else:
        ship_point(row, decision, _folder_of(found, stage.compressed), target)
    return target
