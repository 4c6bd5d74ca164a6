"""Pruning an encoder, on one whose useless parts are known."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

import emoray.models.pruning.encoder as pruning
from emoray.models.batches import PaddedTexts
from emoray.models.encoder.module import EncoderClassifier
from emoray.models.encoder.relative import BUCKETS
from emoray.models.encoder.weights import Tensors
from emoray.models.losses import WeightedBCE
from emoray.models.pruning.activity import unit_gradients
from emoray.models.pruning.encoder import prune_encoder
from emoray.models.pruning.parts import FFN, HEAD, LAYER, PrunedTensors
from emoray.models.pruning.task_loss import TaskLoss
from emoray.quant.pruning import Prune
from tests.models.encoder import made
from tests.models.encoder.modern_made import as_modern

LOSS = WeightedBCE(0.4)
SETTINGS = made.SETTINGS
MODERN = replace(SETTINGS, pre_norm=True)


@cache
def classifier() -> Tensors:
    """A tiny encoder with a head that says something of every text."""
    rng = np.random.default_rng(3)
    found = {n: t * (5 if n.endswith("kernel") else 1) for n, t in made.encoder().items()}
    head = rng.normal(scale=0.5, size=(made.WIDTH, made.LABELS)).astype(np.float32)
    return {**found, "head.kernel": head, "head.bias": np.zeros(made.LABELS, np.float32)}


def logits(tensors: Tensors, texts: PaddedTexts = made.DEV) -> np.ndarray:
    settings = MODERN if "final_norm.scale" in tensors else SETTINGS
    model = EncoderClassifier(tensors, settings).eval()
    with torch.inference_mode():
        return np.asarray(model(torch.from_numpy(texts.ids_NL.astype(np.int64))))


def pruned(tensors: Tensors, prune: Prune) -> PrunedTensors:
    """Of a model that is right about every text of train."""
    right_NK = (logits(tensors, made.TRAIN) > 0).astype(np.uint8)
    train = replace(made.TRAIN, labels_NK=right_NK)
    settings = MODERN if "final_norm.scale" in tensors else SETTINGS
    return prune_encoder(tensors, settings, prune, train=train, loss=LOSS, seed=0)


def changed(tensors: Tensors, **arrays: np.ndarray) -> Tensors:
    return {**tensors, **{name.replace("__", "."): array for name, array in arrays.items()}}


@pytest.fixture
def by_four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "TOGETHER", 4)


def test_gradients_are_those_of_each_text_alone() -> None:
    model = EncoderClassifier(classifier(), SETTINGS).eval().requires_grad_(False)
    losses = TaskLoss.on(made.TRAIN, LOSS)
    some = made.TRAIN.taken(np.arange(5))
    order = np.argsort(some.lengths_N, kind="stable")
    together = unit_gradients(model, some, losses)
    for place, row in enumerate(order):
        alone = unit_gradients(model, some.taken(np.array([row])), losses)
        for whole, one in zip(together, alone, strict=True):
            np.testing.assert_allclose(whole.heads_NH[place], one.heads_NH[0], atol=1e-5)
            np.testing.assert_allclose(whole.columns_NF[place], one.columns_NF[0], atol=1e-5)


def test_a_gradient_says_what_a_little_less_of_a_column_does_to_the_loss() -> None:
    losses, some, step = TaskLoss.on(made.TRAIN, LOSS), made.TRAIN.taken(np.arange(40)), 1e-2
    model = EncoderClassifier(classifier(), SETTINGS).eval().requires_grad_(False)
    found = unit_gradients(model, some, losses)[1].columns_NF.mean(0)
    for column in (0, 7):
        kernels = [classifier()["layer1.outer.kernel"].copy() for _ in range(2)]
        kernels[0][column] *= 1 + step
        kernels[1][column] *= 1 - step
        more, less = (
            losses.mean(
                EncoderClassifier(changed(classifier(), layer1__outer__kernel=k), SETTINGS).eval(),
                some,
            )
            for k in kernels
        )
        assert (more - less) / (2 * step) == pytest.approx(found[column], rel=0.05, abs=1e-4)


def test_columns_that_say_nothing_go_first_and_nothing_changes(by_four: None) -> None:
    kernels = {i: classifier()[f"layer{i}.outer.kernel"].copy() for i in range(2)}
    kernels[0][::2] = 0
    kernels[1][1::2] = 0
    idle = changed(classifier(), layer0__outer__kernel=kernels[0], layer1__outer__kernel=kernels[1])
    found = pruned(idle, Prune(ffn=0.5))
    assert [found.tensors[f"layer{i}.inner.bias"].size for i in range(2)] == [16, 16]
    np.testing.assert_array_equal(
        found.tensors["layer0.inner.kernel"], idle["layer0.inner.kernel"][:, 1::2]
    )
    np.testing.assert_allclose(logits(found.tensors), logits(idle), atol=1e-3)
    ffn = [part for part in found.parts if part.part == FFN]
    assert [(part.units, part.kept) for part in ffn] == [(32, 16), (32, 16)]
    assert all("16 of 32 columns hold 100.0% of the layer's importance" in p.why for p in ffn)


def test_a_head_that_says_nothing_goes_first_and_nothing_changes() -> None:
    kernel = classifier()["layer1.attention.kernel"].copy()
    kernel[8:] = 0  # of the second head
    idle = changed(classifier(), layer1__attention__kernel=kernel)
    found = pruned(idle, Prune(heads=0.25))
    assert [found.tensors[f"layer{i}.query.bias"].size for i in range(2)] == [16, 8]
    np.testing.assert_allclose(logits(found.tensors), logits(idle), atol=1e-3)
    said = {(p.layer, p.number): p for p in found.parts if p.part == HEAD}
    assert [part.kept for part in said.values()] == [1, 1, 1, 0]
    assert said["layer1", 1].why == "removed: importance 4 of 4"


def test_a_layer_that_says_nothing_goes_first_and_nothing_changes() -> None:
    idle = dict(classifier())
    for name in ("attention", "outer"):
        idle[f"layer0.{name}.kernel"] = np.zeros_like(idle[f"layer0.{name}.kernel"])
        idle[f"layer0.{name}.bias"] = np.zeros_like(idle[f"layer0.{name}.bias"])
        idle[f"layer0.{name}_norm.bias"] = np.zeros_like(idle[f"layer0.{name}_norm.bias"])
    idle["norm.bias"] = np.zeros_like(idle["norm.bias"])
    found = pruned(idle, Prune(layers=1))
    assert sum(name.endswith("query.bias") for name in found.tensors) == 1
    np.testing.assert_array_equal(found.tensors["layer0.inner.kernel"], idle["layer1.inner.kernel"])
    np.testing.assert_allclose(logits(found.tensors), logits(idle), atol=1e-3)
    kept, gone = (p for p in found.parts if p.part == LAYER)
    assert (kept.layer, kept.kept, gone.layer, gone.kept) == ("layer1", 1, "layer0", 0)
    assert gone.why.startswith("removed, number 1: the loss changes least without it by")
    assert gone.importance == pytest.approx(0, abs=1e-5) and kept.importance > 0.01


def test_what_is_left_makes_up_for_what_is_gone(by_four: None) -> None:
    """Least squares brings the logits nearer than cutting alone does."""
    found = pruned(classifier(), Prune(heads=0.5, ffn=0.5)).tensors
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pruning, "repair", lambda *given: None)
        cut = pruned(classifier(), Prune(heads=0.5, ffn=0.5)).tensors
    whole = logits(classifier())
    errors = [np.square(logits(each) - whole).mean() for each in (found, cut)]
    assert errors[0] < 0.7 * errors[1]
    for name, values in cut.items():
        moved = name.endswith(("attention.kernel", "attention.bias", "outer.kernel", "outer.bias"))
        assert moved or np.array_equal(found[name], values), name


def test_the_last_layer_may_go_and_the_one_below_takes_its_norm() -> None:
    scaled = {"layer1__outer_norm__scale": np.full(made.WIDTH, 3.0, np.float32)}
    idle = changed(classifier(), **scaled)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pruning, "_layers_left", lambda *given: ([0], []))
        found = pruned(idle, Prune(layers=1)).tensors
    assert (found["layer0.outer_norm.scale"] == 3).all()


def test_the_same_training_is_pruned_to_the_same_bytes(by_four: None) -> None:
    first, again = (pruned(classifier(), Prune(heads=0.5, ffn=0.5)) for _ in range(2))
    assert first.parts == again.parts
    assert all(np.array_equal(first.tensors[name], again.tensors[name]) for name in first.tensors)


def test_no_encoder_loses_all_its_layers() -> None:
    with pytest.raises(ValueError, match="an encoder keeps a layer, got 2 to remove of 2"):
        pruned(classifier(), Prune(layers=2))


def test_heads_that_count_distance_stay() -> None:
    with pytest.raises(ValueError, match="heads that count distance share one table and stay"):
        pruned({**classifier(), "relative": np.zeros((BUCKETS, 2), np.float32)}, Prune(heads=0.5))


def test_gated_columns_and_turned_heads_that_say_nothing_go_first(by_four: None) -> None:
    idle = as_modern(classifier(), SETTINGS.heads)
    for i in range(2):
        outer = idle[f"layer{i}.outer.kernel"].copy()
        outer[i::2] = 0
        idle[f"layer{i}.outer.kernel"] = outer
    seen = idle["layer1.attention.kernel"].copy()
    seen[:8] = 0  # of the first head
    idle["layer1.attention.kernel"] = seen
    found = pruned(idle, Prune(heads=0.25, ffn=0.5)).tensors
    for i in range(2):
        for name in ("inner", "gate"):
            wanted = idle[f"layer{i}.{name}.kernel"][:, 1 - i :: 2]
            np.testing.assert_array_equal(found[f"layer{i}.{name}.kernel"], wanted)
    assert found["layer1.query.bias"].size == 8 and found["layer0.query.bias"].size == 16
    np.testing.assert_allclose(logits(found), logits(idle), atol=1e-3)


def test_a_layer_that_normalises_first_goes_with_what_it_sees() -> None:
    idle = as_modern(classifier(), SETTINGS.heads)
    for name in ("attention", "outer"):
        for part in ("kernel", "bias"):
            idle[f"layer0.{name}.{part}"] = np.zeros_like(idle[f"layer0.{name}.{part}"])
    found = pruned(idle, Prune(layers=1)).tensors
    assert {"layer0.window", "layer0.attention_norm.scale"} <= found.keys()
    assert not any(name.startswith("layer1.") for name in found)
    for name in ("rotary", "window", "outer_norm.scale", "gate.kernel"):
        np.testing.assert_array_equal(found[f"layer0.{name}"], idle[f"layer1.{name}"])
    np.testing.assert_allclose(logits(found), logits(idle), atol=1e-3)
