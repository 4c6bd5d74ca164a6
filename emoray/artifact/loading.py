"""Read a finished artifact for the jobs: its labels, its decision, its hashes.

Shapes: K labels, G labels of a coarser taxonomy that it decides in too.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from emoray.labels import TAXONOMIES, Taxonomy, places_of, same_labels, unlike
from emoray.releases.resolving import artifact_name, find_artifact
from emoray.storage.location import Place, local_copy

if TYPE_CHECKING:  # loads onnxruntime
    from emoray.artifact.packaging import DerivedDecision


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finished:
    """An artifact, read and checked, as it decides in one taxonomy.

    Attributes:
        place: where it lies.
        folder: the same, or a local copy.
        labels: of the taxonomy.
        temperature: of the decision in it.
        cuts_K: of the decision.
        rule: name of the threshold rule.
        own_labels: those of its model.
        derived: the decision, where the taxonomy is a coarser one; None for the model's own.
        reads: "texts" or "features".
        width: of a row of features.
        column: that held features as lists; None where they were columns.
        softmax: whether a text's probabilities sum to 1; its logits are then margins.
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
    own_labels: tuple[str, ...]
    derived: "DerivedDecision | None" = None
    reads: str = "texts"
    width: int = 0
    column: str | None = None
    softmax: bool = False

    @property
    def taxonomy(self) -> str | None:
        """The coarser taxonomy that it decides in; None for the model's own labels."""
        return None if self.derived is None else self.derived.taxonomy

    def deciding(self, derived: "DerivedDecision") -> "Finished":
        """The same artifact in a coarser taxonomy."""
        return replace(
            self,
            labels=tuple(derived.groups),
            temperature=derived.temperature,
            cuts_K=derived.cuts_G,
            rule=derived.rule,
            derived=derived,
        )

    @property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Places of the own labels in each label of a coarser taxonomy; none in its own."""
        named = {} if self.derived is None else self.derived.groups
        return tuple(tuple(places_of(group, self.own_labels)) for group in named.values())

    def logits(self, logits_NK: np.ndarray) -> np.ndarray:
        """The logits that it decides by, of those of its model."""
        if self.derived is None:
            return logits_NK
        from emoray.artifact.runtime import derived_logits

        way, temperature = self.derived.way, self.derived.own_temperature
        return derived_logits(logits_NK, self.groups, way, temperature)

    def taxonomy_among(self, among: Sequence[Taxonomy]) -> tuple[Taxonomy, Taxonomy]:
        """That of its model's labels among a corpus' own, and the one that it decides in."""
        own = taxonomy_of_labels(self.own_labels, among)
        if self.derived is None:
            return own, own
        members = [places_of(group, own.labels) for group in self.derived.groups.values()]
        return own, Taxonomy(
            name=self.derived.taxonomy,
            labels=self.labels,
            members=tuple(tuple(i for k in group for i in own.members[k]) for group in members),
            of=own.of,
        )


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


def taxonomies_of_artifact(finished: Finished) -> "dict[str, DerivedDecision | None]":
    """The taxonomies that it decides in by name: its model's own, None, and derived ones."""
    from emoray.artifact.packaging import derived_decisions
    from emoray.artifact.runtime import DECISION

    content = (finished.folder / DECISION).read_bytes()
    derived = {each.taxonomy: each for each in derived_decisions(content, finished.own_labels)}
    native = same_labels(finished.own_labels, TAXONOMIES.values())
    own = {each.native for each in derived.values()} | ({native.name} if native else set())
    return {**dict.fromkeys(own, None), **derived}


def _decides_in(finished: Finished, taxonomy: str) -> Finished:
    """The artifact in that taxonomy; ValueError where it does not decide in it."""
    known = taxonomies_of_artifact(finished)
    if taxonomy not in known:
        raise ValueError(
            f"an artifact decides in its own taxonomy and in those derived for it "
            f"({', '.join(known) or 'its own, without a name'}), got {taxonomy!r}: fit it with "
            f"`python -m jobs.calibrate --artifact {finished.place} --taxonomy {taxonomy}`, and "
            "save it as that job says"
        )
    derived = known[taxonomy]
    return finished if derived is None else finished.deciding(derived)


def open_artifact(place: Place, taxonomy: str | None = None) -> Finished:
    """Read an artifact, also one that `model:NAME@ALIAS` names; refuse a damaged one.

    Args:
        place: of the artifact.
        taxonomy: that it decides in; None for its model's own labels.

    Returns:
        The artifact.

    Raises:
        ValueError: it is damaged, or does not decide in the taxonomy.
    """
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
    finished = Finished(
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
        own_labels=labels,
        reads=reader.reads,
        width=reader.width,
        column=reader.column,
        softmax=decision.get("softmax", False) is True,
    )
    return finished if taxonomy is None else _decides_in(finished, taxonomy)
