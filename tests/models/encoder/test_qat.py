"""An encoder under fake quantization says what its artifact will say."""

import numpy as np
import pytest
import torch

from emoray.artifact.scoring import logits, scoring_batches
from emoray.export.encoder.calibrate import encoder_static_ranges
from emoray.export.encoder.layers import build_encoder
from emoray.export.encoder.network import Encoder
from emoray.models.batches import PaddedTexts
from emoray.models.encoder.module import EncoderClassifier
from emoray.models.encoder.weights import CheckpointSettings
from emoray.models.losses import WeightedBCE
from emoray.models.qat import refine
from emoray.models.training import FitSettings
from emoray.quant.granularity import PerChannel, PerGroup
from emoray.quant.qat.prepare import prepare
from emoray.quant.ranges import LeastError, Percentile
from emoray.quant.scheme import FLOAT, Dynamic, ModelScheme, QuantScheme, Static
from emoray.text.vocabulary import Ragged
from tests.export.encoder.made import HEADS, LABELS, TOKENS, settings, tensors
from tests.export.encoder.made import encoder as plain
from tests.export.made import texts
from tests.models.encoder.modern_made import as_deberta, as_modern

COLUMN, ROW = PerChannel(-1), PerChannel(0)
BYTES = {"dense": QuantScheme(grain=COLUMN), "embedding": QuantScheme(grain=ROW)}
SCHEMES = (
    ModelScheme(**BYTES, activations=Dynamic()),
    ModelScheme(**BYTES, activations=Static(ranges=Percentile(99.9))),
    ModelScheme(
        dense=QuantScheme(bits=4, grain=PerGroup(16, 0), ranges=LeastError()),
        embedding=QuantScheme(bits=3, symmetric=False, grain=PerGroup(16, -1)),
        keep_float=("head",),
    ),
)


def said(module: torch.nn.Module, wanted: Ragged) -> np.ndarray:
    rows, parts = [], []
    with torch.no_grad():
        for chosen, ids_NL in scoring_batches(wanted):
            rows.append(chosen)
            parts.append(module(torch.from_numpy(ids_NL.astype(np.int64))).numpy())
    return np.concatenate(parts)[np.argsort(np.concatenate(rows))]


KINDS: dict[str, dict[str, object]] = {
    **{"layers": {}, "a layer again and again": {"repeats": 2}, "modern": {"pre_norm": True}},
    "distances": {},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_an_encoder_in_training_says_what_its_artifact_will_say(
    scheme: ModelScheme, kind: str
) -> None:
    wanted = texts(40, TOKENS)
    given, asked = tensors(), settings(**KINDS[kind])
    # In the file positions are float16: rounded before, they make no difference here.
    given["positions"] = given["positions"].astype(np.float16).astype(np.float32)
    if kind == "modern":
        given = as_modern(given, HEADS)
    if kind == "distances":
        given = as_deberta(given)
        # Normalised ones are float16 in the file: a norm that changes nothing keeps them.
        given["distances"] = np.sign(given["distances"])
        given["distances"][:, ::2] = -given["distances"][:, 1::2]
        for part, value in (("scale", 1), ("bias", 0)):
            given[f"distances_norm.{part}"] = np.full_like(given[f"distances_norm.{part}"], value)
    module = EncoderClassifier(given, CheckpointSettings(**asked)).eval()
    untouched_NK = said(module, wanted)
    ranges = encoder_static_ranges(Encoder.from_tensors(given, asked), wanted, scheme)
    prepared = prepare(module, module.weight_places(), scheme, ranges=ranges)
    with torch.no_grad():
        for scale in prepared.scales:
            scale += 0.03 * torch.randn(scale.shape, generator=torch.Generator().manual_seed(0))
    faked_NK = said(module, wanted)
    maps, learned = prepared.maps(), prepared.ranges()
    prepared.strip()
    after = Encoder.from_tensors(module.tensors(), asked)
    shipped_NK = logits(build_encoder(after, scheme, learned, maps).file, wanted)
    drift_NK = np.abs(faked_NK - shipped_NK) / np.abs(shipped_NK).max()
    assert np.quantile(drift_NK, 0.95) <= 1e-4  # a value between two codes may fall either way
    assert np.abs(faked_NK - untouched_NK).max() > 1e-3  # rounding does something


def test_queries_keys_and_values_read_one_activation() -> None:
    module = EncoderClassifier(tensors(), CheckpointSettings(**settings()))
    prepared = prepare(module, module.weight_places(), SCHEMES[0])
    inputs = prepared.inputs
    assert inputs["layer0.query"] is inputs["layer0.key"] is inputs["layer0.value"]
    assert inputs["layer0.query"] is not inputs["layer1.query"]
    assert len(set(inputs.values())) == 2 * 4 + 1  # per layer and the head's
    assert set(prepared.maps()) == set(plain().weights())


def test_columns_and_their_gate_read_one_activation() -> None:
    modern = CheckpointSettings(**settings(pre_norm=True))
    module = EncoderClassifier(as_modern(tensors(), HEADS), modern)
    inputs = prepare(module, module.weight_places(), SCHEMES[0]).inputs
    assert inputs["layer0.inner"] is inputs["layer0.gate"]
    assert len(set(inputs.values())) == 2 * 4 + 1


def test_an_encoder_is_refined_whole() -> None:
    wanted = texts(40, TOKENS)
    ids_NL = wanted.padded(np.arange(40))
    labels_NK = np.random.default_rng(0).integers(0, 2, (40, LABELS)).astype(np.uint8)
    data = PaddedTexts(ids_NL=ids_NL, lengths_N=wanted.lengths, labels_NK=labels_NK)
    how = FitSettings(
        epochs=1,
        patience=1,
        learning_rate=1e-3,
        warmup=0.1,
        clip_norm=1.0,
        batch_size=20,
        seed=0,
        bf16=True,
        loss=WeightedBCE(0.4),
    )
    scores = iter([0.1, 0.2])
    module = EncoderClassifier(tensors(rank=8), CheckpointSettings(**settings()), dropout=0.1)
    found = refine(
        module, SCHEMES[2], how, train=data, dev=data, score=lambda logits_NK: next(scores)
    )
    assert found.kept == 1
    assert found.tensors.keys() == tensors(rank=8).keys()
    assert {"projection", "embedding", "layer1.outer"} <= found.maps.keys()
    after = Encoder.from_tensors(found.tensors, settings())
    float_NK = logits(build_encoder(after, FLOAT).file, wanted)
    shipped_NK = logits(build_encoder(after, SCHEMES[2], found.ranges, found.maps).file, wanted)
    assert 1e-3 < np.abs(float_NK - shipped_NK).mean() < 1
