"""Graphs of every kind of encoder beside transformers. Shapes: N texts, L tokens, K labels."""

from dataclasses import asdict, replace
from typing import Any, get_args

import numpy as np
import pytest
import torch

from emoray.artifact.scoring import logits
from emoray.export.encoder.calibrate import encoder_static_ranges
from emoray.export.encoder.layers import build_encoder
from emoray.export.encoder.network import Encoder
from emoray.models.encoder.module import EncoderClassifier
from emoray.models.encoder.weights import read_classifier
from emoray.quant.granularity import PerChannel
from emoray.quant.scheme import Dynamic, ModelScheme, QuantScheme, Static
from emoray.text.vocabulary import Ragged
from tests.models.encoder.conftest import LABELS
from tests.models.encoder.encoders_made import PIECES, Kind, make_encoder

LONGEST = 160  # beyond the farthest bucket of distances
LENGTHS = (*range(1, 41), 63, 64, 65, 127, 128, 129, 159, LONGEST)


@pytest.fixture(scope="module", params=get_args(Kind))
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("kinds") / request.param
    return make_encoder(folder, request.param, labels=LABELS, positions=LONGEST)


def texts() -> Ragged:
    rng = np.random.default_rng(0)
    return Ragged.from_lists([rng.integers(7, PIECES, length) for length in LENGTHS])


def test_a_graph_says_what_transformers_says_at_every_length(model: Any) -> None:
    from transformers import AutoModelForSequenceClassification

    theirs: Any = AutoModelForSequenceClassification.from_pretrained(model).eval()
    tensors, settings, _ = read_classifier(model)
    found_NK = logits(build_encoder(Encoder.from_tensors(tensors, asdict(settings))).file, texts())
    for i in range(len(LENGTHS)):
        with torch.inference_mode():
            wanted_K = theirs(torch.from_numpy(texts().row(i).astype(np.int64))[None]).logits[0]
        np.testing.assert_allclose(found_NK[i], wanted_K.numpy(), atol=1e-5)


def test_a_graph_reads_means_as_the_module_does(model: Any) -> None:
    tensors, settings, _ = read_classifier(model)
    mean = replace(settings, pooling="mean")
    module = EncoderClassifier(tensors, mean).eval()
    found_NK = logits(build_encoder(Encoder.from_tensors(tensors, asdict(mean))).file, texts())
    with torch.inference_mode():
        wanted_NK = module(torch.from_numpy(texts().padded(np.arange(len(LENGTHS)))).long())
    np.testing.assert_allclose(found_NK, wanted_NK.numpy(), atol=1e-5)


@pytest.mark.parametrize("how", [Dynamic(), Static()], ids=str)
def test_every_product_of_a_kind_becomes_integers(model: Any, how: Any) -> None:
    eight = QuantScheme(grain=PerChannel(-1))
    scheme = ModelScheme(dense=eight, embedding=QuantScheme(grain=PerChannel(0)), activations=how)
    tensors, settings, _ = read_classifier(model)
    network = Encoder.from_tensors(tensors, asdict(settings))
    built = build_encoder(network, scheme, encoder_static_ranges(network, texts(), scheme))
    assert {layer.name for layer in built.layers} == network.weights().keys()
    assert all(layer.scheme is not None for layer in built.layers)
    exact_NK = logits(build_encoder(network).file, texts())
    apart_NK = np.abs(logits(built.file, texts()) - exact_NK)
    assert 0 < apart_NK.mean() < 0.1 * exact_NK.std()
