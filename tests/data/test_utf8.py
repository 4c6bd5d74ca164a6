"""Files in other encodings: what the error says to do makes them readable."""

import re
import subprocess
from pathlib import Path

import pytest

from emoray.data.utf8 import utf8
from emoray.text.vectors.texts import read_lines

SAID = "text,label\nplain,a\n\u201cd\xe9j\xe0 vu\u201d,b\n"
LATIN = SAID.replace("\u201c", '"').replace("\u201d", '"')


def converted(said: str, path: Path) -> bytes:
    """What the command in an error makes of the file."""
    command = re.search(r"iconv .*", said)
    assert command is not None, said
    words = command[0].replace("OLD > NEW", str(path)).split()
    return subprocess.run(words, capture_output=True, check=False).stdout


@pytest.mark.parametrize(("text", "encoding"), [(LATIN, "latin1"), (SAID, "windows-1252")])
def test_the_command_in_the_error_converts_the_file(
    text: str, encoding: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))
    with pytest.raises(ValueError, match=rf"line 3: .*if it is {encoding}, iconv") as caught:
        utf8(path.read_bytes(), "a.csv")
    assert utf8(converted(str(caught.value), path), "a.csv") == text
    with pytest.raises(ValueError, match=rf"line 3: .*if it is {encoding}, iconv"):
        list(read_lines(path))


def test_a_broken_byte_in_utf8_is_no_other_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(SAID.encode() + b"cut \xe2\x80,a\n")
    with pytest.raises(ValueError, match=r"line 4: .*mend that line, or leave out") as caught:
        utf8(path.read_bytes(), "a.csv")
    assert utf8(converted(str(caught.value), path), "a.csv") == f"{SAID}cut ,a\n"
