import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoray.releases.record import Release, parsed_record, record_bytes

RELEASE = Release(
    number=3,
    id="f00d",
    time="2026-01-02T03:04:05+00:00",
    who="ann@desk",
    action="promote",
    artifact="5f" * 32,
    why="fewer bytes – Größe",
    aliases={"production": "5f" * 32},
    about={"labels": ["joy"], "decision": {"temperature": 1.25}},
    gates={"min_macro_f1": 0.5},
    figures={"macro_f1": 0.123456789012345},
    verdict={"verdict": "equivalent"},
)


def test_a_release_is_read_as_it_was_written() -> None:
    assert parsed_record(record_bytes(RELEASE), 3) == RELEASE


@given(at=st.integers(0, len(record_bytes(RELEASE)) - 1), bit=st.integers(0, 7))
def test_no_flipped_bit_goes_unseen(at: int, bit: int) -> None:
    data = bytearray(record_bytes(RELEASE))
    data[at] ^= 1 << bit
    try:
        found = parsed_record(bytes(data), 3)
    except ValueError:
        return
    assert found == RELEASE, "only blanks may differ"


@given(length=st.integers(0, len(record_bytes(RELEASE)) - 2))
def test_no_cut_off_file_goes_unseen(length: int) -> None:
    with pytest.raises(ValueError, match=r"it is no JSON|it holds no record"):
        parsed_record(record_bytes(RELEASE)[:length], 3)


def test_what_is_wrong_with_a_record_is_said() -> None:
    changed = record_bytes(RELEASE).replace(b"ann@desk", b"bob@desk")
    with pytest.raises(ValueError, match="SHA-256 is not that of its content: it was changed"):
        parsed_record(changed, 3)
    with pytest.raises(ValueError, match="it is no record of release 4"):
        parsed_record(record_bytes(RELEASE), 4)
    with pytest.raises(ValueError, match="its format is 2, of another version of emoray"):
        parsed_record(json.dumps({"format": 2}).encode(), 3)
    with pytest.raises(ValueError, match="it holds no record"):
        parsed_record(b"[1]", 3)
