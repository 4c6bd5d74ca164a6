"""A GPU that is too small for a batch computes it in parts: the same gradients, or a clear end."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from emoray.models.batches import PaddedTexts
from emoray.models.losses import BCE
from emoray.models.training import Fit, FitSettings

TEXTS, LENGTH, LABELS = 10, 4, 3
SETTINGS = FitSettings(
    epochs=1,
    patience=1,
    learning_rate=0.1,
    warmup=0.1,
    clip_norm=1.0,
    batch_size=8,
    seed=0,
    bf16=False,
    loss=BCE(),
)


class Small(nn.Module):
    """A classifier on a device with room for so many texts at once."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room
        self.seen: list[int] = []
        generator = torch.Generator().manual_seed(0)
        self.kernel = nn.Parameter(torch.randn(LENGTH, LABELS, generator=generator) / 10)

    def forward(self, ids: Tensor) -> Tensor:
        self.seen.append(len(ids))
        if len(ids) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")
        return ids.float() @ self.kernel


def fitting(room: int) -> tuple[Fit, Small]:
    random = np.random.default_rng(0)
    labels_NK = random.integers(0, 2, (TEXTS, LABELS)).astype(np.uint8)
    ids_NL = random.integers(1, 9, (TEXTS, LENGTH))
    texts = PaddedTexts(ids_NL=ids_NL, lengths_N=np.full(TEXTS, LENGTH), labels_NK=labels_NK)
    model = Small(room)
    groups = [{"params": [model.kernel], "lr": 0.1, "weight_decay": 0.0}]
    return Fit(model, groups, SETTINGS, texts, labels_NK.mean(0), torch.device("cpu")), model


@pytest.mark.parametrize("room", [4, 3, 1])
def test_a_batch_in_parts_trains_as_the_whole_does(room: int) -> None:
    (whole, big), (parts, small) = fitting(100), fitting(room)
    assert parts.epoch(1, lambda share: None) == pytest.approx(whole.epoch(1, lambda share: None))
    torch.testing.assert_close(small.kernel, big.kernel)
    np.testing.assert_allclose(parts.logits(parts.train), whole.logits(whole.train), rtol=1e-5)
    assert sorted(big.seen) == [2, 8, 10], "batches, then all at once"
    assert max(small.seen) > room >= small.seen[-1], "tried, and found too many"


def test_what_has_no_room_for_one_text_says_so() -> None:
    fit, _ = fitting(0)
    with pytest.raises(torch.OutOfMemoryError, match="CUDA out of memory"):
        fit.epoch(1, lambda share: None)
    fit, _ = fitting(0)
    with pytest.raises(torch.OutOfMemoryError, match="CUDA out of memory"):
        fit.logits(fit.train)
