"""Parse lists that were written as text: by Python (lists, tuples, sets), NumPy or JSON."""

import json
import re
from contextlib import suppress
from typing import Any

_CALL = re.compile(  # array(['joy'], dtype=object), {'joy'} as set(['joy'])
    r"(?:np\.|numpy\.)?(?:array|set|frozenset|tuple|list)\((.*?)(?:,\s*dtype=[^\])}]*)?\)",
    re.DOTALL,
)
_TYPED = re.compile(r"np\.\w+\((.*?)\)")  # np.str_('joy'), as lists of NumPy's values are written
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
_OBJECT = re.compile(r"\{\s*('[^']*'|\"[^\"]*\"|\d+)\s*:.*\}$", re.DOTALL)
_ESCAPED = re.compile(r"\\(['\"\\])")


def _body(cell: str) -> str:
    """The list with its brackets, without the call that makes it."""
    inside = cell.strip()
    call = _CALL.fullmatch(inside)
    return call[1].strip() if call else inside


def is_object(cell: str) -> bool:
    """Whether a cell looks like a dictionary, or a JSON object."""
    return _OBJECT.match(cell.strip()) is not None


def is_listed(cell: str) -> bool:
    """Whether a cell looks like a list; round and curly brackets alone may be part of a name."""
    body = _body(cell)
    if body in ("()", "{}"):
        return True
    if len(body) < 2 or is_object(body) or f"{body[0]}{body[-1]}" not in ("[]", "()", "{}"):
        return False
    return body[0] == "[" or any(sign in body for sign in ",'\"")


def items_of(cell: str) -> list[Any]:
    """Parse the items of a list written as text.

    Quoted ones are whole, others end at a comma or, where there is none, at white space.

    Returns:
        Strings, or the values of JSON.
    """
    body = _body(cell)
    with suppress(ValueError, RecursionError):
        found = json.loads(body)
        if isinstance(found, list) and not any(isinstance(item, list | dict) for item in found):
            return found
    inside = _TYPED.sub(r"\1", body)[1:-1].strip()
    gap = re.compile("," if "," in _QUOTED.sub("", inside) else r"\s")
    items: list[Any] = []
    at = 0
    while at < len(inside):
        if inside[at].isspace():
            at += 1
            continue
        match = _QUOTED.match(inside, at)
        if match and (match.end() == len(inside) or inside[match.end()] in ", \t\r\n"):
            items.append(_ESCAPED.sub(r"\1", match[1] if match[1] is not None else match[2]))
            at = match.end()
            continue
        end = gap.search(inside, at)
        stop = end.start() if end else len(inside)
        if part := inside[at:stop].strip().strip("'\""):
            items.append(part)
        at = stop + 1
    return items
