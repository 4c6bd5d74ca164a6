"""JSON lines, or one JSON list, of objects: a key is a column."""

import json
from typing import Any

from emoray.text.bring.table import Table


def _object(found: Any, where: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise ValueError(
            f'{where}: an entry is an object such as {{"text": "…", "labels": ["joy"]}}, got '
            f"{type(found).__name__}: write one object for each text"
        )
    return found


def _entries(text: str, where: str) -> list[dict[str, Any]]:
    line = 0
    try:
        if text.lstrip().startswith("["):
            return [
                _object(e, f"{where} entry {i}") for i, e in enumerate(json.loads(text), start=1)
            ]
        found = []
        for line, part in enumerate(text.split("\n"), start=1):
            if part.strip():
                found.append(_object(json.loads(part), f"{where} line {line}"))
        return found
    except (json.JSONDecodeError, RecursionError) as error:
        at = line or getattr(error, "lineno", 1)
        raise ValueError(
            f"{where} line {at}: each line is JSON, got what is none ({error}): one object a line, "
            "or one list of objects"
        ) from None


def read_json(text: str, where: str) -> Table:
    """Objects need not all have every key: what is missing says nothing."""
    entries = _entries(text, where)
    names = dict.fromkeys(str(name) for entry in entries for name in entry)
    columns = {name: [entry.get(name) for entry in entries] for name in names}
    return Table(where=where, columns=columns)
