"""Training on features: the dense layers of the words' family on rows that are scaled once.

TensorFlow is imported from here on: only processes that train should import this file.
Shapes: N rows, F features, K labels.
"""

import emoray.models.word.tensorflow_process  # noqa: F401

# isort: split
from collections.abc import Callable

import keras
import numpy as np

from emoray.models.batches import PaddedTexts
from emoray.models.features.recipe import FeatureRecipe
from emoray.models.features.scaling import Scaling
from emoray.models.outcome import Epoch, TrainedWeights, finite, unweighted
from emoray.models.word.keras_model import dense_tensors, dense_top
from emoray.models.word.keras_training import Trainer, fit_keras


def train_features(
    recipe: FeatureRecipe,
    *,
    train: PaddedTexts,
    dev: PaddedTexts,
    score: Callable[[np.ndarray], float],
    report: Callable[[Epoch], None] = lambda epoch: None,
    keep_last: bool = False,
) -> TrainedWeights:
    """Fit on `train`; keep the epoch of the best dev score, stop `patience` epochs after it.

    Args:
        recipe: of the training.
        train: rows to fit, and to scale by.
        dev: rows to score.
        score: maps dev logits to a score, higher is better.
        report: called after each epoch.
        keep_last: as of `fit_keras`.

    Returns:
        The weights of the kept epoch, with the scaling.
    """
    prior_K = np.clip(train.labels_NK.mean(0), 1e-4, 1 - 1e-4)
    scaling = Scaling.of(train.ids_NL, recipe.embedding_dim)
    x, dev_x = scaling.apply(train.ids_NL), scaling.apply(dev.ids_NL)
    keras.utils.set_random_seed(recipe.seed)
    model = keras.Sequential([keras.Input(x.shape[1:]), *dense_top(recipe, prior_K)])
    trainer = Trainer(recipe, model, x, train, prior_K)
    epochs, kept = fit_keras(trainer, dev_x, dev, score, report, keep_last=keep_last)
    tensors = {**scaling.tensors(), **dense_tensors(model, recipe.layers)}
    tensors["head.bias"] = unweighted(recipe.loss, tensors["head.bias"], prior_K)
    return TrainedWeights(tensors=finite(tensors, recipe), epochs=epochs, kept=kept)
