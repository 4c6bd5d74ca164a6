import hashlib
import socket
import time
from pathlib import Path

import pytest

from emoray.data.download import DownloadLimits
from emoray.data.goemotions import (
    GOEMOTIONS_LIMITS,
    GOEMOTIONS_SHA256,
    CorpusFolder,
    locate,
    sample,
)
from tests.data.web import SHA256, Web

NAMES = tuple(GOEMOTIONS_SHA256)
OFFICIAL = {name: SHA256 for name in NAMES}
QUICK = DownloadLimits(max_bytes=1 << 20, first_byte_s=0.5, total_s=1.0)


def look(web: Web, cache: Path, manner: str, *, download: bool = True) -> CorpusFolder:
    url = f"{web.url}/{manner}/"
    return locate(None, cache=cache, base_url=url, sha256=OFFICIAL, limits=QUICK, download=download)


def test_a_given_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "goemotions").mkdir()
    for name in NAMES:
        (tmp_path / "goemotions" / name).touch()
    source = locate(tmp_path, download=False)
    assert (source.name, source.folder) == ("goemotions", tmp_path / "goemotions")


def test_a_given_folder_without_the_corpus_is_refused(tmp_path: Path) -> None:
    (tmp_path / "goemotions").mkdir()
    (tmp_path / "goemotions" / "train.tsv").touch()
    with pytest.raises(ValueError, match=r"must hold goemotions/.* without dev\.tsv, test\.tsv"):
        locate(tmp_path)


def test_a_download_is_kept_for_the_next_time(web: Web, tmp_path: Path) -> None:
    first = look(web, tmp_path, "good")
    assert first.name == "goemotions" and "downloaded" in first.why
    assert web.asked == [f"/good/{name}" for name in NAMES]
    again = look(web, tmp_path, "good")
    assert again.folder == first.folder and "from the cache" in again.why
    assert len(web.asked) == 3


def test_a_damaged_file_in_the_cache_is_fetched_again_alone(web: Web, tmp_path: Path) -> None:
    folder = look(web, tmp_path, "good").folder
    (folder / "dev.tsv").write_bytes(b"damaged")
    look(web, tmp_path, "good")
    assert web.asked[3:] == ["/good/dev.tsv"]
    assert hashlib.sha256((folder / "dev.tsv").read_bytes()).hexdigest() == SHA256


@pytest.mark.parametrize("manner", ["wrong", "cut", "missing", "silent", "dripping"])
def test_a_failed_download_falls_back_to_the_sample_and_says_so(
    web: Web, tmp_path: Path, manner: str
) -> None:
    source = look(web, tmp_path, manner)
    assert (source.name, source.folder) == ("sample", sample().folder)
    assert source.why.startswith("THE EMBEDDED SAMPLE INSTEAD OF GOEMOTIONS, because")
    assert f"{web.url}/{manner}/train.tsv" in source.why


def test_downloads_can_be_switched_off(web: Web, tmp_path: Path) -> None:
    source = look(web, tmp_path, "good", download=False)
    assert source.name == "sample" and "downloads are off" in source.why
    assert web.asked == []


def test_an_unusable_cache_falls_back_to_the_sample(web: Web, tmp_path: Path) -> None:
    (tmp_path / "goemotions").write_text("a file where the folder should be")
    source = look(web, tmp_path, "good")
    assert source.name == "sample" and "could not be had" in source.why


def test_a_network_that_swallows_everything_costs_less_than_ten_seconds(tmp_path: Path) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(1)
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        began = time.monotonic()
        source = locate(None, cache=tmp_path, base_url=url, limits=GOEMOTIONS_LIMITS)
    assert time.monotonic() - began < 10
    assert source.name == "sample"
