"""Texts made from others: of their words, by shares, from a seed."""

from collections import Counter

import numpy as np

from emoray.augment.rewritten import LONGEST, MASKED, NGRAM, SPLICED, RewrittenText, rewritten

TEXTS = [" ".join(f"w{i}x{j}" for j in range(3 + i % 9)) for i in range(300)]
APART = np.arange(300) % 2


def made(group_N: np.ndarray = APART, **changes: float) -> list[RewrittenText]:
    knobs = {"copies": 2, "mask": 0.2, "splice": 0.25, "ngrams": 0.5, "seed": 0, **changes}
    return list(rewritten(TEXTS, group_N, **knobs))  # type: ignore[arg-type]


def owners(text: str) -> set[int]:
    """The texts that its words are of."""
    return {int(word[1:].partition("x")[0]) for word in text.split()}


def test_every_text_is_the_beginning_of_as_many_as_were_asked_for() -> None:
    assert Counter(each.source for each in made()) == dict.fromkeys(range(300), 2)


def test_ways_have_their_shares() -> None:
    counts = Counter(each.way for each in made(copies=10))
    for way, share in ((NGRAM, 0.5), (SPLICED, 0.25), (MASKED, 0.25)):
        assert abs(counts[way] / 3000 - share) < 0.04


def test_words_are_of_the_source_and_at_most_one_more_of_its_group() -> None:
    for each in made():
        found = owners(each.text)
        assert len(found | {each.source}) <= 2
        assert {i % 2 for i in found} == {each.source % 2}
        if each.way == MASKED:
            assert found == {each.source}


def test_a_spliced_text_is_two_texts_in_order_where_nothing_is_masked() -> None:
    for each in made(mask=0.0, splice=1.0, ngrams=0.0):
        first = TEXTS[each.source]
        assert each.text.startswith(f"{first} ")
        assert each.text.removeprefix(f"{first} ") in TEXTS


def test_an_ngram_stands_in_two_texts_side_by_side() -> None:
    for each in made(mask=0.0, splice=0.0, ngrams=1.0):
        assert 2 <= len(each.text.split()) <= LONGEST


def test_the_share_that_is_masked_is_left_out_and_one_word_stays() -> None:
    masked = made(splice=0.0, ngrams=0.0, mask=0.3)
    kept = sum(len(each.text.split()) for each in masked)
    assert abs(kept / (2 * sum(len(text.split()) for text in TEXTS)) - 0.7) < 0.03
    assert all(each.text for each in made(splice=0.0, ngrams=0.0, mask=0.99))


def test_a_seed_gives_the_same_texts_and_another_others() -> None:
    assert made() == made() and made() != made(seed=1)


def test_a_text_without_a_word_makes_one_without_a_word() -> None:
    found = list(
        rewritten(["", " "], np.zeros(2, int), copies=1, mask=0.5, splice=0.3, ngrams=0.3, seed=0)
    )
    assert [each.text for each in found] == ["", ""]
