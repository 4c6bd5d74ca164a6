"""A tiny random encoder and framed texts whose labels can be learnt from their words.

Shapes: N texts, K labels, V pieces, D width.
"""

import os
import signal
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from emoray.decide.crossfit import cross_fitted_macro_f1
from emoray.decide.thresholds import PerLabel
from emoray.models.batches import PaddedTexts
from emoray.models.encoder.finetune import FineTuned, fine_tune
from emoray.models.encoder.recipe import BertRecipe
from emoray.models.encoder.weights import CheckpointSettings, Tensors
from emoray.models.outcome import Epoch

PIECES, WIDTH, POSITIONS, LABELS = 40, 16, 14, 3
FIRST, LAST = 2, 3  # the pieces around every text
SETTINGS = CheckpointSettings(heads=2, epsilon=1e-12, activation="gelu")
TINY = BertRecipe(
    layers=2,
    embedding_dim=WIDTH,
    epochs=3,
    batch_size=8,
    learning_rate=1e-2,
    head_rate=1.5,
    max_tokens=POSITIONS,
)


def encoder(layers: int = 2) -> Tensors:
    """Random tensors, as `read_encoder` gives them."""
    rng = np.random.default_rng(0)
    shapes: dict[str, tuple[int, ...]] = {
        "embedding": (PIECES, WIDTH),
        "positions": (POSITIONS, WIDTH),
        "norm.bias": (WIDTH,),
    }
    scales = ["norm.scale"]
    for i in range(layers):
        for name in ("query", "key", "value", "attention"):
            shapes[f"layer{i}.{name}.kernel"] = WIDTH, WIDTH
            shapes[f"layer{i}.{name}.bias"] = (WIDTH,)
        shapes |= {f"layer{i}.inner.kernel": (WIDTH, 32), f"layer{i}.inner.bias": (32,)}
        shapes |= {f"layer{i}.outer.kernel": (32, WIDTH), f"layer{i}.outer.bias": (WIDTH,)}
        shapes |= {f"layer{i}.{norm}.bias": (WIDTH,) for norm in ("attention_norm", "outer_norm")}
        scales += [f"layer{i}.attention_norm.scale", f"layer{i}.outer_norm.scale"]
    found = {name: rng.normal(scale=0.1, size=shape) for name, shape in shapes.items()}
    found |= {name: np.ones(WIDTH) for name in scales}
    return {name: tensor.astype(np.float32) for name, tensor in found.items()}


def texts(count: int, seed: int) -> PaddedTexts:
    """Label 0 stands where piece 6 does, 1 where 4 or 7, 2 where 5 or 8."""
    rng = np.random.default_rng(seed)
    lengths_N = rng.integers(3, POSITIONS + 1, count)
    ids_NL = np.zeros((count, POSITIONS), np.int32)
    for ids, length in zip(ids_NL, lengths_N, strict=True):
        ids[:length] = FIRST, *rng.integers(4, PIECES, length - 2), LAST
    known_NL = np.where((ids_NL > 3) & (ids_NL < 9), ids_NL % LABELS, -1)
    labels_NK = np.stack([(known_NL == k).any(1) for k in range(LABELS)], 1)
    return PaddedTexts(ids_NL=ids_NL, lengths_N=lengths_N, labels_NK=labels_NK.astype(np.uint8))


TRAIN, DEV = texts(240, seed=1), texts(120, seed=2)


def dev_macro_f1(logits_NK: np.ndarray) -> float:
    """As the stage scores an epoch."""
    return cross_fitted_macro_f1(PerLabel(), logits_NK, DEV.labels_NK)


@dataclass(eq=False)
class Told:
    """One fine-tuning and all it said: the dev logits and the report of each epoch."""

    scores: list[float] | None = None
    logits_ENK: list[np.ndarray] = field(default_factory=list)
    reports: list[Epoch] = field(default_factory=list)
    done: FineTuned | None = None

    @property
    def tuned(self) -> FineTuned:
        assert self.done is not None
        return self.done

    def score(self, logits_NK: np.ndarray) -> float:
        self.logits_ENK.append(logits_NK)
        if self.scores is None:
            return dev_macro_f1(logits_NK)
        return self.scores[len(self.logits_ENK) - 1]


def tuned(
    recipe: BertRecipe = TINY,
    *,
    scores: list[float] | None = None,
    train: PaddedTexts = TRAIN,
    unfinished: Path | None = None,
) -> Told:
    """Fine-tune; `scores` says what each epoch scores."""
    told = Told(scores)
    told.done = fine_tune(
        recipe,
        encoder(recipe.layers),
        SETTINGS,
        train=train,
        dev=DEV,
        score=told.score,
        unfinished=unfinished,
        report=told.reports.append,
    )
    return told


def tune_until_killed(unfinished: Path, last: int) -> None:
    """Fine-tune, for a process of its own, which ends the hard way once epoch `last` is over."""

    def report(epoch: Epoch) -> None:
        if epoch.epoch == last:
            os.kill(os.getpid(), signal.SIGKILL)

    fine_tune(
        TINY,
        encoder(),
        SETTINGS,
        train=TRAIN,
        dev=DEV,
        score=dev_macro_f1,
        unfinished=unfinished,
        report=report,
    )
