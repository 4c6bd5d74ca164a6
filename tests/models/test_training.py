"""A moving average of the weights takes their place where a recipe asks for it."""

import numpy as np
import torch
from torch import Tensor, nn

from emoray.models.batches import PaddedTexts
from emoray.models.losses import BCE
from emoray.models.training import Fit, FitSettings

TEXTS, LENGTH, LABELS, EMA = 12, 4, 3, 0.75


class Linear(nn.Module):
    """Logits of the ids themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.zeros(LENGTH, LABELS))

    def forward(self, ids: Tensor) -> Tensor:
        return ids.float() @ self.kernel


def fitting(ema: float) -> tuple[Fit, list[np.ndarray]]:
    """A fit of three steps an epoch, and the weights after each step, as they come."""
    settings = FitSettings(
        epochs=2,
        patience=2,
        learning_rate=0.1,
        warmup=0.1,
        clip_norm=1.0,
        batch_size=4,
        seed=0,
        bf16=False,
        loss=BCE(),
        ema=ema,
    )
    random = np.random.default_rng(0)
    texts = PaddedTexts(
        ids_NL=random.integers(1, 9, (TEXTS, LENGTH)),
        lengths_N=np.full(TEXTS, LENGTH),
        labels_NK=random.integers(0, 2, (TEXTS, LABELS)).astype(np.uint8),
    )
    model = Linear()
    groups = [{"params": [model.kernel], "lr": 0.1, "weight_decay": 0.0}]
    fit = Fit(model, groups, settings, texts, texts.labels_NK.mean(0), torch.device("cpu"))
    steps: list[np.ndarray] = []
    fit.optimizer.register_step_post_hook(
        lambda *_: steps.append(model.kernel.detach().numpy().copy())
    )
    return fit, steps


def test_what_counts_is_the_moving_average_over_all_steps() -> None:
    fit, steps = fitting(EMA)
    for number in (1, 2):
        fit.epoch(number, lambda share: None)
    expected = steps[0]
    for step in steps[1:]:
        expected = EMA * expected + (1 - EMA) * step
    assert len(steps) == 6 and not np.allclose(expected, steps[-1])
    found = dict(fit.result.state_dict())["kernel"].numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_allclose(fit.logits(fit.train), fit.train.ids_NL @ expected, rtol=1e-4)


def test_averaging_does_not_change_the_steps_themselves() -> None:
    (fit, steps), (plain, plain_steps) = fitting(EMA), fitting(0.0)
    for each in (fit, plain):
        each.epoch(1, lambda share: None)
    np.testing.assert_array_equal(steps[-1], plain_steps[-1])
    assert plain.result is plain.model
