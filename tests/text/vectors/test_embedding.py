import numpy as np
import pytest

from emoray.text.vectors.embedding import embedding_rows
from emoray.text.vocabulary import Vocabulary

VOCABULARY = Vocabulary(words=("so", "lmao", "good"))
FOUND = ["good", "so", "never"]
MATRIX_FD = np.arange(6, dtype=np.float32).reshape(3, 2)


def test_found_words_have_their_vector_and_padding_is_zero() -> None:
    embedding_VD = embedding_rows(VOCABULARY, FOUND, MATRIX_FD)
    assert embedding_VD.shape == (5, 2) and embedding_VD.dtype == np.float32
    assert embedding_VD[[0, 2, 4]].tolist() == [[0, 0], [2, 3], [0, 1]]


def test_the_unknown_row_is_the_mean_of_the_rarest_words() -> None:
    words = tuple(f"w{i}" for i in range(20))
    matrix_FD = np.arange(20, dtype=np.float32)[:, None]
    embedding_VD = embedding_rows(Vocabulary(words=words), words, matrix_FD)
    assert embedding_VD[1].tolist() == [18.5]


def test_words_without_a_vector_start_at_zero() -> None:
    assert not embedding_rows(VOCABULARY, FOUND, MATRIX_FD)[3].any()


def test_no_vectors_at_all_leave_every_row_at_zero() -> None:
    assert not embedding_rows(VOCABULARY, [], np.zeros((0, 2))).any()


def test_mismatched_input_is_refused() -> None:
    with pytest.raises(ValueError, match="every found word has one vector, got 1 words and 3"):
        embedding_rows(VOCABULARY, ["so"], MATRIX_FD)
