import gzip
from pathlib import Path

import numpy as np
import pytest

from emoray.text.vectors.files import VectorArrayFile, VectorTextFile, vector_file
from emoray.text.vectors.writing import names_for, write_vectors

WORDS = ["the", "n't", ":)", "caf\u00e9", "1000", "--"]
RNG = np.random.default_rng(0)
VECTORS = np.float32(RNG.normal(size=(6, 5)) * 10.0 ** RNG.integers(-30, 30, size=(6, 5)))


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, Path, Path]:
    return write_vectors(tmp_path / "own", "own.5d.txt", WORDS, VECTORS)


def test_both_forms_come_back_to_the_last_bit(written: tuple[Path, Path, Path]) -> None:
    text, matrix, _ = written
    assert [p.name for p in written] == ["own.5d.txt", "own.5d.npy", "own.5d.words.txt"]
    for source in (vector_file(text), vector_file(matrix)):
        assert (source.name, source.dim) == ("own.5d", 5)
        found, matrix_FD = source.load([*WORDS, "unknown"])
        assert found == WORDS and matrix_FD.dtype == np.float32
        assert matrix_FD.tobytes() == VECTORS.tobytes()
    found, matrix_FD = vector_file(matrix).load(["--", "the"])
    assert found == ["the", "--"]
    np.testing.assert_array_equal(matrix_FD, VECTORS[[0, 5]])


def test_packed_text_and_words_under_their_plain_name_are_found(
    written: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    text, matrix, words = written
    packed = tmp_path / "packed.txt.gz"
    packed.write_bytes(gzip.compress(b"6 5\n" + text.read_bytes()))
    source = vector_file(packed)
    assert isinstance(source, VectorTextFile) and (source.name, source.dim) == ("packed", 5)
    words.rename(matrix.with_name("words.txt"))
    source_npy = vector_file(matrix)
    assert isinstance(source_npy, VectorArrayFile) and source_npy.words.name == "words.txt"
    assert vector_file(matrix, matrix.with_name("words.txt")) == source_npy


def test_the_hash_covers_numbers_and_words(written: tuple[Path, Path, Path]) -> None:
    _, matrix, words = written
    before = vector_file(matrix).sha256
    words.write_text("".join(f"{word}\n" for word in reversed(WORDS)))
    assert vector_file(matrix).sha256 != before


def saved(tmp_path: Path, array: np.ndarray, words: str = "a\nb\n") -> Path:
    np.save(tmp_path / "made.npy", array)
    (tmp_path / "words.txt").write_text(words)
    return tmp_path / "made.npy"


MATRICES = {
    "flat": (np.ones(4), "a matrix of floats with a row for each word, got shape"),
    "whole": (np.ones((2, 2), np.int64), r"got shape \(2, 2\) of int64: save another array"),
    "empty": (np.ones((0, 4)), r"got shape \(0, 4\) of float64"),
    "words": (np.ones((3, 2)), "one word, got 2 words and 3 rows: write both again"),
    "nan": (np.array([[1.0, np.nan], [1, 1]]), "finite numbers only, got NaN or infinity"),
}


@pytest.mark.parametrize("case", MATRICES)
def test_an_array_that_holds_no_vectors_is_refused(case: str, tmp_path: Path) -> None:
    array, words = MATRICES[case]
    path = saved(tmp_path, array)
    with pytest.raises(ValueError, match=words):
        vector_file(path).load(["a", "b"])


@pytest.mark.parametrize(
    ("words", "said"), [("a\na\n", "got 1 of them twice"), ("a\nb c\n", "'b c'"), ("a\n\n", "''")]
)
def test_words_that_do_not_name_rows_are_refused(words: str, said: str, tmp_path: Path) -> None:
    path = saved(tmp_path, np.ones((2, 2)), words)
    with pytest.raises(ValueError, match=rf"words\.txt: words stand one a line.*{said}"):
        vector_file(path).load(["a"])


def test_files_that_are_no_vectors_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"got no file .*nowhere\.txt: check the name"):
        vector_file(tmp_path / "nowhere.txt")
    (tmp_path / "made.npy").write_bytes(b"no array")
    with pytest.raises(ValueError, match=r"got neither made\.words\.txt nor words\.txt"):
        vector_file(tmp_path / "made.npy")
    (tmp_path / "words.txt").write_bytes(b"caf\xe9\n")
    with pytest.raises(ValueError, match=r"as numpy\.save writes it, got"):
        vector_file(tmp_path / "made.npy")
    np.save(tmp_path / "made.npy", np.ones((1, 2)))
    with pytest.raises(ValueError, match=r"words\.txt line 1: text must be UTF-8, got"):
        vector_file(tmp_path / "made.npy").load(["a"])
    np.save(tmp_path / "made.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"as numpy\.save writes it, got.*Python objects"):
        vector_file(tmp_path / "made.npy")
    (tmp_path / "words.vec").write_text("word\n")
    with pytest.raises(ValueError, match=r"line 1: every line is a word and its numbers"):
        vector_file(tmp_path / "words.vec")
    (tmp_path / "none.txt").write_text("")
    with pytest.raises(ValueError, match="must hold at least one vector, got none"):
        vector_file(tmp_path / "none.txt")


@pytest.mark.parametrize("name", ["own.npy", ".txt", "own"])
def test_a_name_that_does_not_end_as_the_text_format_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=rf"NAME\.txt in GloVe's text format, got '{name}'"):
        names_for(name)
