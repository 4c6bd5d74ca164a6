import gzip
from pathlib import Path

import pytest

from emoray.text.vectors import texts
from emoray.text.vectors.texts import read_lines

LINES = "so good\r\n\n  \ncaf\u00e9\nlast"


@pytest.mark.parametrize("name", ["texts.txt", "texts.txt.gz", "anything"])
def test_every_line_that_holds_something_is_a_text(tmp_path: Path, name: str) -> None:
    raw = b"\xef\xbb\xbf" + LINES.encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    assert list(read_lines(path)) == ["so good", "caf\u00e9", "last"]


MISTAKES = {
    "encoding": ("a.txt", b"fine\ncaf\xe9\n", r"a\.txt line 2: text must be UTF-8, got byte 0xe9"),
    "endless": ("a.txt", b"x" * 200, r"a\.txt line 1: a text holds 100 bytes at most, got more"),
    "no_gzip": ("a.gz", b"plain", r"a\.gz: a compressed file must be whole, got"),
    "cut": ("a.gz", gzip.compress(b"fine\n" * 99)[:-9], r"a\.gz: a compressed file must be whole"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_what_is_no_text_file_is_refused(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "LONGEST", 100)
    name, raw, words = MISTAKES[case]
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(ValueError, match=words):
        list(read_lines(tmp_path / name))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"trained on a text file, .*got no file .*nowhere"):
        list(read_lines(tmp_path / "nowhere"))
