"""Decode text: UTF-8, or UTF-16 and UTF-32 as spreadsheets save them."""

import codecs

from emoray.data.utf8 import utf8

BOMS = (  # UTF-32's begins as UTF-16's does
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOKED_AT = 4096
_OFTEN, _NEVER = 0.05, 0.005  # zero bytes in one half of UTF-16 and in the other


def _seen(raw: bytes) -> str | None:
    """The encoding by a byte order mark, or by zero bytes in every second place."""
    for mark, encoding in BOMS:
        if raw.startswith(mark):
            return encoding
    start = raw[:_LOOKED_AT]
    if len(raw) < 4 or len(raw) % 2:
        return None
    even, odd = (start[i::2].count(0) / (len(start) / 2) for i in (0, 1))
    if odd >= _OFTEN and even <= _NEVER:
        return "utf-16-le"
    return "utf-16-be" if even >= _OFTEN and odd <= _NEVER else None


def decoded(raw: bytes, where: str) -> tuple[str, str]:
    """Return the text and the name of its encoding; ValueError for another encoding."""
    encoding = _seen(raw)
    if encoding is None:
        return utf8(raw, where), "UTF-8"
    try:
        return raw.decode(encoding), encoding[:6].upper()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{where}: text that begins as {encoding[:6].upper()} must go on so, got byte "
            f"{error.start:,} that does not: save the file as UTF-8"
        ) from None
