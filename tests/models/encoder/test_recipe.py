from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from emoray.models.encoder.recipe import AllPieces, BertRecipe, Cls, UsedPieces
from emoray.models.losses import Focal


def test_a_recipe_says_what_a_search_compares() -> None:
    assert str(BertRecipe()) == "ekman all-MiniLM-L6-v2 l6 d384 used1+2000s3 mean weighted_bce0.4"
    other = BertRecipe(
        taxonomy="sentiment",
        encoder="somebody/an-encoder/",
        layers=2,
        embedding_dim=64,
        pieces=AllPieces(),
        pooling=Cls(),
        loss=Focal(),
        seed=3,
    )
    assert str(other) == "sentiment an-encoder l2 d64 all cls focal2a0.5"
    assert other.without_seed() == replace(other, seed=0) and other.family == "bert"
    assert len({other, other.without_seed()}) == 2


def test_a_small_corpus_is_read_in_smaller_batches() -> None:
    sizes = {texts: BertRecipe().batch_of(texts) for texts in (8, 1000, 43_410)}
    assert sizes == {8: 8, 1000: 15, 43_410: 64}
    assert BertRecipe(batch_size=4).batch_of(100_000) == 4


REFUSED: dict[str, dict[str, Any]] = {
    "layers must be at least 1, got 0": {"layers": 0},
    "embedding_dim must be at least 1, got 0": {"embedding_dim": 0},
    "epochs must be at least 1, got 0": {"epochs": 0},
    "patience must be at least 1, got 0": {"patience": 0},
    "batch_size must be at least 1, got 0": {"batch_size": 0},
    "learning_rate must be above 0, got 0": {"learning_rate": 0},
    "learning_rate must be above 0, got nan": {"learning_rate": np.nan},
    "head_rate must be above 0, got -1": {"head_rate": -1},
    "clip_norm must be above 0, got 0": {"clip_norm": 0},
    "dropout must lie in [0, 1), got 1": {"dropout": 1},
    "warmup must lie in [0, 1), got -0.1": {"warmup": -0.1},
    "weight_decay must be at least 0, got -0.1": {"weight_decay": -0.1},
    "weight_decay must be at least 0, got nan": {"weight_decay": np.nan},
    "max_tokens must be at least 3, got 2: two frame every text": {"max_tokens": 2},
}


@pytest.mark.parametrize("words", REFUSED)
def test_a_recipe_refuses_what_cannot_be_trained(words: str) -> None:
    with pytest.raises(ValueError) as refused:
        BertRecipe(**REFUSED[words])
    assert words in str(refused.value)


def test_pieces_refuse_counts_that_mean_nothing() -> None:
    with pytest.raises(ValueError, match="min_count must be at least 1, got 0"):
        UsedPieces(min_count=0)
    with pytest.raises(ValueError, match="allowance must be at least 0, got -1: 0 adds nothing"):
        UsedPieces(allowance=-1)
