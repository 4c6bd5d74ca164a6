"""The module beside transformers' own models, and its dropout.

Shapes: N texts, L tokens, D width, K labels, V pieces.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch

from emoray.models.encoder.layers import FastDropout
from emoray.models.encoder.module import EncoderClassifier
from emoray.models.encoder.weights import (
    CheckpointSettings,
    Tensors,
    factorised,
    layer_width,
    read_classifier,
    read_config,
    read_encoder,
)
from tests.models.encoder.conftest import LABELS, Made
from tests.models.encoder.encoders_made import PIECES, Kind

KINDS = get_args(Kind)
LENGTHS_N = (3, 17, 1, 40, 9)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Nothing of transformers' progress bars and notes."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    yield
    logging.set_verbosity_warning()
    logging.enable_progress_bar()


def padding_first(folder: Path) -> np.ndarray:
    """The encoder's own id of each of our ids: padding and id 0 change places."""
    pad = read_config(folder)["pad_token_id"]
    own_V = np.arange(PIECES)
    own_V[[0, pad]] = pad, 0
    return own_V


def batch() -> torch.Tensor:
    """Random texts of several lengths, padded with 0."""
    rng = np.random.default_rng(1)
    ids_NL = np.zeros((len(LENGTHS_N), max(LENGTHS_N)), np.int64)
    for i, length in enumerate(LENGTHS_N):
        ids_NL[i, :length] = rng.integers(5, PIECES, length)
    return torch.from_numpy(ids_NL)


def as_logits(tensors: Tensors, settings: CheckpointSettings, folder: Path) -> EncoderClassifier:
    """A head that changes nothing, so that the logits are the pooled hidden states."""
    width = layer_width(tensors)
    head = {"head.kernel": np.eye(width), "head.bias": np.zeros(width)}
    embedding_VD = tensors["embedding"][padding_first(folder)]
    return EncoderClassifier({**tensors, **head, "embedding": embedding_VD}, settings).eval()


@torch.inference_mode()
def hidden_states(folder: Path) -> tuple[torch.Tensor, ...]:
    """What transformers says of `batch()`: the hidden states were each layer the last one."""
    from transformers import AutoModel

    model: Any = AutoModel.from_pretrained(folder).eval()
    ids_NL = batch()
    own_NL = torch.from_numpy(padding_first(folder))[ids_NL]
    out = model(own_NL, attention_mask=(ids_NL != 0).long(), output_hidden_states=True)
    norm = getattr(model, "final_norm", lambda x_NLD: x_NLD)  # of layers that normalise first
    return (*map(norm, out.hidden_states[:-1]), out.last_hidden_state)


def mean_of_real(x_NLD: torch.Tensor) -> np.ndarray:
    real_NL1 = (batch() != 0)[..., None].float()
    return ((x_NLD * real_NL1).sum(1) / real_NL1.sum(1)).numpy()


@torch.inference_mode()
def said(model: EncoderClassifier) -> np.ndarray:
    return model(batch()).numpy()


@pytest.mark.parametrize("kind", KINDS)
def test_every_layer_says_what_transformers_says(made: Made, kind: Kind) -> None:
    folder = made(kind, False)
    states = hidden_states(folder)
    for layers in (1, 2):
        tensors, settings = read_encoder(folder, layers=layers)
        mean = as_logits(tensors, settings, folder)
        cls = as_logits(tensors, replace(settings, pooling="cls"), folder)
        wanted_NLD = states[layers]
        np.testing.assert_allclose(said(mean), mean_of_real(wanted_NLD), atol=1e-5)
        np.testing.assert_allclose(said(cls), wanted_NLD[:, 0].numpy(), atol=1e-5)


@pytest.mark.parametrize("activation", ["gelu_new", "relu"])
def test_every_activation_is_transformers_own(made: Made, tmp_path: Path, activation: str) -> None:
    folder = tmp_path / "other"
    shutil.copytree(made("bert", False), folder)
    config = read_config(folder) | {"hidden_act": activation}
    (folder / "config.json").write_text(json.dumps(config))
    found_ND = said(as_logits(*read_encoder(folder), folder))
    np.testing.assert_allclose(found_ND, mean_of_real(hidden_states(folder)[-1]), atol=1e-5)
    plain_ND = said(as_logits(*read_encoder(made("bert", False)), folder))
    assert abs(found_ND - plain_ND).max() > 1e-4, "another activation says something else"


@pytest.mark.parametrize("kind", KINDS)
def test_a_classifier_says_what_transformers_says(made: Made, kind: Kind) -> None:
    from transformers import AutoModelForSequenceClassification

    folder = made(kind, True)
    tensors, settings, labels = read_classifier(folder)
    tensors["embedding"] = tensors["embedding"][padding_first(folder)]
    theirs: Any = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    ids_NL = batch()
    with torch.inference_mode():
        own_NL = torch.from_numpy(padding_first(folder))[ids_NL]
        wanted_NK = theirs(own_NL, attention_mask=(ids_NL != 0).long()).logits.numpy()
    assert labels == LABELS
    np.testing.assert_allclose(
        said(EncoderClassifier(tensors, settings).eval()), wanted_NK, atol=1e-5
    )


@pytest.mark.parametrize("rank", [5, 32])
def test_tensors_come_back_as_they_were(made: Made, rank: int) -> None:
    tensors, settings, _ = read_classifier(made("bert", True))
    tensors = factorised(tensors, rank)
    model = EncoderClassifier(tensors, settings)
    found = model.tensors()
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(found[name], tensor)
        assert found[name].dtype == np.float32 and found[name].flags.c_contiguous
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    assert all(found[name].any() for name in found), "they lie on memory of their own"
    counted = sum(parameter.numel() for parameter in model.parameters())
    assert counted == sum(tensor.size for tensor in found.values())


def test_padding_and_neighbours_change_no_text(made: Made) -> None:
    tensors, settings, _ = read_classifier(made("distilbert", True))
    for pooling in ("mean", "cls"):
        model = EncoderClassifier(tensors, replace(settings, pooling=pooling)).eval()
        ids_NL = batch()
        wider_NL = torch.cat([ids_NL, torch.zeros(len(ids_NL), 11, dtype=torch.int64)], 1)
        with torch.inference_mode():
            alone_NK = torch.cat(
                [model(row[None, :n]) for row, n in zip(ids_NL, LENGTHS_N, strict=True)]
            )
            np.testing.assert_allclose(model(ids_NL), alone_NK, atol=1e-5)
            np.testing.assert_allclose(model(wider_NL), alone_NK, atol=1e-5)


def test_a_factorised_embedding_is_the_product_of_its_parts(made: Made) -> None:
    tensors, settings, _ = read_classifier(made("bert", True))
    parts = factorised(tensors, 7)
    product = {**tensors, "embedding": parts["embedding"] @ parts["projection"]}
    narrow_NK = said(EncoderClassifier(parts, settings).eval())
    np.testing.assert_allclose(
        narrow_NK, said(EncoderClassifier(product, settings).eval()), atol=1e-5
    )
    assert abs(narrow_NK - said(EncoderClassifier(tensors, settings).eval())).max() > 1e-2


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_drops_its_share_and_keeps_the_expectation(p: float) -> None:
    torch.manual_seed(0)
    dropout = FastDropout(p)
    dropped = dropout(torch.ones(300, 333))
    rounded = round(p * 256) / 256
    assert abs(rounded - p) <= 1 / 512
    share = float((dropped == 0).float().mean())
    assert share == pytest.approx(rounded, abs=4 * (p * (1 - p) / dropped.numel()) ** 0.5)
    kept = dropped[dropped != 0]
    torch.testing.assert_close(kept, torch.full_like(kept, 1 / (1 - rounded)))
    assert not torch.equal(dropped, dropout(torch.ones(300, 333))), "every mask is drawn anew"


def test_dropout_is_off_where_nothing_is_learnt() -> None:
    x = torch.randn(5, 7)
    assert torch.equal(FastDropout(0.5).eval()(x), x)
    assert torch.equal(FastDropout(0.0)(x), x)


def test_the_highest_dropout_still_keeps_something() -> None:
    x = FastDropout(0.9999)(torch.ones(100_000))
    assert torch.isfinite(x).all() and x.any()
