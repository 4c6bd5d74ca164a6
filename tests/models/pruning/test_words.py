import numpy as np
import pytest
import torch

from emoray.models.batches import PaddedTexts
from emoray.models.losses import BCE
from emoray.models.pruning.healing import heal, logits_on
from emoray.models.pruning.task_loss import TaskLoss
from emoray.models.pruning.words import prune_words, word_importance
from emoray.models.training import FitSettings
from emoray.models.word.torch_module import WordNetwork
from emoray.quant.pruning import Prune

WORDS, WIDTH, LABELS = 12, 4, 2
RNG = np.random.default_rng(0)
IDLE = 4  # a word with the vector of the unknown one


def network() -> tuple[dict[str, np.ndarray], WordNetwork]:
    tensors = {
        "embedding": RNG.normal(size=(WORDS, WIDTH)).astype(np.float32),
        "head.kernel": RNG.normal(size=(2 * WIDTH, LABELS)).astype(np.float32),
        "head.bias": np.zeros(LABELS, np.float32),
    }
    tensors["embedding"][0] = 0
    tensors["embedding"][IDLE] = tensors["embedding"][1]
    return tensors, WordNetwork(tensors, ["mean", "max"])


def texts(count: int = 200) -> PaddedTexts:
    lengths_N = RNG.integers(1, 6, count)
    ids_NL = RNG.integers(1, WORDS - 1, (count, 6))  # the last word never occurs
    ids_NL[np.arange(6) >= lengths_N[:, None]] = 0
    labels_NK = RNG.integers(0, 2, (count, LABELS)).astype(np.uint8)
    return PaddedTexts(ids_NL=ids_NL.astype(np.int32), lengths_N=lengths_N, labels_NK=labels_NK)


TENSORS, MODEL = network()
TRAIN = texts()


def test_a_words_importance_is_that_of_a_mask_towards_the_unknown_word() -> None:
    """By the definition: text by text, with autograd on the vectors themselves."""
    found_V = word_importance(MODEL, TRAIN, TaskLoss.on(TRAIN, BCE()))
    expected_V = np.zeros(WORDS)
    for n in range(len(TRAIN.lengths_N)):
        ids = torch.from_numpy(TRAIN.ids_NL[n, : TRAIN.lengths_N[n]].astype(np.int64))[None]
        for word in set(ids[0].tolist()):
            share = torch.zeros((), requires_grad=True)
            table = MODEL.embedding.weight.detach()
            moved = table[word] + share * (table[1] - table[word])
            vectors = torch.where((ids == word)[..., None], moved, table[ids])
            logits = _logits(vectors)
            targets = torch.from_numpy(TRAIN.labels_NK[n].astype(np.float32))
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                logits, targets[None], reduction="sum"
            )
            (gradient,) = torch.autograd.grad(loss, share)
            expected_V[word] += 0.5 * float(gradient) ** 2
    np.testing.assert_allclose(found_V, expected_V / len(TRAIN.lengths_N), rtol=1e-3, atol=1e-8)


def _logits(vectors: torch.Tensor) -> torch.Tensor:
    pooled = torch.cat([vectors.mean(1), vectors.amax(1)], 1)
    return pooled @ torch.from_numpy(TENSORS["head.kernel"])


def test_words_that_say_nothing_go_first() -> None:
    found = prune_words(TENSORS, MODEL, Prune(rows=0.2), train=TRAIN, loss=BCE())
    assert found.kept_ids is not None
    assert found.kept_ids.tolist() == [i for i in range(WORDS) if i not in (IDLE, WORDS - 1)]
    np.testing.assert_array_equal(found.tensors["embedding"], TENSORS["embedding"][found.kept_ids])
    (part,) = found.parts
    assert (part.part, part.units, part.kept) == ("rows", WORDS - 2, WORDS - 4)
    assert part.why == (
        "8 of 10 words hold 100.0% of their importance; 7 of them are among as many most frequent "
        "ones"
    )


@pytest.mark.parametrize("share", [0.05, 0.5, 0.99])
def test_padding_and_the_unknown_word_always_stay(share: float) -> None:
    found = prune_words(TENSORS, MODEL, Prune(rows=share), train=TRAIN, loss=BCE())
    assert found.kept_ids is not None
    assert found.kept_ids[:2].tolist() == [0, 1]
    assert len(found.kept_ids) == 2 + WORDS - 2 - int(share * (WORDS - 2))


def test_healing_brings_logits_nearer_to_those_of_the_whole_model() -> None:
    device = torch.device("cpu")
    whole_NK = logits_on(MODEL, TRAIN, device)
    found = prune_words(TENSORS, MODEL, Prune(rows=0.5), train=TRAIN, loss=BCE())
    assert found.kept_ids is not None
    new_V = np.ones(WORDS, int)
    new_V[found.kept_ids] = np.arange(len(found.kept_ids))
    fewer = PaddedTexts(
        ids_NL=new_V[TRAIN.ids_NL].astype(np.int32),
        lengths_N=TRAIN.lengths_N,
        labels_NK=TRAIN.labels_NK,
    )
    left = WordNetwork(found.tensors, ["mean", "max"])
    before = np.square(logits_on(left, fewer, device) - whole_NK).mean()
    how = FitSettings(
        epochs=20,
        patience=20,
        learning_rate=0.02,
        warmup=0.1,
        clip_norm=1.0,
        batch_size=20,
        seed=0,
        bf16=False,
        loss=BCE(),
    )
    scores = iter(range(100))
    healed = heal(
        left,
        whole_NK,
        how,
        train=fewer,
        dev=fewer,
        score=lambda logits_NK: float(next(scores)),  # every epoch is better
        device=device,
    )
    after = np.square(logits_on(left, fewer, device) - whole_NK).mean()
    assert healed.kept == 20 and after < 0.8 * before
    assert healed.tensors["embedding"].shape == found.tensors["embedding"].shape
