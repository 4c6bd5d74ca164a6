"""Training on under a scheme: it wins back what rounding lost, and what ships is what was scored.

Shapes: N texts, L tokens, K labels.
"""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from emoray.artifact.scoring import logits
from emoray.export.calibrate import static_ranges
from emoray.export.graph import build_graph
from emoray.export.network import Network
from emoray.models.batches import PaddedTexts
from emoray.models.losses import BCE, Loss, WeightedBCE
from emoray.models.outcome import Epoch
from emoray.models.qat import Refined, refine
from emoray.models.training import Fit, FitSettings, fit
from emoray.models.word.torch_module import WordNetwork
from emoray.quant.granularity import PerChannel
from emoray.quant.ranges import LeastError
from emoray.quant.scheme import Dynamic, ModelScheme, QuantScheme, Static
from emoray.text.vocabulary import Ragged

WORDS, WIDTH, HIDDEN, LABELS = 40, 8, 12, 3
POOLS = ("mean", "max")
COLUMN, ROW = PerChannel(-1), PerChannel(0)
TWO_BITS = ModelScheme(
    dense=QuantScheme(bits=2, grain=COLUMN, ranges=LeastError()),
    embedding=QuantScheme(bits=2, symmetric=False, grain=ROW, ranges=LeastError()),
)
BYTES = {"dense": QuantScheme(grain=COLUMN), "embedding": QuantScheme(grain=ROW)}
FITTING = FitSettings(
    epochs=12,
    patience=12,
    learning_rate=0.02,
    warmup=0.05,
    clip_norm=10.0,
    batch_size=32,
    seed=0,
    bf16=False,
    loss=BCE(),
)


def ragged(count: int, seed: int) -> Ragged:
    random = np.random.default_rng(seed)
    return Ragged.from_lists([random.integers(1, WORDS, n) for n in random.integers(1, 9, count)])


def texts(ragged: Ragged) -> PaddedTexts:
    """Label k stands where one of the words k, k + 3, … below 18 does."""
    ids_NL = ragged.padded(np.arange(len(ragged)))
    of_NL = np.where((ids_NL > 1) & (ids_NL < 18), ids_NL % LABELS, -1)
    labels_NK = np.stack([(of_NL == k).any(1) for k in range(LABELS)], 1).astype(np.uint8)
    return PaddedTexts(ids_NL=ids_NL, lengths_N=ragged.lengths, labels_NK=labels_NK)


TRAIN, DEV = texts(ragged(400, seed=1)), texts(ragged(200, seed=2))


def macro_f1(logits_NK: np.ndarray) -> float:
    said_NK, true_NK = logits_NK > 0, DEV.labels_NK > 0
    right_K = (said_NK & true_NK).sum(0)
    return float((2 * right_K / np.maximum(1, said_NK.sum(0) + true_NK.sum(0))).mean())


def start() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)

    def normal(*shape: int) -> np.ndarray:
        return random.normal(scale=0.3, size=shape).astype(np.float32)

    tensors = {
        "embedding": normal(WORDS, WIDTH),
        "dense0.kernel": normal(2 * WIDTH, HIDDEN),
        "dense0.bias": normal(HIDDEN),
        "head.kernel": normal(HIDDEN, LABELS),
        "head.bias": normal(LABELS),
    }
    tensors["embedding"][0] = 0
    return tensors


@cache
def trained() -> dict[str, np.ndarray]:
    """The tensors of a training in floats."""
    network = WordNetwork(start(), POOLS)
    groups = [{"params": list(network.parameters()), "lr": 0.02, "weight_decay": 0.0}]
    prior_K = TRAIN.labels_NK.mean(0)
    fit(Fit(network, groups, FITTING, TRAIN, prior_K, torch.device("cpu")), DEV, macro_f1)
    return network.tensors()


def shipped(scheme: ModelScheme, refined: Refined | None = None) -> np.ndarray:
    """Dev logits of the artifact, with or without training under its scheme."""
    tensors = refined.tensors if refined else trained()
    network = Network.from_tensors(tensors, POOLS)
    ranges = refined.ranges if refined else calibrated(scheme)
    built = build_graph(network, scheme, ranges, refined.maps if refined else None)
    return logits(built.file, ragged(200, seed=2))


def calibrated(scheme: ModelScheme) -> dict[str, tuple[float, float]] | None:
    return static_ranges(Network.from_tensors(trained(), POOLS), ragged(200, seed=2), scheme)


def refined(
    scheme: ModelScheme, *, epochs: int = 3, learned: bool = True, seed: int = 0
) -> Refined:
    how = replace(FITTING, epochs=epochs, learning_rate=0.005, seed=seed)
    return refine(
        WordNetwork(trained(), POOLS),
        scheme,
        how,
        train=TRAIN,
        dev=DEV,
        score=macro_f1,
        ranges=calibrated(scheme),
        learned=learned,
    )


@pytest.mark.parametrize("learned", [True, False], ids=["learned", "observed"])
def test_two_bits_trained_beat_two_bits_rounded(learned: bool) -> None:
    after = macro_f1(shipped(TWO_BITS))
    found = refined(TWO_BITS, learned=learned)
    within = macro_f1(shipped(TWO_BITS, found))
    assert found.kept > 0
    assert within > after + 0.03
    assert within == pytest.approx(found.epochs[found.kept - 1].dev_macro_f1, abs=0.005)


@pytest.mark.parametrize(
    "scheme",
    [ModelScheme(**BYTES, activations=Dynamic()), ModelScheme(**BYTES, activations=Static())],
    ids=str,
)
def test_eight_bits_lose_nothing(scheme: ModelScheme) -> None:
    found = refined(scheme, epochs=1)
    assert macro_f1(shipped(scheme, found)) >= macro_f1(shipped(scheme)) - 0.005


@pytest.mark.parametrize("loss", [BCE(), WeightedBCE(0.5)], ids=str)
def test_the_start_is_kept_where_no_epoch_is_better(loss: Loss) -> None:
    scores = iter([0.5, 0.1, 0.5])
    found = refine(
        WordNetwork(trained(), POOLS),
        TWO_BITS,
        replace(FITTING, epochs=2, patience=2, loss=loss),
        train=TRAIN,
        dev=DEV,
        score=lambda logits_NK: next(scores),
    )
    assert found.kept == 0
    assert [epoch.epoch for epoch in found.epochs] == [1, 2]
    for name, values in trained().items():
        np.testing.assert_allclose(found.tensors[name], values, atol=1e-6)


def test_equal_seeds_give_equal_outcomes() -> None:
    first, again, other = (refined(TWO_BITS, epochs=1, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(shipped(TWO_BITS, first), shipped(TWO_BITS, again))
    assert not np.array_equal(shipped(TWO_BITS, first), shipped(TWO_BITS, other))


def test_every_epoch_is_reported() -> None:
    told: list[Epoch] = []
    found = refine(
        WordNetwork(trained(), POOLS, dropout=0.1),
        TWO_BITS,
        replace(FITTING, epochs=1),
        train=TRAIN,
        dev=DEV,
        score=macro_f1,
        report=told.append,
    )
    assert tuple(told) == found.epochs
