"""Byte pairs are joined in n log n, and as a pass over the whole word for each merge joins them."""

import time
from itertools import pairwise

import numpy as np
import pytest

from emoray.artifact.runtime import BytePairs, WordPiece

PIECES = {"max_tokens": 64, "prefix": [], "suffix": [], "added": []}


def byte_pairs(merges: list[str]) -> BytePairs:
    settings = PIECES | {"kind": "bpe", "merges": merges, "add_prefix_space": False}
    return BytePairs(settings, {})


def by_definition(order: dict[tuple[str, ...], int], word: str) -> tuple[str, ...]:
    """The first pair of the order that stands in the word is joined wherever it does, again and
    again."""
    found = list(word)
    while len(found) > 1:
        best = min(pairwise(found), key=lambda pair: order.get(pair, len(order)))
        if best not in order:
            break
        joined, i = [], 0
        while i < len(found):
            both = tuple(found[i : i + 2]) == best
            joined.append("".join(best) if both else found[i])
            i += 1 + both
        found = joined
    return tuple(found)


def random_merges(rng: np.random.Generator, signs: str, count: int, *, trained: bool) -> list[str]:
    """Merges of what earlier ones made; not `trained`: in an order that no training leaves."""
    pieces, merges = list(signs), []
    for _ in range(count):
        left, right = (pieces[int(rng.integers(len(pieces)))] for _ in range(2))
        merges.append(f"{left} {right}")
        pieces.append(left + right)
    merges = list(dict.fromkeys(merges))
    return merges if trained else [merges[i] for i in rng.permutation(len(merges))]


@pytest.mark.parametrize("trained", [True, False], ids=["trained", "in any order"])
@pytest.mark.parametrize("signs", ["ab", "abc", "abcdefgh"])
def test_words_are_cut_as_one_pass_for_each_merge_cuts_them(signs: str, trained: bool) -> None:
    rng = np.random.default_rng(0)
    for _ in range(40):
        merges = random_merges(rng, signs, int(rng.integers(1, 30)), trained=trained)
        ours = byte_pairs(merges)
        order = {tuple(merge.split(" ")): i for i, merge in enumerate(merges)}
        for _ in range(25):
            word = "".join(rng.choice(list(signs), int(rng.integers(1, 40))))
            assert ours.pieces(word) == by_definition(order, word)


def test_a_word_four_times_as_long_takes_about_four_times_as_long() -> None:
    rng = np.random.default_rng(1)
    ours = byte_pairs(random_merges(rng, "abcdefgh", 400, trained=True))
    times = []
    for length in (8_000, 32_000):
        word = "".join(rng.choice(list("abcdefgh"), length))
        best = np.inf
        for _ in range(3):
            start = time.process_time()
            ours.pieces(word)
            best = min(best, time.process_time() - start)
        times.append(best)
    assert times[1] < 8 * times[0]  # quadratic would be 16


def test_a_long_word_is_cut_no_slower_than_its_pieces_are_long() -> None:
    settings = PIECES | {
        "kind": "wordpiece",
        "clean_text": True,
        "handle_chinese_chars": True,
        "strip_accents": True,
        "lowercase": True,
        "continuing": "##",
        "longest_word": 10**9,  # a stranger's
    }
    pieces = WordPiece(settings, {"a": 2, "##a": 3}).pieces("a" * 30_000)
    assert len(pieces) == 30_000 and set(pieces[1:]) == {"##a"}


def test_long_words_are_not_remembered() -> None:
    ours = byte_pairs(["a b"])
    for i in range(100):
        ours(f"{'ab' * 500}{i}")
    assert ours.known == {}
