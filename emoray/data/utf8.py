"""Decode UTF-8, with an error that locates other bytes and names their likely encoding."""

import re

AROUND = 1 << 20  # bytes around the wrong one that are looked at
OTHER_LETTERS = re.compile("[^\x00-\x7f\ufffd]")
HIGH = re.compile(b"[\x80-\x9f]")  # control characters of Latin-1, quotes and dashes of Windows


def to_utf8(raw: bytes, at: int) -> str:
    """The command that converts a file, by the bytes around the one that is not UTF-8."""
    some = raw[max(at - AROUND, 0) : at + AROUND]
    if OTHER_LETTERS.search(some.decode("utf-8", "replace")):
        return "mend that line, or leave out what is none: iconv -c -f utf-8 -t utf-8 OLD > NEW"
    encoding = "windows-1252" if HIGH.search(some) else "latin1"
    return f"save the file as UTF-8; if it is {encoding}, iconv -f {encoding} -t utf-8 OLD > NEW"


def utf8(raw: bytes, where: str) -> str:
    """Decode text without its byte order mark; ValueError names the line of a wrong byte."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{where} line {line}: text must be UTF-8, got byte 0x{raw[error.start]:02x}: "
            f"{to_utf8(raw, error.start)}"
        ) from error
