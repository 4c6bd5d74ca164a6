"""Names of label ids: from a file next to the corpus, or from the options."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emoray.data.importing.characters import cleaned_name
from emoray.data.importing.encoding import decoded
from emoray.data.importing.table import quoted

FILES = (  # next to a corpus, the most usual first
    "labels.txt",
    "emotions.txt",
    "classes.txt",
    "label_names.txt",
    "mapping.txt",
    "label_dict.json",
    "label_map.json",
    "label2id.json",
    "id2label.json",
    "labels.json",
    "classes.json",
)
_BEFORE = re.compile(r"\s*(\d+)\s*[\t,;:=]\s*(\S.*)")
_SPACED = re.compile(r"\s*(\d+) +(\S.*)")
_AFTER = re.compile(r"\s*(\S.*?)\s*[\t,;:=]\s*(\d+)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelNames:
    """Names by id; where: their source, for errors and notes."""

    by_id: dict[int, str]
    where: str

    @property
    def ordered(self) -> tuple[str, ...]:
        """The names in the order of their ids."""
        return tuple(self.by_id[i] for i in sorted(self.by_id))

    @property
    def ids(self) -> str:
        """The ids as text."""
        low, high = min(self.by_id), max(self.by_id)
        whole = high - low + 1 == len(self.by_id)
        return f"{low}..{high}" if whole else ", ".join(map(str, sorted(self.by_id)[:12]))


def in_order(names: tuple[str, ...], where: str) -> LabelNames | None:
    """Names by position; None where there are none."""
    return LabelNames(by_id=dict(enumerate(names)), where=where) if names else None


def parse_label_names(given: Sequence[str]) -> tuple[str, ...]:
    """Parse the names of labels on a command line: one each, all with commas, or a file of them.

    Returns:
        The names in the order of their ids.

    Raises:
        ValueError: if a file does not name every id from 0 on.
    """
    if len(given) != 1:
        return tuple(map(cleaned_name, given))
    if not (path := Path(given[0]).expanduser()).is_file():
        return tuple(cleaned_name(name) for name in given[0].split(","))
    found = names_in(path.read_bytes(), str(path))
    if found is None or sorted(found.by_id) != list(range(len(found.by_id))):
        raise ValueError(
            f"a file of label names has one for each id from 0 on, got other ids in {path}: "
            "correct it"
        )
    return found.ordered


def _of_json(found: Any, where: str) -> dict[int, str] | None:
    if isinstance(found, list) and all(isinstance(name, str) for name in found):
        return dict(enumerate(found))
    if not isinstance(found, dict) or not found:
        return None
    if all(isinstance(v, int) and not isinstance(v, bool) for v in found.values()):
        return {i: str(name) for name, i in found.items()}
    if all(re.fullmatch(r"\d+", str(k)) and isinstance(v, str) for k, v in found.items()):
        return {int(i): name for i, name in found.items()}
    return None


def _of_lines(lines: list[str]) -> dict[int, str]:
    for pattern, id_first in ((_BEFORE, True), (_AFTER, False), (_SPACED, True)):
        matches = [match for line in lines if (match := pattern.fullmatch(line))]
        if len(matches) < len(lines):
            continue
        pairs = [(m[1], m[2]) if id_first else (m[2], m[1]) for m in matches]
        found = {int(i): name.split("\t")[0].strip() for i, name in pairs}
        if len(found) < len(lines):
            continue
        if pattern is _BEFORE or (
            sorted(found) == list(range(len(lines))) and len({*found.values()}) == len(lines)
        ):
            return found
    return dict(enumerate(line.strip() for line in lines))


def names_in(raw: bytes, where: str) -> LabelNames | None:
    """Parse a file of label names: one a line, `0<tab>anger`, or JSON.

    Returns:
        The names; None for a file without any.

    Raises:
        ValueError: if a name occurs twice, or a line is more than a name.
    """
    text = decoded(raw, where)[0]
    if where.endswith(".json"):
        try:
            found = _of_json(json.loads(text), where)
        except (json.JSONDecodeError, RecursionError):
            found = None
        if found is None:
            raise ValueError(
                f'{where}: names of labels in JSON are {{"anger": 0, "joy": 1}}, {{"0": "anger"}} '
                'or ["anger", "joy"], got something else: write one of these, or move the file away'
            )
    else:
        lines = [line for line in text.splitlines() if line.strip()]
        found = _of_lines(lines)
    invalid = next((name for name in found.values() if "\t" in name or not name.strip()), None)
    by_id = {i: cleaned_name(name) for i, name in found.items()}
    names = list(by_id.values())
    twice = next((name for name in names if names.count(name) > 1), None)
    if invalid is not None or twice is not None:
        wrong = quoted(invalid) if invalid is not None else f"{quoted(twice)} twice"
        raise ValueError(
            f"{where} names every label once, one a line or as '0<tab>anger', got {wrong}: correct "
            "the file"
        )
    return LabelNames(by_id=by_id, where=where) if by_id else None
