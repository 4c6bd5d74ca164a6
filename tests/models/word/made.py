"""Tiny texts whose labels can be learnt from their words, and the same model through onnxruntime.

Shapes: N texts, L tokens, D width, V rows of the embedding, K labels.
"""

from dataclasses import dataclass, field

import numpy as np

from emoray.artifact.scoring import logits
from emoray.export.graph import build_graph
from emoray.export.network import Network
from emoray.models.batches import PaddedTexts
from emoray.models.outcome import Epoch, TrainedWeights
from emoray.models.word.keras_model import train_keras
from emoray.models.word.recipe import GloveRecipe
from emoray.quant.scheme import FLOAT
from emoray.text.vocabulary import Ragged

WORDS, WIDTH, LABELS = 40, 8, 3
RARE_M = np.array([1, 38, 39])  # the unknown word and two words without a vector


def ragged(count: int, seed: int) -> Ragged:
    """Texts of 1 to 12 words, the first ones short."""
    rng = np.random.default_rng(seed)
    lengths = [1, 1, 2, 3, *rng.integers(1, 13, count - 4)]
    return Ragged.from_lists([rng.integers(1, WORDS, n) for n in lengths])


def texts(ragged: Ragged) -> PaddedTexts:
    """Label k stands where one of the words k, k + 3, ... below 15, or a rare one, does."""
    ids_NL = ragged.padded(np.arange(len(ragged)))
    known_NL = np.where((ids_NL > 1) & ((ids_NL < 15) | (ids_NL > 37)), ids_NL % LABELS, -1)
    labels_NK = np.stack([(known_NL == k).any(1) for k in range(LABELS)], 1).astype(np.uint8)
    return PaddedTexts(ids_NL=ids_NL, lengths_N=ragged.lengths, labels_NK=labels_NK)


TRAIN, DEV = texts(ragged(160, seed=1)), texts(ragged(70, seed=2))


def vectors_VD() -> np.ndarray:
    """Random vectors; padding and the two rare words are zero."""
    vectors_VD = np.random.default_rng(3).normal(scale=0.5, size=(WORDS, WIDTH))
    vectors_VD[[0, 38, 39]] = 0
    return vectors_VD.astype(np.float32)


@dataclass(eq=False)
class Told:
    """One training and all it said: the dev logits and the report of each epoch."""

    trained: TrainedWeights | None = None
    logits_ENK: list[np.ndarray] = field(default_factory=list)
    reports: list[Epoch] = field(default_factory=list)

    @property
    def tensors(self) -> dict[str, np.ndarray]:
        assert self.trained is not None
        return self.trained.tensors

    @property
    def kept_logits_NK(self) -> np.ndarray:
        assert self.trained is not None
        return self.logits_ENK[self.trained.kept - 1]


def trained(
    recipe: GloveRecipe,
    scores: list[float] | None = None,
    dev: PaddedTexts = DEV,
    train: PaddedTexts = TRAIN,
) -> Told:
    """Train; `scores` says what each epoch scores, else later is better."""
    told = Told()

    def score(logits_NK: np.ndarray) -> float:
        told.logits_ENK.append(logits_NK)
        return float(len(told.logits_ENK)) if scores is None else scores[len(told.logits_ENK) - 1]

    told.trained = train_keras(
        recipe,
        train=train,
        dev=dev,
        vectors_VD=vectors_VD(),
        rare_M=RARE_M,
        score=score,
        report=told.reports.append,
    )
    return told


def exported_logits(told: Told, recipe: GloveRecipe, wanted: Ragged) -> np.ndarray:
    """What onnxruntime says, from nothing but the tensors."""
    network = Network.from_tensors(told.tensors, [str(pool) for pool in recipe.pools])
    return logits(build_graph(network, FLOAT).model.SerializeToString(), wanted)
