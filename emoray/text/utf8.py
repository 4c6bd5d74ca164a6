"""Bytes to text, with an error that says where they are no UTF-8."""


def utf8(raw: bytes, where: str) -> str:
    """The text without a byte order mark; ValueError names the line of the first wrong byte."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{where} line {line}: text must be UTF-8, got byte 0x{raw[error.start]:02x}: "
            "save the file as UTF-8"
        ) from error
