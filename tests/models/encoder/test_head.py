"""A head by itself on an encoder as it is, or on one that learned pairs before.

Shapes: N texts, D width, K labels.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from emoray.models.contrast import Contrast
from emoray.models.encoder.head import fit_head, read_vectors
from emoray.models.encoder.module import EncoderClassifier
from emoray.models.encoder.tuning import HeadOnly, PairsFirst
from emoray.models.heads import Head
from emoray.models.losses import BCE, WeightedBCE
from tests.models.encoder.made import DEV, SETTINGS, TINY, TRAIN, dev_macro_f1, encoder, tuned

HEAD = replace(TINY, layers=1, loss=BCE(), tuning=HeadOnly(c=0.5), bf16=False)
PAIRS = replace(HEAD, tuning=PairsFirst(epochs=12, batch_size=24, learning_rate=1e-2, c=0.5))


def cosines(model: EncoderClassifier) -> tuple[float, float]:
    """Mean cosine of texts with equal label sets and with disjoint ones, on dev."""
    vectors_ND = read_vectors(model, DEV)
    unit_ND = vectors_ND / np.linalg.norm(vectors_ND, axis=1, keepdims=True)
    labels_NK = DEV.labels_NK.astype(int)
    equal = (labels_NK[:, None] == labels_NK[None]).all(2) & ~np.eye(len(labels_NK), dtype=bool)
    apart = ((labels_NK @ labels_NK.T) == 0) & labels_NK.any(1)[:, None] & labels_NK.any(1)
    cosine_NN = unit_ND @ unit_ND.T
    return float(cosine_NN[equal].mean()), float(cosine_NN[apart].mean())


def test_the_encoder_stays_and_the_head_is_logistic_regression() -> None:
    told = tuned(HEAD).tuned
    for name, tensor in encoder(1).items():
        np.testing.assert_array_equal(told.tensors[name], tensor, err_msg=name)
    model = EncoderClassifier(told.tensors, told.settings)
    vectors_ND = read_vectors(model, TRAIN)
    scaled_ND = (vectors_ND - vectors_ND.mean(0)) / vectors_ND.std(0)
    for k in range(TRAIN.labels_NK.shape[1]):
        wanted = LogisticRegression(C=0.5, tol=1e-8, max_iter=5000).fit(
            scaled_ND, TRAIN.labels_NK[:, k]
        )
        found_N = vectors_ND @ told.tensors["head.kernel"][:, k] + told.tensors["head.bias"][k]
        np.testing.assert_allclose(found_N, wanted.decision_function(scaled_ND), atol=0.02)
    assert told.kept == 1 and len(told.epochs) == 1
    assert told.epochs[0].dev_macro_f1 == pytest.approx(
        dev_macro_f1(
            read_vectors(model, DEV) @ told.tensors["head.kernel"] + told.tensors["head.bias"]
        )
    )


def test_a_weighted_loss_leaves_the_bias_honest() -> None:
    vectors_ND = np.random.default_rng(0).normal(size=(4000, 3)).astype(np.float32)
    labels_NK = (np.random.default_rng(1).random((4000, 1)) < 0.1).astype(np.uint8)
    prior_K, loss = labels_NK.mean(0), WeightedBCE(1.0)
    _, bias_K = fit_head(vectors_ND, labels_NK, loss, prior_K, 1.0)
    honest_K = bias_K - np.log(loss.positive_weights(prior_K))
    assert 1 / (1 + np.exp(-honest_K)) == pytest.approx(prior_K, rel=0.05)


def test_pairs_draw_texts_of_equal_labels_together_and_others_apart() -> None:
    before = EncoderClassifier(
        {**encoder(1), "head.kernel": np.zeros((16, 3)), "head.bias": np.zeros(3)}, SETTINGS
    )
    told = tuned(PAIRS).tuned
    near, far = cosines(EncoderClassifier(told.tensors, told.settings))
    near_before, far_before = cosines(before)
    assert near - far > near_before - far_before + 0.1
    assert told.epochs[0].dev_macro_f1 > tuned(HEAD).tuned.epochs[0].dev_macro_f1


def test_equal_seeds_give_equal_weights() -> None:
    short = replace(PAIRS, tuning=PairsFirst(epochs=1, batch_size=64))
    one, other, third = (tuned(replace(short, seed=seed)).tuned for seed in (0, 0, 1))
    kernel = "layer0.query.kernel"
    np.testing.assert_array_equal(one.tensors[kernel], other.tensors[kernel])
    assert (one.tensors[kernel] != third.tensors[kernel]).any()


def test_an_encoder_is_contrasted_while_it_is_tuned() -> None:
    few = replace(TINY, layers=1, epochs=1, bf16=False)
    plain = tuned(few).tuned
    for contrast in (Contrast(weight=1.0), Contrast(weight=1.0, queue=32)):
        told = tuned(replace(few, auxiliary=contrast)).tuned
        assert told.tensors.keys() == plain.tensors.keys()
        assert told.epochs[0].train_loss > plain.epochs[0].train_loss + 1
        assert (told.tensors["layer0.query.kernel"] != plain.tensors["layer0.query.kernel"]).any()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"auxiliary": Contrast()}, "got contrast0.1t0.1 with head0.003"),
        ({"heads": (Head("sentiment"),)}, r"got \+sentiment\*0.3 with head0.003"),
        ({"ema": 0.9}, "got ema0.9 with head0.003"),
    ],
)
def test_what_a_head_alone_does_not_learn_is_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(TINY, tuning=HeadOnly(), **values)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"c": 0.0}, "c must be finite and above 0, got 0"),
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"batch_size": 1}, "batch_size must be at least 2, got 1"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0, got 0"),
    ],
)
def test_what_no_phase_of_pairs_can_be_is_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        PairsFirst(**values)


def test_a_recipe_says_its_tuning_only_where_it_is_not_end_to_end() -> None:
    assert str(replace(TINY, tuning=HeadOnly())) == f"{TINY} head0.003"
    assert " pairs10x64r5e-05t0.1c0.003" in str(replace(TINY, tuning=PairsFirst()))
