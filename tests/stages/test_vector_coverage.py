"""How many of a corpus' words have a vector, and vectors that know none of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from emoray.stages.vector_coverage import checked_coverages, coverage_of
from emoray.text.vectors.files import vector_file
from emoray.workflows.corpus_words import word_sentences

SAYS = ("good day all", "good night all", "what a day", "good , good !")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "labels.txt").write_text("anger\njoy\n")
    for split in ("train", "dev", "test"):
        lines = (f"{text}\t{i % 2}\t{split}{i}\n" for i, text in enumerate(SAYS))
        (folder / f"{split}.tsv").write_text("".join(lines))
    return folder


def vectors(folder: Path, words: str) -> Path:
    path = folder / "some.2d.txt"
    path.write_text("".join(f"{word} 0.5 1\n" for word in words.split()), "utf-8")
    return path


def test_running_words_are_counted_and_signs_are_not(corpus: Path, tmp_path: Path) -> None:
    # 11 running words with letters: good 4, day 2, all 2, night, what, a.
    found = coverage_of(corpus, vector_file(vectors(tmp_path, "good day , !")))
    assert found.share == pytest.approx(6 / 11)
    assert found.unknown == ("all", "night", "what")
    assert str(found) == "54.5% of train's running words have a vector in some.2d"


def test_few_known_words_are_asked_about(corpus: Path, tmp_path: Path) -> None:
    found = coverage_of(corpus, vector_file(vectors(tmp_path, "day")))
    assert "(none for good, all, night): are they of its language? --vectors own-ppmi" in str(found)


def test_the_first_look_says_the_share(corpus: Path, tmp_path: Path) -> None:
    lines = [*word_sentences(corpus, [vector_file(vectors(tmp_path, "good day"))])]
    assert lines[1] == "54.5% of train's running words have a vector in some.2d"


STRANGERS = {
    "another language": "खुश दिन अच्छा , !",
    "capitals": "GOOD DAY ALL NIGHT WHAT A",
    "signs alone": ", ! . ?",
}


@pytest.mark.parametrize("kind", STRANGERS)
def test_vectors_that_know_none_of_the_words_are_refused(
    corpus: Path, tmp_path: Path, kind: str
) -> None:
    source = vector_file(vectors(tmp_path, STRANGERS[kind]))
    words = (
        r"know the words of the corpus.* got a vector for 0.0% of its running words in some.2d "
        r"\(none for good, day, all\): name others with --vectors-file, or .* --vectors own-ppmi"
    )
    with pytest.raises(ValueError, match=words):
        checked_coverages(corpus, [source])


def as_text(folder: Path) -> Path:
    path = folder / "v.txt"
    path.write_bytes("good 1 2\nday 3 4\n".encode("utf-8-sig"))
    return path


def as_text_with_header(folder: Path) -> Path:
    path = folder / "v.vec"
    path.write_bytes("2 2\ngood 1 2\nday 3 4\n".encode("utf-8-sig"))
    return path


def as_gzip(folder: Path) -> Path:
    import gzip

    path = folder / "v.txt.gz"
    path.write_bytes(gzip.compress("good 1 2\nday 3 4\n".encode("utf-8-sig")))
    return path


def as_zip(folder: Path) -> Path:
    import zipfile

    path = folder / "v.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("v.2d.txt", "good 1 2\nday 3 4\n".encode("utf-8-sig"))
    return path


def as_array(folder: Path) -> Path:
    np.save(folder / "v.npy", np.array([[1, 2], [3, 4]], np.float32))
    (folder / "v.words.txt").write_bytes("good\nday\n".encode("utf-8-sig"))
    return folder / "v.npy"


FORMS = (as_text, as_text_with_header, as_gzip, as_zip, as_array)


@pytest.mark.parametrize("write", FORMS, ids=lambda write: write.__name__)
def test_a_byte_order_mark_loses_no_word(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    source = vector_file(write(tmp_path))
    words, matrix_FD = source.load({"good", "day"})
    assert (words, matrix_FD.tolist()) == (["good", "day"], [[1, 2], [3, 4]])


NOTE = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.mark.parametrize("name", ["v.txt", "v.vec", "v.txt.gz", "v.zip", "v.npy"])
def test_a_note_of_git_lfs_is_no_file_of_vectors(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(NOTE)
    (tmp_path / "v.words.txt").write_text("good\n")
    with pytest.raises(ValueError, match=r"got Git LFS's note .*: fetch it with git lfs pull"):
        vector_file(tmp_path / name)


def test_a_note_of_git_lfs_is_no_file_of_words(tmp_path: Path) -> None:
    source = vector_file(as_array(tmp_path))
    (tmp_path / "v.words.txt").write_text(NOTE)
    with pytest.raises(ValueError, match="Git LFS's note"):
        source.load({"good"})
