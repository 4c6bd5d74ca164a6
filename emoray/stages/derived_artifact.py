"""A finished artifact on its way to a decision in a coarser taxonomy.

Shapes: N texts, K labels of the artifact, G labels of the taxonomy.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from emoray.artifact.loading import Finished
from emoray.artifact.packaging import DerivedDecision
from emoray.artifact.runtime import NOISY_OR, WAYS
from emoray.data.groups import read_groups
from emoray.labels import TAXONOMIES, Taxonomy, coarser, same_labels, taxonomy
from emoray.stages.artifact_scoring import ArtifactEvaluation
from emoray.stages.deriving import groups_of, scores_by_way


def _wanted(finished: Finished, name: str | None, groups: Path | None) -> tuple[str, Taxonomy]:
    """Name of the artifact's own taxonomy, and the coarser one over its labels."""
    own = same_labels(finished.own_labels, TAXONOMIES.values())
    native = "own" if own is None else own.name
    if groups is not None:
        found = read_groups(groups, finished.own_labels)
        if name not in (None, found.name):
            raise ValueError(
                f"a file of groups names its taxonomy, {groups} is {found.name!r}, got --taxonomy "
                f"{name}: leave --taxonomy out, or rename the file"
            )
        return native, found
    assert name is not None
    coarse = taxonomy(name)
    if own is None:
        raise ValueError(
            f"{name} groups the labels of {' or '.join(map(str, TAXONOMIES))}, got an artifact "
            "with others: give groups of its labels with --groups FILE"
        )
    over = coarser(coarse, own)
    named = [[over.of[i] for i in members] for members in over.members]
    places = [tuple(finished.own_labels.index(label) for label in group) for group in named]
    return native, replace(over, members=tuple(places), of=finished.own_labels)


def beginning(finished: Finished, name: str | None, groups: Path | None) -> Finished:
    """The artifact as it decides in a taxonomy before anything is fitted: at one half.

    Args:
        finished: the artifact in its own labels.
        name: of the taxonomy; None for that of the file.
        groups: a file of groups; None for a known taxonomy.

    Returns:
        The artifact, its labels' probabilities joined as if they were independent.
    """
    native, wanted = _wanted(finished, name, groups)
    return finished.deciding(
        DerivedDecision(
            taxonomy=wanted.name,
            native=native,
            groups=groups_of(wanted),
            way=NOISY_OR,
            own_temperature=finished.temperature,
            temperature=1.0,
            cuts_G=np.zeros(len(wanted.labels)),
            rule="fixed0.5",
        )
    )


def with_best_way(
    evaluation: ArtifactEvaluation,
) -> tuple[ArtifactEvaluation, Mapping[str, float]]:
    """Join probabilities in the way that is best on dev.

    Args:
        evaluation: of an artifact in a coarser taxonomy.

    Returns:
        The evaluation of the artifact that joins them so, and the cross-fitted macro-F1 by way.
    """
    derived = evaluation.subject.derived
    assert derived is not None
    by_way = {
        way: replace(evaluation, subject=evaluation.subject.deciding(replace(derived, way=way)))
        for way in WAYS
    }
    dev = {way: each.split_logits("dev") for way, each in by_way.items()}
    scores = scores_by_way(
        {way: split.logits_NK for way, split in dev.items()}, dev[NOISY_OR].labels_NK
    )
    return by_way[max(WAYS, key=lambda way: scores[way])], scores
