"""Decisions in a coarser taxonomy from a finer model's logits: how, and at which temperature.

Shapes: N texts, K labels of the model, G labels of the taxonomy, each a group of the model's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from emoray.artifact.runtime import WAYS, derived_logits
from emoray.decide.crossfit import cross_fitted_scores
from emoray.decide.temperature import fit_temperature
from emoray.decide.thresholds import Fixed
from emoray.labels import Taxonomy
from emoray.stages.decision_columns import ModelLogits
from emoray.stages.spec import RULES


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """How a model on finer labels decides in a coarser taxonomy.

    Attributes:
        taxonomy: whose members are places among the model's labels.
        way: how probabilities of a group become one, of `runtime.WAYS`.
        own_temperature: of the model's probabilities.
        dev_macro_f1: cross-fitted on dev, the best of the threshold rules, by way.
    """

    taxonomy: Taxonomy
    way: str
    own_temperature: float
    dev_macro_f1: Mapping[str, float]

    @property
    def groups(self) -> dict[str, list[str]]:
        """The model's labels in each of the taxonomy's."""
        return groups_of(self.taxonomy)

    def logits(self, logits_NK: np.ndarray) -> np.ndarray:
        """Return logits_NG, float32, by the arithmetic of the artifact itself."""
        members = self.taxonomy.members
        return derived_logits(logits_NK, members, self.way, self.own_temperature)

    def of(self, logits: ModelLogits) -> ModelLogits:
        """A model's logits and truth in the taxonomy."""
        both = logits.two_ways
        return ModelLogits(
            dev_NK=self.logits(logits.dev_NK),
            dev_labels_NK=self.taxonomy.project(logits.dev_labels_NK),
            test_NK=self.logits(logits.test_NK),
            test_labels_NK=self.taxonomy.project(logits.test_labels_NK),
            leaked_N=logits.leaked_N,
            two_ways=None if both is None else (self.logits(both[0]), self.logits(both[1])),
        )


def groups_of(taxonomy: Taxonomy) -> dict[str, list[str]]:
    """The finer labels of each label, by name."""
    parts = zip(taxonomy.labels, taxonomy.members, strict=True)
    return {label: [taxonomy.of[i] for i in members] for label, members in parts}


def taxonomy_of_groups(
    name: str, groups: Mapping[str, Sequence[str]], of: Sequence[str]
) -> Taxonomy:
    """The taxonomy that `groups_of` gave the groups of; `of` are the finer labels."""
    places = [tuple(of.index(label) for label in group) for group in groups.values()]
    return Taxonomy(name=name, labels=tuple(groups), members=tuple(places), of=tuple(of))


def scores_by_way(logits: Mapping[str, np.ndarray], labels_NG: np.ndarray) -> dict[str, float]:
    """Cross-fitted macro-F1 of each way's logits_NG, under the best rule of thresholds."""
    decisions = [(rule, 1.0) for rule in RULES if not isinstance(rule, Fixed)]
    return {
        way: float(cross_fitted_scores(decisions, logits_NG, labels_NG).macro_f1_R.max())
        for way, logits_NG in logits.items()
    }


def fit_derivation(
    taxonomy: Taxonomy,
    dev_NK: np.ndarray,
    dev_labels_NG: np.ndarray,
    own_temperature: float,
) -> Derivation:
    """Choose on dev how a group's probabilities become one: by the best cross-fitted macro-F1.

    Args:
        taxonomy: whose members are places among the model's labels.
        dev_NK: the model's logits.
        dev_labels_NG: what is true in the taxonomy.
        own_temperature: of the model's probabilities.

    Returns:
        The derivation, its scores under every way.
    """
    every = {way: derived_logits(dev_NK, taxonomy.members, way, own_temperature) for way in WAYS}
    scores = scores_by_way(every, dev_labels_NG)
    return Derivation(
        taxonomy=taxonomy,
        way=max(WAYS, key=lambda way: scores[way]),
        own_temperature=own_temperature,
        dev_macro_f1=scores,
    )


def derivation_on_dev(taxonomy: Taxonomy, logits: ModelLogits) -> Derivation:
    """The same for a model whose own truth is known: its temperature is fitted on it first."""
    return fit_derivation(
        taxonomy,
        logits.dev_NK,
        taxonomy.project(logits.dev_labels_NK),
        fit_temperature(logits.dev_NK, logits.dev_labels_NK),
    )
