"""Read JSON lines, or one JSON list, of objects: a key is a column.

The list may be under a name, `{"data": [...]}`, and one for each split,
`{"train": [...], "test": [...]}`.
"""

import json
from typing import Any

from emoray.data.importing.split_names import split_named
from emoray.data.importing.table import Table, listed


def _object(found: Any, where: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise ValueError(
            f'{where}: an entry is an object such as {{"text": "…", "labels": ["joy"]}}, got '
            f"{type(found).__name__}: write one object for each text"
        )
    return found


def _not_of_columns(entries: list[dict[str, Any]], where: str) -> None:
    """Refuse one object that holds columns, or a list of texts under a name."""
    cells = list(entries[0].values()) if len(entries) == 1 else []
    if cells and any(all(isinstance(cell, kind) for cell in cells) for kind in (dict, list)):
        raise ValueError(
            f"{where}: JSON is an object for each text, one a line or in one list, got one object "
            f"of {listed(entries[0], 4)}: pandas writes such lines with to_json(path, "
            "orient='records', lines=True)"
        )


def _under_a_name(entries: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], str]:
    """The objects of lists inside one object, with a note; else the entries as they are."""
    (whole,) = entries if len(entries) == 1 else [{}]
    lists = {
        name: cell
        for name, cell in whole.items()
        if isinstance(cell, list) and cell and all(isinstance(each, dict) for each in cell)
    }
    others = [name for name in whole if name not in lists]
    remark = f", from {listed(lists, 4)}" + (
        f"; {listed(others, 4)} beside it left out" * bool(others)
    )
    if len(lists) == 1:
        return next(iter(lists.values())), remark
    if lists and all(split_named(name) for name in lists):
        return [{"split": name, **each} for name, cell in lists.items() for each in cell], remark
    return entries, ""


def _pretty(text: str, where: str) -> list[dict[str, Any]] | None:
    """Read one object over many lines; None where the text is more than that."""
    try:
        return [_object(json.loads(text), where)]
    except (json.JSONDecodeError, RecursionError):
        return None


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
        if line == 1 and (whole := _pretty(text, where)) is not None:
            return whole
        at = line or getattr(error, "lineno", 1)
        raise ValueError(
            f"{where} line {at}: each line is JSON, got what is none ({error}): one object a line, "
            "or one list of objects"
        ) from None


def read_json(text: str, where: str) -> Table:
    """Read objects as rows; a missing key is an empty cell."""
    entries, remark = _under_a_name(_entries(text, where))
    _not_of_columns(entries, where)
    names = dict.fromkeys(str(name) for entry in entries for name in entry)
    columns = {name: [entry.get(name) for entry in entries] for name in names}
    return Table(where=where, columns=columns, notes=(f"JSON{remark}",))
