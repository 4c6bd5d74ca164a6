import time
from pathlib import Path

import pytest

from emoray.data.download import DownloadError, DownloadLimits, fetch
from tests.data.web import BODY, SHA256, Web

QUICK = DownloadLimits(max_bytes=1 << 20, first_byte_s=0.5, total_s=1.0)


def test_a_good_file_arrives_whole_and_alone(web: Web, tmp_path: Path) -> None:
    target = tmp_path / "new" / "file.tsv"
    assert fetch(f"{web.url}/good/file.tsv", target, sha256=SHA256, limits=QUICK) == target
    assert target.read_bytes() == BODY
    assert list(target.parent.iterdir()) == [target]


def test_a_long_download_says_how_far_it_is(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("emoray.console.progress.LOG_SECONDS", 0.05)
    with pytest.raises(DownloadError, match="must finish within 1 s"):
        fetch(f"{web.url}/dripping/file.tsv", tmp_path / "f.tsv", sha256=SHA256, limits=QUICK)
    said = capfd.readouterr()
    assert "downloading f.tsv 0/11 KB · 0 s so far" in said.err and not said.out


def test_an_unannounced_length_is_fine(web: Web, tmp_path: Path) -> None:
    target = tmp_path / "file"
    fetch(f"{web.url}/unannounced/file", target, sha256=SHA256, limits=QUICK)
    assert target.read_bytes() == BODY


REFUSED = {
    "wrong": (QUICK, "must have SHA-256 .*, got .*: the file was changed or damaged"),
    "cut": (QUICK, "must arrive whole, got .*"),
    "missing": (QUICK, "must answer 200, got 404 Not Found: check the address"),
    "silent": (QUICK, r"must (answer within 0.5 s|arrive whole, got ReadTimeout)"),
    "dripping": (QUICK, r"must finish within 1 s, got nothing more: check the network"),
    "good": (
        DownloadLimits(max_bytes=100),
        "may send 100 bytes at most, got 11000: check the address",
    ),
    "unannounced": (DownloadLimits(max_bytes=100), "may send 100 bytes at most, got .* and more"),
}


@pytest.mark.parametrize("manner", REFUSED)
def test_a_bad_answer_leaves_what_was_there(web: Web, tmp_path: Path, manner: str) -> None:
    limits, words = REFUSED[manner]
    target = tmp_path / "file"
    target.write_bytes(b"before")
    began = time.monotonic()
    with pytest.raises(DownloadError, match=words):
        fetch(f"{web.url}/{manner}/file", target, sha256=SHA256, limits=limits)
    assert time.monotonic() - began < 3
    assert target.read_bytes() == b"before"


@pytest.mark.parametrize("manner", REFUSED)
def test_a_bad_answer_leaves_no_part_behind(web: Web, tmp_path: Path, manner: str) -> None:
    limits, _ = REFUSED[manner]
    with pytest.raises(DownloadError):
        fetch(f"{web.url}/{manner}/file", tmp_path / "file", sha256=SHA256, limits=limits)
    web.stop.set()
    deadline = time.monotonic() + 3
    while list(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert list(tmp_path.iterdir()) == []


def test_a_closed_port_fails_at_once(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="must arrive whole, got ConnectionError"):
        fetch("http://127.0.0.1:9/file", tmp_path / "file", sha256=SHA256, limits=QUICK)


def test_limits_must_make_sense() -> None:
    with pytest.raises(ValueError, match="0 < first_byte_s <= total_s, got 5 and 1"):
        DownloadLimits(max_bytes=1, first_byte_s=5, total_s=1)
    with pytest.raises(ValueError, match="max_bytes must be at least 1, got 0"):
        DownloadLimits(max_bytes=0)
