"""Files of texts are found by name or pattern, and each has an output of its own."""

from pathlib import Path

import pytest

from emoray.prediction.found import find_texts, state_of, texts_expected
from emoray.prediction.text_files import BucketFile, LocalFile
from emoray.storage.s3 import S3Folder
from emoray.storage.store.manifest import file_sha256


def made(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def names(text: str) -> list[str]:
    return [found.name for found in find_texts(text, {})]


def test_outputs_are_named_as_files_are_below_what_is_asked_for(tmp_path: Path) -> None:
    made(tmp_path, "a.csv", "day=1/b.jsonl.gz", "day=2/b.parquet", "_c.csv", "note.md")
    assert names(str(tmp_path)) == ["a.parquet", "day=1/b.parquet", "day=2/b.parquet"]
    assert names(f"{tmp_path}/day=*/b.*") == ["day=1/b.parquet", "day=2/b.parquet"]
    assert names(f"{tmp_path}/**/*.jsonl.gz") == ["day=1/b.parquet"]
    assert names(str(tmp_path / "day=1" / "b.jsonl.gz")) == ["b.parquet"]


def test_a_file_is_hashed_again_only_where_it_changed(tmp_path: Path) -> None:
    path = made(tmp_path, "a.csv") / "a.csv"
    known = {str(path): (state_of(path), "as it was")}
    [found] = find_texts(str(path), known)
    assert isinstance(found.file.source, LocalFile) and found.file.source.sha256 == "as it was"
    path.write_text("other")
    [found] = find_texts(str(path), known)
    assert isinstance(found.file.source, LocalFile)
    assert found.file.source.sha256 == file_sha256(path)


def test_an_object_is_named_by_its_etag_without_a_download(s3: S3Folder) -> None:
    s3.write("in/a.csv", b"text\nx\n")
    [found] = find_texts(f"{s3}/in/*.csv", {})
    source = found.file.source
    assert isinstance(source, BucketFile) and found.name == "a.parquet"
    entry = (s3 / "in").entry("a.csv")
    assert entry is not None and (source.etag, source.size) == (entry.etag, entry.size)
    with found.file.open() as file:
        assert file.read() == b"text\nx\n"
    s3.write("in/a.csv", b"text\nanother\n")
    with found.file.open() as file, pytest.raises(OSError, match=r"stay as it is while it is read"):
        file.read()


@pytest.mark.parametrize(
    ("there", "rule"),
    [
        (("a.csv", "a.jsonl"), r"a\.csv and .*a\.jsonl would both have a\.parquet: rename one"),
        (("b.csv", "_a.csv"), r"names that begin with '\.' or '_' .*_a\.csv: rename it"),
        (("b.csv", "c.md"), r"texts are read from \.parquet, .* got .*c\.md: convert it"),
    ],
)
def test_files_without_an_output_of_their_own_are_refused(
    there: tuple[str, ...], rule: str, tmp_path: Path
) -> None:
    made(tmp_path, *there)
    with pytest.raises(ValueError, match=rule):
        find_texts(f"{tmp_path}/*", {})


def test_files_that_are_indexed_tell_how_many_texts_the_others_have(tmp_path: Path) -> None:
    for name, size in (("a.csv", 30), ("b.csv", 10), ("c.csv", 20)):
        (tmp_path / name).write_text("x" * size)
    files = find_texts(str(tmp_path), {})
    assert texts_expected(files, {}) is None
    assert texts_expected(files, {"b.parquet": 7}) == 42
    assert texts_expected(files, {"a.parquet": 3, "b.parquet": 7, "c.parquet": 1}) == 11
    assert texts_expected(files[:1], {"b.parquet": 7}) is None, "a file that is left out"
