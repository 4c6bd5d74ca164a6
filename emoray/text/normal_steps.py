"""The steps that normalize a text before it is cut into pieces, as tokenizer.json names them.

A step is an object of the `tokenizers` library's own form. SentencePiece's character map is kept
whole where the library reads it again, and as the replacements that a text can meet in artifacts.
"""

import base64
import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenizers.normalizers import Normalizer

Step = Mapping[str, Any]
PLAIN = ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Strip", "Prepend")
REGEXES = (" {2,}", r"\s+", r"\s{2,}|[\n\r\t]")  # that artifacts replace as Oniguruma does
CHARSMAP, REPLACEMENTS = "precompiled_charsmap", "replacements"
# The library asks the map for one character or for a cluster of less than 6 bytes.
_LONGEST = 5


def packed(data: bytes) -> str:
    """Compress bytes for JSON."""
    return base64.b64encode(zlib.compress(data, 9)).decode()


def steps_of(normalizer: Step | None) -> tuple[Step, ...]:
    """List the steps of a tokenizer.json's normalizer, in order.

    Returns:
        The steps, none a sequence.

    Raises:
        ValueError: that names the first step which is not carried, in its own words.
    """
    if normalizer is None:
        return ()
    kind = normalizer["type"]
    if kind == "Sequence":
        return tuple(step for part in normalizer["normalizers"] for step in steps_of(part))
    if kind == "Replace":
        pattern = normalizer["pattern"]
        if pattern.get("String") or pattern.get("Regex") in REGEXES:
            return (normalizer,)
        raise ValueError(f"Replace of {json.dumps(pattern, ensure_ascii=False)}")
    if kind == "Precompiled":  # an empty map changes nothing
        return (normalizer,) if normalizer[CHARSMAP] else ()
    if kind in PLAIN:
        return (normalizer,)
    raise ValueError(str(kind))


def library_normalizer(steps: Sequence[Step]) -> "Normalizer | None":
    """The library's normalizer of these steps; None without any."""
    from tokenizers import Tokenizer, models

    if not steps:
        return None
    bare = json.loads(Tokenizer(models.BPE()).to_str())
    bare["normalizer"] = {"type": "Sequence", "normalizers": list(steps)}
    return Tokenizer.from_str(json.dumps(bare)).normalizer


def _keys(
    units: Sequence[int], base: int, key: bytes = b"", left: int = 0
) -> Iterator[tuple[bytes, int]]:
    """Yield the keys below a node of a double array, and where the value of each begins.

    left: bytes of a character of UTF-8 that has begun.
    """
    if len(key) + left > _LONGEST:
        return
    for byte in range(0x80, 0xC0) if left else (*range(1, 0x80), *range(0xC2, 0xF5)):
        if base ^ byte < len(units) and (unit := units[base ^ byte]) & 0x800000FF == byte:
            inside, now = base ^ byte ^ _offset(unit), key + bytes([byte])
            if unit >> 8 & 1:
                yield now, units[inside] & 0x7FFFFFFF
            more = (byte >= 0xC2) + (byte >= 0xE0) + (byte >= 0xF0)
            yield from _keys(units, inside, now, left - 1 if left else more)


def _offset(unit: int) -> int:
    return unit >> 10 << ((unit & 1 << 9) >> 6)


@lru_cache(maxsize=4)
def replacements(charsmap: str) -> Mapping[str, str]:
    """Read what SentencePiece's character map puts in the place of at most 5 bytes.

    The map is a double array (Darts) of UTF-8 keys before the values, each of which ends with NUL.

    Returns:
        The replacement of each key.
    """
    data = base64.b64decode(charsmap)
    size = struct.unpack_from("<I", data)[0]
    units = struct.unpack_from(f"<{size // 4}I", data, 4)
    values = data[4 + size :]
    return {
        key.decode(): values[start : values.index(b"\0", start)].decode()
        for key, start in _keys(units, _offset(units[0]))
    }


def _served(step: Step) -> Step:
    if step["type"] != "Precompiled":
        return step
    pairs = replacements(step[CHARSMAP]).items()
    return {
        "type": step["type"],
        REPLACEMENTS: packed("\0".join(part for pair in pairs for part in pair).encode()),
    }


def served_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a tokenizer as an artifact carries them: a map without what no text meets."""
    steps = settings.get("normalize")
    if not isinstance(steps, list):  # of words it is a form of Unicode
        return dict(settings)
    return {**settings, "normalize": [_served(step) for step in steps]}
