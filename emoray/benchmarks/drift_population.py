"""Real texts as a population from which a reference and a log are drawn, with drifts planted.

What is drawn of one population is without drift by construction, as dev and test drawn once are
not: either would be a sample whose own chance counts as a change. Shapes: N texts, K labels.
"""

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from emoray.artifact.runtime import VOCABULARY, Classifier
from emoray.augment.apertium import Apertium
from emoray.tables.scored_texts import FACTS, ScoredTexts

LOST = 0.05  # of running words
FACTOR = 1.5
# GoEmotions does not keep which subreddit a text is from: a topic stands in for another one.
SPORTS = re.compile(r"\b(games?|team|season|players?|coach|playoffs|league|defense|goal|fans)\b")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Population:
    """Scored texts, what is true of them, and how likely each is to come."""

    label_names: tuple[str, ...]
    texts: tuple[str, ...]
    labels_NK: np.ndarray
    probabilities_NK: np.ndarray
    decided_NK: np.ndarray
    unknown_N: np.ndarray
    truncated_N: np.ndarray
    weights_N: np.ndarray

    @classmethod
    def of(
        cls, classifier: Classifier, texts: Sequence[str], labels_NK: np.ndarray
    ) -> "Population":
        """Score texts, all of which are equally likely."""
        logits_NK, readings = classifier.scores(texts)
        return cls(
            label_names=tuple(classifier.labels),
            texts=tuple(texts),
            labels_NK=labels_NK,
            decided_NK=logits_NK >= classifier.cuts_K,
            probabilities_NK=classifier.probabilities_of(logits_NK),
            unknown_N=np.array([r.unknown_share for r in readings], np.float32),
            truncated_N=np.array([r.truncated for r in readings]),
            weights_N=np.full(len(texts), 1 / len(texts)),
        )

    def weighted(self, weights_N: np.ndarray) -> "Population":
        """The same texts, others of which are more likely."""
        return replace(self, weights_N=weights_N / weights_N.sum())

    def draw(self, rng: np.random.Generator, texts: int) -> tuple[ScoredTexts, np.ndarray]:
        """Draw texts, and what is true of them."""
        at = rng.choice(len(self.texts), size=texts, p=self.weights_N)
        facts = {
            "unknown_share": self.unknown_N[at],
            "truncated": self.truncated_N[at],
            "characters": np.array([len(self.texts[i]) for i in at], np.int32),
        }
        columns = [
            pa.array(facts[f.name], f.type) if f.name in facts else pa.nulls(texts, f.type)
            for f in FACTS
        ]
        scored = ScoredTexts(
            source=Path("drawn"),
            artifact="drawn",
            label_names=self.label_names,
            facts=pa.Table.from_arrays(columns, schema=FACTS),
            probabilities_NK=self.probabilities_NK[at],
            decided_NK=self.decided_NK[at],
            logits_NK=None,
        )
        return scored, self.labels_NK[at]


def _without_words(files: Mapping[str, bytes], texts: Sequence[str], seed: int) -> Classifier:
    """The artifact after it has forgotten words, drawn until they make 5 % of running words."""
    classifier = Classifier(files)
    tokens = [i for text in texts for i in classifier.ids(text)]
    words = files[VOCABULARY].decode().split("\n")
    counts = np.bincount(tokens, minlength=len(words) + 2)[2:]
    order = np.random.default_rng(seed).permutation(len(words))
    order = order[counts[order] < LOST * len(tokens) / 2]  # no word makes half of it alone
    gone = order[np.cumsum(counts[order]) <= LOST * len(tokens)]
    for i in gone:
        words[i] = f"\x01{i}"
    return Classifier({**files, VOCABULARY: "\n".join(words).encode()})


def back_translated(texts: Sequence[str]) -> list[str] | None:
    """The texts by way of Spanish and back; None where no such translator is installed."""
    there = Apertium("eng-spa")
    if shutil.which("apertium") is None or not there.mode.is_file():
        return None
    found = list(texts)
    for way in (there, there.back):
        said = way.open().translate(found)
        found = [new if isinstance(new, str) else old for new, old in zip(said, found, strict=True)]
    return found


Drift = Callable[[np.random.Generator], Population]


def planted_drifts(population: Population, files: Mapping[str, bytes]) -> dict[str, Drift]:
    """Every drift by what it is called: a function that plants it, by chance where it can."""
    labels_NK, names = population.labels_NK, population.label_names

    def mix(rng: np.random.Generator) -> Population:
        side_K = rng.permutation(np.resize([1, -1], len(names)))
        return population.weighted(FACTOR ** np.sign(labels_NK @ side_K))

    def more(name: str) -> Drift:
        carry_N = labels_NK[:, names.index(name)]
        share = carry_N.mean()
        factor = FACTOR * (1 - share) / (1 - FACTOR * share)  # so that its share is 1.5 times
        return lambda rng: population.weighted(np.where(carry_N, factor, 1.0))

    def gone(name: str) -> Drift:
        return lambda rng: population.weighted(1.0 - labels_NK[:, names.index(name)])

    def constant(other: Population) -> Drift:
        return lambda rng: other

    sports_N = np.array([bool(SPORTS.search(text.lower())) for text in population.texts], float)
    forgetful = _without_words(files, population.texts, 0)
    drifts = {
        "half of the labels 1.5 times as often, the others 1.5 times less": mix,
        "gratitude gone": gone("gratitude"),
        "admiration gone": gone("admiration"),
        "love gone": gone("love"),
        "5 % of running words unknown": constant(
            Population.of(forgetful, population.texts, labels_NK)
        ),
        "texts about sports": constant(population.weighted(sports_N)),
    }
    if (translated := back_translated(population.texts)) is not None:
        by_way = Population.of(Classifier(files), translated, labels_NK)
        drifts["texts by way of Spanish and back"] = constant(by_way)
    drifts |= {f"{name} 1.5 times as often": more(name) for name in ("neutral", "admiration")}
    drifts["disapproval gone"] = gone("disapproval")
    return drifts


HARD = ("neutral 1.5 times as often", "admiration 1.5 times as often", "disapproval gone")
