"""One fine-tuning from the outside: what it learns and keeps, and how it survives its process.

Shapes: N texts, K labels, E epochs.
"""

import multiprocessing
import shutil
import signal
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from emoray.models.batches import PaddedTexts
from emoray.models.encoder.finetune import FineTuned, parameter_groups, with_head
from emoray.models.encoder.module import EncoderClassifier
from emoray.models.encoder.recipe import Cls
from emoray.models.heads import Head, with_heads
from emoray.models.losses import BCE, Asymmetric, Focal, Loss, WeightedBCE
from emoray.models.training import CHECKPOINT
from tests.models.encoder.made import (
    DEV,
    SETTINGS,
    TINY,
    TRAIN,
    WIDTH,
    Told,
    dev_macro_f1,
    encoder,
    texts,
    tune_until_killed,
    tuned,
)

PRIOR_K = TRAIN.labels_NK.mean(0)
ONE_EPOCH = replace(TINY, epochs=1, layers=1)
SECONDS = ("wall_seconds", "cpu_seconds")


def logits(tuned: FineTuned, texts: PaddedTexts) -> np.ndarray:
    model = EncoderClassifier(tuned.tensors, tuned.settings).eval()
    with torch.inference_mode():
        return model(torch.from_numpy(texts.ids_NL.astype(np.int64))).numpy()


def same(one: FineTuned, other: FineTuned) -> bool:
    assert one.tensors.keys() == other.tensors.keys()
    return all(np.array_equal(one.tensors[name], other.tensors[name]) for name in one.tensors)


def epochs(tuned: FineTuned) -> list[dict[str, float]]:
    """What every epoch said, but for how long it took."""
    return [{k: v for k, v in asdict(e).items() if k not in SECONDS} for e in tuned.epochs]


@pytest.fixture(scope="module")
def whole() -> Told:
    """A fine-tuning that nothing interrupted."""
    return tuned()


def test_what_words_say_is_learnt(whole: Told) -> None:
    first, *_, last = whole.tuned.epochs
    assert last.train_loss < 0.7 * first.train_loss and last.dev_loss < first.dev_loss
    chance = dev_macro_f1(np.random.default_rng(0).normal(size=DEV.labels_NK.shape))
    best = max(epoch.dev_macro_f1 for epoch in whole.tuned.epochs)
    assert best > chance + 0.25
    assert whole.reports == list(whole.tuned.epochs)
    assert all(epoch.wall_seconds > 0 and epoch.cpu_seconds > 0 for epoch in whole.reports)


@pytest.mark.parametrize(("loss", "rank"), [(BCE(), 6), (Focal(), WIDTH), (Asymmetric(), 6)])
def test_every_loss_is_learnt_also_with_a_factorised_embedding(loss: Loss, rank: int) -> None:
    told = tuned(replace(TINY, loss=loss, embedding_dim=rank, layers=1, epochs=2, pooling=Cls()))
    first, last = told.tuned.epochs
    assert last.train_loss < first.train_loss
    assert told.tuned.tensors["embedding"].shape == (40, rank)
    assert ("projection" in told.tuned.tensors) is (rank < WIDTH)
    assert told.tuned.settings == replace(SETTINGS, pooling="cls")


def test_equal_seeds_give_equal_weights_and_another_seed_others(whole: Told) -> None:
    assert same(whole.tuned, tuned().tuned)
    other = tuned(replace(TINY, seed=1, epochs=1)).tuned
    assert not np.array_equal(other.tensors["head.kernel"], whole.tuned.tensors["head.kernel"])
    assert other.epochs[0].train_loss != whole.tuned.epochs[0].train_loss


def test_nothing_outside_is_seeded() -> None:
    torch.manual_seed(5)
    tuned(ONE_EPOCH)
    one = torch.rand(3)
    torch.manual_seed(5)
    tuned(replace(ONE_EPOCH, seed=1))
    assert torch.equal(one, torch.rand(3))


@pytest.mark.parametrize("loss", [BCE(), WeightedBCE(1.0)], ids=str)
def test_patience_ends_it_and_the_best_epoch_is_kept_with_an_honest_bias(loss: Loss) -> None:
    recipe = replace(TINY, loss=loss, layers=1, epochs=6, patience=2, bf16=False)
    told = tuned(recipe, scores=[0.5, 0.7, 0.7, 0.6, 0.9])
    assert len(told.tuned.epochs) == 4 and told.tuned.kept == 2, "equal is no better"
    taken_back_K = np.log(loss.positive_weights(PRIOR_K))
    found_NK = logits(told.tuned, DEV) + taken_back_K
    np.testing.assert_allclose(found_NK, told.logits_ENK[1], atol=1e-5)
    assert abs(found_NK - told.logits_ENK[3]).max() > 0.1, "later epochs say something else"


def test_probabilities_are_honest_whatever_the_weights() -> None:
    recipe = replace(TINY, loss=WeightedBCE(1.0), batch_size=32, layers=1, bf16=False)
    told = tuned(recipe, train=texts(1200, seed=3))
    unseen = texts(1200, seed=4)
    shares_K = (1 / (1 + np.exp(-logits(told.tuned, unseen)))).mean(0)
    np.testing.assert_allclose(shares_K, unseen.labels_NK.mean(0), atol=0.05)


def test_the_start_says_the_share_of_every_label_under_its_loss() -> None:
    for loss in (BCE(), WeightedBCE(1.0)):
        start = with_head(encoder(), 3, replace(TINY, loss=loss), PRIOR_K)
        odds_K = np.exp(start["head.bias"]) / loss.positive_weights(PRIOR_K)
        np.testing.assert_allclose(odds_K / (1 + odds_K), PRIOR_K, rtol=1e-5)
        assert 0.01 < start["head.kernel"].std() < 0.03


def test_every_weight_learns_at_its_rate_and_vectors_do_not_decay() -> None:
    tensors = with_head(encoder(), 3, replace(TINY, embedding_dim=4), PRIOR_K)
    model = EncoderClassifier(tensors, SETTINGS)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    seen = []
    for group in parameter_groups(model, replace(TINY, weight_decay=0.1)):
        for parameter in group["params"]:
            name = names[id(parameter)]
            seen.append(name)
            head = name.startswith("head.")
            assert group["lr"] == pytest.approx(TINY.learning_rate * (1.5 if head else 1.0))
            assert group["weight_decay"] == (0.0 if parameter.ndim == 1 else 0.1)
    assert sorted(seen) == sorted(names.values())


def test_half_precision_learns_what_full_precision_does(whole: Told) -> None:
    full = tuned(replace(TINY, bf16=False)).tuned
    for half_epoch, full_epoch in zip(whole.tuned.epochs, full.epochs, strict=True):
        assert half_epoch.train_loss == pytest.approx(full_epoch.train_loss, rel=0.1)
        assert half_epoch.dev_macro_f1 == pytest.approx(full_epoch.dev_macro_f1, abs=0.1)
    assert all(t.dtype == np.float32 for t in whole.tuned.tensors.values())


@pytest.mark.parametrize(("count", "what"), [(240, "training loss"), (8, "a dev logit")])
def test_a_rate_beyond_all_measure_is_said(count: int, what: str) -> None:
    recipe = replace(TINY, learning_rate=1e30, layers=1, epochs=1)
    with pytest.raises(FloatingPointError, match=rf"{what} must be .* epoch 1: lower the learning"):
        tuned(recipe, train=texts(count, seed=1))


REFUSED = {
    "max_tokens must not exceed the encoder's 14 positions, got 15": {"max_tokens": 15},
    "embedding_dim must lie in 1..16, .* got 17": {"embedding_dim": 17},
}


@pytest.mark.parametrize("words", REFUSED)
def test_more_than_the_encoder_has_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match=words):
        tuned(replace(TINY, **REFUSED[words]))


class Ending(list[float]):
    """Scores; whoever asks for more than there are is interrupted."""

    def __getitem__(self, at: Any) -> Any:
        if at >= len(self):
            raise KeyboardInterrupt
        return super().__getitem__(at)


def killed_after(folder: Path, last: int) -> None:
    """A real process, dead after an epoch."""
    spawn = multiprocessing.get_context("spawn")
    process = spawn.Process(target=tune_until_killed, args=(folder, last))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.long
def test_a_killed_fit_goes_on_where_it_was_and_ends_the_same(whole: Told, tmp_path: Path) -> None:
    for last in (1, 2):  # twice: what went on goes on again
        killed_after(tmp_path, last)
    told = tuned(unfinished=tmp_path)
    assert [epoch.epoch for epoch in told.reports] == [3], "nothing is done again"
    assert [epoch.epoch for epoch in told.tuned.epochs] == [1, 2, 3]
    assert epochs(told.tuned) == epochs(whole.tuned) and told.tuned.kept == whole.tuned.kept
    assert same(told.tuned, whole.tuned)
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT]


def test_a_fit_killed_when_all_was_done_does_nothing_again(tmp_path: Path) -> None:
    recipe = replace(TINY, layers=1, patience=1)
    first = tuned(recipe, scores=[0.9, 0.5], unfinished=tmp_path)
    again = tuned(recipe, scores=[], unfinished=tmp_path)
    assert not again.reports and again.tuned.kept == 1
    assert again.tuned.epochs == first.tuned.epochs and same(again.tuned, first.tuned)


def test_a_fit_that_averages_goes_on_with_its_average(tmp_path: Path) -> None:
    recipe = replace(TINY, layers=1, epochs=2, patience=2, ema=0.9)
    whole = tuned(recipe, scores=[0.5, 0.9])
    plain = tuned(replace(recipe, ema=0.0), scores=[0.5, 0.9])
    assert not same(whole.tuned, plain.tuned)

    with pytest.raises(KeyboardInterrupt):
        tuned(recipe, scores=Ending([0.5]), unfinished=tmp_path)
    told = tuned(recipe, scores=[0.9], unfinished=tmp_path)
    assert [epoch.epoch for epoch in told.reports] == [2]
    assert same(told.tuned, whole.tuned)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, FineTuned]:
    """The checkpoint of `ONE_EPOCH`, and its outcome."""
    folder = tmp_path_factory.mktemp("saved")
    return folder / CHECKPOINT, tuned(ONE_EPOCH, unfinished=folder).tuned


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-2000])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _text(path: Path) -> None:
    path.write_text("hello\n")


def _of_another_shape(path: Path) -> None:
    path.unlink()
    tuned(replace(ONE_EPOCH, embedding_dim=4), unfinished=path.parent)


def _without_a_part(path: Path) -> None:
    state = torch.load(path, weights_only=True)
    del state["schedule"]
    torch.save(state, path)


@pytest.mark.parametrize("damage", [_cut, _empty, _text, _of_another_shape, _without_a_part])
def test_a_damaged_checkpoint_starts_over(
    damage: Callable[[Path], None], saved: tuple[Path, FineTuned], tmp_path: Path
) -> None:
    checkpoint, wanted = saved
    shutil.copyfile(checkpoint, tmp_path / CHECKPOINT)
    damage(tmp_path / CHECKPOINT)
    found = tuned(ONE_EPOCH, unfinished=tmp_path)
    assert [epoch.epoch for epoch in found.reports] == [1]
    assert same(found.tuned, wanted)


def test_progress_is_kept_where_the_folder_went_missing(tmp_path: Path) -> None:
    folder = tmp_path / "unfinished"
    tuned(ONE_EPOCH, unfinished=folder)
    assert [path.name for path in folder.iterdir()] == [CHECKPOINT]


def test_heads_are_learned_beside_the_labels_and_gone_in_the_end() -> None:
    coarse_NH = TRAIN.labels_NK[:, :2].max(axis=1, keepdims=True)
    labels_NK, weights_K = with_heads(TRAIN.labels_NK, (Head("b", 0.5),), {"b": coarse_NH})
    joint = tuned(ONE_EPOCH, train=replace(TRAIN, labels_NK=labels_NK, weights_K=weights_K))
    plain = tuned(ONE_EPOCH)
    found, wanted = joint.tuned.tensors, plain.tuned.tensors
    assert {n: t.shape for n, t in found.items()} == {n: t.shape for n, t in wanted.items()}
    assert joint.logits_ENK[0].shape == DEV.labels_NK.shape
    assert not np.array_equal(joint.logits_ENK[0], plain.logits_ENK[0])
    assert logits(joint.tuned, DEV).shape == DEV.labels_NK.shape
