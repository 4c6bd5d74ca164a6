import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoray.text.vocabulary import Ragged, Vocabulary

TOKENS = [["so", "good"], ["so", "bad"], ["so", "lmao", "lmao"], ["good", "typoo"]]


def test_the_most_frequent_words_come_first_and_ties_stand_in_order() -> None:
    vocabulary = Vocabulary.build(TOKENS, max_words=9, oov_min_count=1)
    assert vocabulary.words == ("so", "good", "lmao", "bad", "typoo")
    assert len(vocabulary) == 7


def test_a_word_without_a_vector_must_be_frequent_to_enter() -> None:
    known = {"so", "good", "bad"}
    frequent = Vocabulary.build(TOKENS, max_words=9, oov_min_count=2, known=known)
    assert frequent.words == ("so", "good", "lmao", "bad")
    assert "lmao" not in Vocabulary.build(TOKENS, max_words=9, oov_min_count=3, known=known)


def test_min_count_and_max_words_cut_the_rare_end() -> None:
    known = {"so", "good", "bad"}
    assert Vocabulary.build(TOKENS, max_words=9, min_count=2, known=known).words == ("so", "good")
    assert Vocabulary.build(TOKENS, max_words=1, known=known).words == ("so",)


def test_ids_start_behind_padding_and_unknown() -> None:
    vocabulary = Vocabulary(words=("so", "good"))
    ids = vocabulary.encode(["good", "grief", "so"])
    assert ids.tolist() == [3, 1, 2] and ids.dtype == np.int32


def test_an_empty_text_is_one_unknown_word() -> None:
    vocabulary = Vocabulary(words=("so",))
    assert vocabulary.encode([]).tolist() == [1]
    assert vocabulary.encode_all([[], ["so"]]).flat.tolist() == [1, 2]


def test_many_texts_are_encoded_like_each_alone() -> None:
    vocabulary = Vocabulary(words=("so", "good", "bad"))
    ragged = vocabulary.encode_all(TOKENS)
    for i, tokens in enumerate(TOKENS):
        assert ragged.row(i).tolist() == vocabulary.encode(tokens).tolist()


@given(st.lists(st.text(min_size=1).filter(lambda w: w.split() == [w]), unique=True))
def test_a_vocabulary_survives_its_text_form(words: list[str]) -> None:
    vocabulary = Vocabulary(words=tuple(words))
    assert Vocabulary.from_text(vocabulary.to_text()) == vocabulary


def test_line_number_plus_two_is_the_id() -> None:
    lines = Vocabulary(words=("so", "good")).to_text().splitlines()
    assert lines.index("good") + 2 == Vocabulary(words=("so", "good")).encode(["good"])[0]


@given(st.lists(st.lists(st.integers(2, 9), max_size=5), min_size=1, max_size=6))
def test_padding_fills_only_behind_the_tokens(rows: list[list[int]]) -> None:
    ragged = Ragged.from_lists(rows)
    chosen = np.arange(len(rows))[::-1]
    ids_NL = ragged.padded(chosen)
    assert ids_NL.shape == (len(rows), max(map(len, rows))) and ids_NL.dtype == np.int32
    for padded, i in zip(ids_NL, chosen, strict=True):
        assert padded[: ragged.lengths[i]].tolist() == rows[i]
        assert not padded[ragged.lengths[i] :].any()


def test_no_rows_make_an_empty_batch() -> None:
    ragged = Ragged.from_lists([])
    assert len(ragged) == 0 and ragged.flat.dtype == np.int32
    assert ragged.padded(np.arange(0)).shape == (0, 0)


def test_a_row_out_of_range_is_refused() -> None:
    with pytest.raises(IndexError, match=r"rows lie in 0\.\.0, got 1"):
        Ragged.from_lists([[2]]).row(1)


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="max_words must be at least 1, got 0"):
        Vocabulary.build(TOKENS, max_words=0)
    with pytest.raises(ValueError, match="1 <= min_count <= oov_min_count, got 3 and 2"):
        Vocabulary.build(TOKENS, max_words=1, min_count=3, oov_min_count=2)


def test_words_that_no_file_could_hold_are_refused() -> None:
    with pytest.raises(ValueError, match="a word has one id, got 'so' more than once"):
        Vocabulary(words=("so", "good", "so"))
    with pytest.raises(ValueError, match="holds no white space, got 'so good'"):
        Vocabulary(words=("so good",))
