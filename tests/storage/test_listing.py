"""Which files a name stands for."""

from pathlib import Path

import pytest

from emoray.storage.listing import files_at
from emoray.storage.s3 import S3Folder

NAMES = ("a.parquet", "b.csv", "deep/c.parquet", "deep/er/d.parquet")
INNER = ("_summary.parquet", ".open/e.parquet", "deep/_old/f.parquet")


@pytest.fixture(params=["here", "in a bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "here":
        for name in (*NAMES, *INNER):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(name)
        return str(tmp_path)
    s3: S3Folder = request.getfixturevalue("s3")
    for name in (*NAMES, *INNER):
        s3.write(name, name.encode())
    return str(s3)


def names_at(place: str, pattern: str = "") -> list[str]:
    found = files_at(f"{place}{pattern}", endings=(".parquet",))
    return [str(each).removeprefix(f"{place}/") for each in found]


def test_a_folder_stands_for_its_files_at_any_depth_but_not_for_inner_ones(place: str) -> None:
    assert names_at(place) == ["a.parquet", "deep/c.parquet", "deep/er/d.parquet"]


def test_a_file_stands_for_itself_whatever_its_ending(place: str) -> None:
    assert names_at(place, "/b.csv") == ["b.csv"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("/*.parquet", ["_summary.parquet", "a.parquet"]),
        ("/[ab].*", ["a.parquet", "b.csv"]),
        ("/d?ep/*.parquet", ["deep/c.parquet"]),
        ("/deep/**/*.parquet", ["deep/_old/f.parquet", "deep/c.parquet", "deep/er/d.parquet"]),
    ],
)
def test_a_pattern_stands_for_what_fits_it(place: str, pattern: str, found: list[str]) -> None:
    assert names_at(place, pattern) == found


@pytest.mark.parametrize("pattern", ["/none.parquet", "/*.json", "/nowhere"])
def test_a_name_that_stands_for_nothing_is_refused(place: str, pattern: str) -> None:
    with pytest.raises(ValueError, match=r"must stand for something, got nothing at .* check"):
        names_at(place, pattern)
