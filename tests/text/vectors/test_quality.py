import math

import numpy as np
import pytest

from emoray.text.vectors.quality import (
    agreement,
    inflection_score,
    inflections,
    neighbours,
)

WORDS = ("walk", "walked", "the", "they", "hope", "hoping", "hoped", "sun1", "sun1s", "walks")


def test_regular_inflections_of_words_are_found() -> None:
    pairs = {(WORDS[i], WORDS[j]) for i, j in inflections(WORDS)}
    assert pairs == {
        ("walk", "walked"),
        ("walk", "walks"),
        ("hope", "hoping"),
        ("hope", "hoped"),
    }


def test_neighbours_come_nearest_first_and_without_the_word_itself() -> None:
    vectors_VD = np.array([[2.0, 0.0], [1.0, 1.0], [3.0, 0.1], [0.0, 0.0]])
    found = neighbours("abcd", vectors_VD, "a", 2)
    assert [word for word, _ in found] == ["c", "b"]
    assert found[1][1] == pytest.approx(math.sqrt(0.5))
    with pytest.raises(ValueError, match="a word that has a vector, got 'z'"):
        neighbours("abcd", vectors_VD, "z")


def test_vectors_that_know_inflections_score_one_and_random_ones_a_half() -> None:
    stems = [f"{a}{b}{c}{d}" for a in "bdfg" for b in "aio" for c in "klmn" for d in "rtvz"]
    words = [word for stem in stems for word in (stem, f"{stem}s")]
    rng = np.random.default_rng(0)
    stem_VD = rng.normal(size=(len(stems), 30))
    knowing = np.repeat(stem_VD, 2, axis=0) + 0.01 * rng.normal(size=(len(words), 30))
    assert inflection_score(words, knowing) > 0.99
    assert inflection_score(words, rng.normal(size=knowing.shape)) == pytest.approx(0.5, abs=0.05)


def test_without_inflections_there_is_no_score() -> None:
    assert math.isnan(inflection_score(["sun", "rain"], np.eye(2)))


def test_turned_vectors_agree_wholly_and_others_not_at_all() -> None:
    rng = np.random.default_rng(1)
    words = [f"w{i}" for i in range(300)]
    vectors_VD = rng.normal(size=(300, 10))
    turn_DD = np.linalg.qr(rng.normal(size=(10, 10)))[0]
    order = rng.permutation(300)
    shuffled = [words[i] for i in order]
    assert agreement(words, vectors_VD, shuffled, (vectors_VD @ turn_DD)[order]) > 0.999
    assert abs(agreement(words, vectors_VD, words, rng.normal(size=(300, 10)))) < 0.05
    assert math.isnan(agreement(words, vectors_VD, ["w1"], np.ones((1, 10))))
