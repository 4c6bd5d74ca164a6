import gzip
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from emoray.text.vectors import glove_format
from emoray.text.vectors.glove_format import read_vectors

LINES = ["the 0.1 -0.2 3e-1", "cat 1 2 3", "don\u00e9 4 5 6", ", 7 8 9"]


def file_with(tmp_path: Path, lines: list[str], *, end: str = "\n") -> Path:
    path = tmp_path / "made.txt"
    path.write_bytes("".join(line + end for line in lines).encode())
    return path


def test_only_wanted_words_are_kept_in_the_order_of_the_file(tmp_path: Path) -> None:
    found, matrix_FD = read_vectors(file_with(tmp_path, LINES), [",", "dog", "don\u00e9", "the"])
    assert found == ["the", "don\u00e9", ","]
    np.testing.assert_array_equal(
        matrix_FD, np.array([[0.1, -0.2, 0.3], [4, 5, 6], [7, 8, 9]], dtype=np.float32)
    )
    assert matrix_FD.dtype == np.float32


def test_no_word_found_is_an_empty_matrix_of_the_right_width(tmp_path: Path) -> None:
    found, matrix_FD = read_vectors(file_with(tmp_path, LINES), ["dog"])
    assert found == [] and matrix_FD.shape == (0, 3)


def test_plain_gz_and_zip_read_alike(tmp_path: Path) -> None:
    plain = file_with(tmp_path, LINES)
    packed, archive = tmp_path / "made.txt.gz", tmp_path / "made.zip"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.write(plain, "glove.6B.3d.txt")
        file.writestr("glove.6B.2d.txt", "the 1 2\n")
    expected = read_vectors(plain, ["the", "cat"])[1]
    for path in (packed, archive):
        np.testing.assert_array_equal(read_vectors(path, ["the", "cat"], dim=3)[1], expected)


@pytest.mark.parametrize("end", ["\r\n", " \n"], ids=["windows", "trailing_space"])
def test_other_line_ends_change_nothing(tmp_path: Path, end: str) -> None:
    found, matrix_FD = read_vectors(file_with(tmp_path, LINES, end=end), ["cat"])
    assert found == ["cat"] and matrix_FD.tolist() == [[1, 2, 3]]


def test_a_missing_last_line_end_loses_no_word(tmp_path: Path) -> None:
    path = tmp_path / "made.txt"
    path.write_text("\n".join(LINES), encoding="utf-8")
    assert read_vectors(path, [","])[0] == [","]


@pytest.mark.parametrize("block", [1, 7, 30])
def test_blocks_may_end_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    path = file_with(tmp_path, ["4 3", *LINES])
    expected = read_vectors(path, ["the", ","])[1]
    monkeypatch.setattr(glove_format, "_BLOCK_BYTES", block)
    np.testing.assert_array_equal(read_vectors(path, ["the", ","])[1], expected)


def test_the_first_of_repeated_words_wins(tmp_path: Path) -> None:
    assert read_vectors(file_with(tmp_path, [*LINES, "cat 9 9 9"]), ["cat"])[1].tolist() == [
        [1, 2, 3]
    ]


def test_words_with_spaces_in_them_are_skipped(tmp_path: Path) -> None:
    found, _ = read_vectors(file_with(tmp_path, [*LINES, ". . . 1 2 3", "dog 1 2 3"]), ["dog", "."])
    assert found == ["dog"]


REFUSED = {
    "short": ([*LINES, "dog 1 2"], "line 5: every line is a word and 3 numbers, got 2 numbers"),
    "long": ([*LINES, "dog 1 2 3 4"], "line 5: .*got 4 numbers: the file is damaged"),
    "blank": ([*LINES, ""], "line 5: .*got an empty line"),
    "nan": ([*LINES, "dog 1 nan 3"], "line 5: vectors hold finite numbers only, got 'nan'"),
    "infinite": ([*LINES, "dog 1 2 1e99"], "line 5: vectors hold finite numbers only, got '1e99'"),
    "underscore": ([*LINES, "dog 1 2_0 3"], "line 5: vectors hold finite numbers only, got '2_0'"),
    "text": ([*LINES, "dog 1 x2 3"], "line 5: vectors hold finite numbers only, got 'x2'"),
    "no_numbers": (["hello"], "line 1: every line is a word and its numbers, got b'hello'"),
    "empty": ([], "must hold at least one vector, got none"),
    "header_only": (["4 3"], "must hold at least one vector, got none"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_file_is_refused_naming_the_line(tmp_path: Path, case: str) -> None:
    lines, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        read_vectors(file_with(tmp_path, lines), ["cat", "dog"])


def test_a_file_without_line_ends_is_refused_early(tmp_path: Path) -> None:
    path = tmp_path / "made.bin"
    path.write_bytes(b"\0" * (1 << 21))
    with pytest.raises(ValueError, match="a line holds 1048576 bytes at most, got 2097152"):
        read_vectors(path, ["cat"])


def test_ragged_rows_are_refused_even_where_nobody_wants_the_word(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="line 5: every line is a word and 3 numbers, got 2"):
        read_vectors(file_with(tmp_path, [*LINES, "dog 1 2"]), ["cat"])


def test_another_dimension_than_asked_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match="asked for with 50 dimensions, got 3 in line 1: ask for 3"
    ):
        read_vectors(file_with(tmp_path, LINES), ["cat"], dim=50)


def test_an_archive_without_that_dimension_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "made.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("glove.6B.2d.txt", "the 1 2\n")
        file.writestr("glove.6B.4d.txt", "the 1 2 3 4\n")
    with pytest.raises(ValueError, match=r"one \.txt of vectors for dim=3, got glove\.6B\.2d"):
        read_vectors(archive, ["the"], dim=3)


@pytest.mark.parametrize("name", ["made.txt.gz", "made.zip"])
def test_a_cut_off_file_is_refused(tmp_path: Path, name: str) -> None:
    plain = file_with(tmp_path, [f"w{i} {i} {i * 7 % 13} {i * 5 % 11}" for i in range(5000)])
    whole, cut = tmp_path / f"whole.{name}", tmp_path / name
    if name.endswith("gz"):
        whole.write_bytes(gzip.compress(plain.read_bytes()))
    else:
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as file:
            file.write(plain, "glove.6B.3d.txt")
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(ValueError, match="a compressed file must be whole, got"):
        read_vectors(cut, ["w1"])


def test_memory_follows_the_kept_rows_not_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file_with(tmp_path, [f"w{i} " + " ".join(["0.12345"] * 100) for i in range(20_000)])
    monkeypatch.setattr(glove_format, "_BLOCK_BYTES", 1 << 18)
    tracemalloc.start()
    try:
        read_vectors(path, [f"w{i}" for i in range(0, 20_000, 100)])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert path.stat().st_size > 15e6 and peak < 3e6
