from pathlib import Path

import numpy as np
import pytest

from emoray.stages.given_vectors import vectors_at
from emoray.storage.s3 import S3Folder
from emoray.storage.store.inputs import stage_files
from emoray.text.vectors.writing import write_vectors

WORDS, VECTORS = ["good", "bad"], np.float32([[1, 2, 3], [4, 5, 6]])


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, Path, Path]:
    return write_vectors(tmp_path, "own.txt", WORDS, VECTORS)


def test_vectors_are_the_same_by_content_wherever_they_lie(
    written: tuple[Path, Path, Path], s3: S3Folder
) -> None:
    for path in written:
        s3.upload(path.name, path)
    for path in written[:2]:
        here, there = vectors_at(path), vectors_at(s3 / path.name)
        assert (here.sha256, here.name(3), here.name(2)) == (there.sha256, "own", "own-pca2")
        assert there.source.load(["bad"])[1].tolist() == [[4, 5, 6]]


def test_a_matrix_in_a_bucket_needs_its_words(
    written: tuple[Path, Path, Path], s3: S3Folder
) -> None:
    s3.upload("own.npy", written[1])
    with pytest.raises(ValueError, match=r"got neither own\.words\.txt nor words\.txt"):
        vectors_at(s3 / "own.npy")


def test_a_matrix_travels_with_its_words(written: tuple[Path, Path, Path]) -> None:
    _, matrix, words = written
    ref = vectors_at(matrix)
    carried = stage_files([ref])
    assert {c.path for c in carried} == {matrix, words}
    assert {c.sha256 for c in carried} == {ref.sha256}
