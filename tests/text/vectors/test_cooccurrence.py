from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoray.text.vectors.cooccurrence import count_pairs

TEXTS = st.lists(st.lists(st.sampled_from("abcdefg"), max_size=12), min_size=1, max_size=12)


def by_definition(
    texts: Sequence[Sequence[str]], words: Sequence[str], window: int
) -> dict[tuple[str, str], float]:
    """Sums of 1 / distance over every pair of places, words outside the vocabulary taken out."""
    found: Counter[tuple[str, str]] = Counter()
    for text in texts:
        kept = [word for word in text if word in words]
        for p, one in enumerate(kept):
            for q, other in enumerate(kept):
                if p != q and abs(p - q) <= window:
                    found[one, other] += 1 / abs(p - q)
    return found


@settings(deadline=None)
@given(TEXTS, st.integers(1, 6), st.integers(1, 3), st.integers(1, 40))
def test_counts_are_what_the_definition_says_whatever_the_blocks(
    texts: list[list[str]], window: int, min_count: int, block: int
) -> None:
    often = Counter(word for text in texts for word in text)
    words = [w for w, n in sorted(often.items(), key=lambda i: (-i[1], i[0])) if n >= min_count]
    if not words:
        with pytest.raises(ValueError, match=f"words that stand {min_count} times in the texts"):
            count_pairs(texts, window=window, min_count=min_count, block=block)
        return
    counts = count_pairs(texts, window=window, min_count=min_count, block=block)
    assert list(counts.words) == words
    assert counts.count_V.tolist() == [often[word] for word in words]
    assert (counts.texts, counts.running) == (len(texts), often.total())
    wanted = by_definition(texts, words, window)
    dense = counts.matrix_VV.toarray()
    for i, one in enumerate(words):
        for j, other in enumerate(words):
            assert dense[i, j] == pytest.approx(wanted.get((one, other), 0.0), rel=1e-12)


def test_blocks_leave_no_trace_down_to_the_last_bit() -> None:
    rng = np.random.default_rng(0)
    texts = [[f"w{n}" for n in rng.zipf(1.5, size=30) if n < 200] for _ in range(200)]
    whole = count_pairs(texts, window=7)
    for block in (1, 100, 999):
        again = count_pairs(iter(texts), window=7, block=block)
        assert again.words == whole.words
        np.testing.assert_array_equal(again.matrix_VV.toarray(), whole.matrix_VV.toarray())


def test_no_more_words_are_kept_than_asked_for() -> None:
    counts = count_pairs([["b", "a", "c", "a", "b", "a"]], window=1, max_words=2)
    assert counts.words == ("a", "b")
    np.testing.assert_array_equal(counts.matrix_VV.toarray(), [[2, 3], [3, 0]])


def test_counts_are_the_same_when_they_are_read_again(tmp_path: Path) -> None:
    counts = count_pairs([["so", "so", "good"], ["é", "so"], []], window=2)
    counts.save(tmp_path)
    again = type(counts).load(tmp_path)
    assert (again.words, again.texts, again.running) == (counts.words, 3, 5)
    np.testing.assert_array_equal(again.count_V, counts.count_V)
    np.testing.assert_array_equal(again.matrix_VV.toarray(), counts.matrix_VV.toarray())


def test_texts_without_a_word_are_refused() -> None:
    with pytest.raises(ValueError, match=r"got 0 words in 2 texts and none so often: give more"):
        count_pairs([[], []], window=5)
