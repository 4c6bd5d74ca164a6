"""Read a finished artifact for the jobs: its labels, its decision, its hashes.

Shapes: K labels.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emoray.labels import Taxonomy, places_of, same_labels, unlike
from emoray.releases.resolving import artifact_name, find_artifact
from emoray.storage.location import Place, local_copy


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finished:
    """An artifact, read and checked.

    folder: its place, or the local copy of it. reads: "texts" or "features".
    """

    place: Place
    folder: Path
    name: str
    sha256: str
    model_sha256: str
    size_bytes: int
    labels: tuple[str, ...]
    temperature: float
    cuts_K: np.ndarray
    rule: str
    reads: str = "texts"
    width: int = 0  # of a row of features
    column: str | None = None  # that held them as lists


def require_texts(finished: Finished, what: str) -> None:
    """Refuse (ValueError) an artifact of features where texts alone make sense."""
    if finished.reads != "texts":
        raise ValueError(
            f"{what} reads texts, got the artifact {finished.name} of {finished.reads}: give it "
            "rows in Python, emoray.load_artifact(FOLDER)(rows), or on its standard input"
        )


def taxonomy_of_labels(labels: tuple[str, ...], among: Sequence[Taxonomy]) -> Taxonomy:
    """The taxonomy, among a corpus' own, with exactly these labels in any order."""
    if (found := same_labels(labels, among)) is not None:
        return found
    known = "; ".join(f"{t}: {len(t.labels)} labels" for t in among)
    raise ValueError(
        f"an artifact's labels are those of a taxonomy ({known}), got {len(labels)}; "
        f"{unlike(labels, among)}: name the labels as the taxonomy does, or give the corpus that "
        "has them with --corpus"
    )


def taxonomy_columns(labels: tuple[str, ...], taxonomy: Taxonomy) -> np.ndarray:
    """Return columns_K: the position of each label in the taxonomy."""
    return np.array(places_of(labels, taxonomy.labels))


def open_artifact(place: Place) -> Finished:
    """Read an artifact, also one that `model:NAME@ALIAS` names; refuse a damaged one."""
    from emoray.artifact import runtime
    from emoray.artifact.decision_history import model_sha256

    place = find_artifact(place)
    folder = local_copy(place)
    files = runtime.read(folder)
    labels = tuple(json.loads(files[runtime.LABELS]))
    decision = json.loads(files[runtime.DECISION])
    cuts_K = np.array(decision["cuts"], np.float64)
    if cuts_K.shape != (len(labels),):
        raise ValueError(
            f"an artifact's decision has one cut for each label, {len(labels)} here, got shape "
            f"{cuts_K.shape} in {folder}: build the artifact again"
        )
    reader = runtime.first_reader(files)
    return Finished(
        place=place,
        folder=folder,
        name=artifact_name(place),
        sha256=runtime.sha256((folder / runtime.MANIFEST).read_bytes()),
        model_sha256=model_sha256(files),
        size_bytes=sum(runtime.sizes(folder).values()),
        labels=labels,
        temperature=float(decision["temperature"]),
        cuts_K=cuts_K,
        rule=str(decision.get("threshold_rule", "given")),
        reads=reader.reads,
        width=reader.width,
        column=reader.column,
    )
