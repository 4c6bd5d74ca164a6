"""What a log is held against: scored texts of the same artifact, wherever they come from.

Shapes: N texts, K labels.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from emoray.artifact import runtime
from emoray.artifact.loading import open_artifact, require_texts
from emoray.metrics.cuts import probabilities
from emoray.monitoring.windows import OneArtifact
from emoray.releases.names import is_released
from emoray.stages.artifact_scoring import evaluate_on
from emoray.storage.listing import WILD
from emoray.storage.location import Place, local_copy, place_of
from emoray.tables.folders import folder_at
from emoray.tables.predictions import (
    cuts_of_point,
    kept_predictions,
    label_names,
    where,
)
from emoray.tables.scored_texts import FACTS, ScoredTexts, scored_texts
from emoray.workflows.settings.monitor import Monitor

ARTIFACTS, POINTS = "artifacts", "points.parquet"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReferenceSource:
    """Scored texts, and what they are in words."""

    texts: Iterator[ScoredTexts]
    words: str
    note: str = ""


def _facts(texts: int, columns: Mapping[str, Any]) -> pa.Table:
    filled = {
        field.name: pa.array(columns[field.name], field.type)
        if field.name in columns
        else pa.nulls(texts, field.type)
        for field in FACTS
    }
    return pa.table(filled, schema=FACTS)


def _of_artifact(settings: Monitor, place: Place) -> ReferenceSource:
    """Dev of the corpus, scored by the artifact."""
    finished = open_artifact(place)
    require_texts(finished, "a log")
    evaluation = evaluate_on(finished, settings)
    said = evaluation.split_logits("dev")
    classifier = runtime.load(finished.folder)
    readings = classifier.read(said.inputs)
    facts = {
        "characters": [len(text) for text in said.inputs],
        "tokens": [len(reading.ids) for reading in readings],
        "truncated": [reading.truncated for reading in readings],
        "unknown_share": [reading.unknown_share for reading in readings],
    }
    scored = ScoredTexts(
        source=place,
        artifact=finished.sha256,
        label_names=finished.labels,
        facts=_facts(len(said.inputs), facts),
        probabilities_NK=classifier.probabilities_of(said.logits_NK.copy()),
        decided_NK=said.logits_NK >= finished.cuts_K,
        logits_NK=None,
    )
    return ReferenceSource(
        texts=iter([scored]),
        words=f"dev of {evaluation.corpus.name}, {len(said.inputs):,} texts, scored by {place}",
        note="the embedded sample stands in for GoEmotions, which was not found: name its folder "
        "with --data, or your corpus with --corpus"
        if evaluation.source.stands_in
        else "",
    )


def _of_run(place: Place, sha256: str) -> ReferenceSource:
    """The run's kept predictions of the model that the log's artifact is."""
    folder = local_copy(place)
    found = sorted((folder / ARTIFACTS).glob(f"*/{runtime.MANIFEST}"))
    points = {runtime.sha256(path.read_bytes()): path.parent.name for path in found}
    if sha256 not in points:
        raise ValueError(
            f"a run as a reference has made the log's artifact, {sha256[:12]}…, got {place} with "
            f"{len(points)} others: name the artifact itself, or scored texts"
        )
    read = folder_at(folder).read
    (point,) = where(read("points"), "point", points[sha256]).to_pylist()
    kept = kept_predictions(read, point["model"])
    if kept is None:
        raise ValueError(
            f"a run keeps predictions of its front, got none of {points[sha256]} in {place}: name "
            f"the artifact itself, {place / ARTIFACTS / points[sha256]}"
        )
    names = label_names(read, point["taxonomy"])
    logits_NK = kept[1]
    scored = ScoredTexts(
        source=place,
        artifact=sha256,
        label_names=names,
        facts=_facts(len(logits_NK), {}),
        probabilities_NK=probabilities(logits_NK, point["temperature"]).astype(np.float32),
        decided_NK=logits_NK >= cuts_of_point(read, point, names),
        logits_NK=None,
    )
    return ReferenceSource(
        texts=iter([scored]),
        words=f"test of {point['corpus']}, {len(logits_NK):,} texts, kept by {place}",
        note="a run keeps predictions of test only, without lengths and unknown words: the "
        "artifact itself as --reference scores dev, and watches those too",
    )


def _of_scored(place: str, sha256: str, settings: Monitor) -> ReferenceSource:
    def same() -> Iterator[ScoredTexts]:
        others: set[str] = set()
        found = False
        for some in scored_texts(place):
            if some.artifact == sha256:
                found = True
                yield some
            else:
                others.add(some.artifact)
        if others and not found:
            raise ValueError(other_artifact(sha256, others))

    texts = OneArtifact().texts(scored_texts(place)) if settings.any_artifact else same()
    return ReferenceSource(texts=texts, words=f"scored texts of {place}")


def reference_source(settings: Monitor, sha256: str) -> ReferenceSource:
    """Find the reference.

    Args:
        settings: of the job; the reference is not the log's own first windows.
        sha256: of the log's artifact.

    Returns:
        The reference, of which nothing may have been read yet.

    Raises:
        ValueError: it is of another artifact, or of nothing that can be a reference.
    """
    text = settings.reference
    place = place_of(text)
    if is_released(text) or _has(place, runtime.MANIFEST):
        finished = open_artifact(place)
        if finished.sha256 != sha256 and not settings.any_artifact:
            raise ValueError(other_artifact(sha256, {finished.sha256}))
        return _of_artifact(settings, place)
    if not WILD.search(text) and _has(place, POINTS):
        return _of_run(place, sha256)
    return _of_scored(text, sha256, settings)


def other_artifact(sha256: str, others: set[str]) -> str:
    """Why a reference of another artifact is refused."""
    shown = ", ".join(f"{other[:12]}…" for other in sorted(others))
    return (
        f"a reference is of the log's artifact, {sha256[:12]}…, got {shown}: score reference texts "
        "with that one (python -m jobs.predict), or add --any-artifact to compare two"
    )


def _has(place: Place, name: str) -> bool:
    if isinstance(place, Path):
        return (place / name).is_file()
    return place.entry(name) is not None
