"""What ids of labels stand for: by a file beside the corpus, or as the user says."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emoray.data.importing.characters import cleaned_name
from emoray.data.importing.encoding import decoded
from emoray.data.importing.table import quoted

FILES = (  # beside a corpus, the most usual first
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
    """Names by id; where: who says so, for errors and the first look."""

    by_id: dict[int, str]
    where: str

    @property
    def ordered(self) -> tuple[str, ...]:
        return tuple(self.by_id[i] for i in sorted(self.by_id))

    @property
    def ids(self) -> str:
        """The ids, in words."""
        low, high = min(self.by_id), max(self.by_id)
        whole = high - low + 1 == len(self.by_id)
        return f"{low}..{high}" if whole else ", ".join(map(str, sorted(self.by_id)[:12]))


def in_order(names: tuple[str, ...], where: str) -> LabelNames | None:
    """Names by place; None where there are none."""
    return LabelNames(by_id=dict(enumerate(names)), where=where) if names else None


def said_names(said: Sequence[str]) -> tuple[str, ...]:
    """Names of labels as a command line gives them: each by itself, all with commas, or a file of
    them. ValueError for a file that names none by place."""
    if len(said) != 1:
        return tuple(map(cleaned_name, said))
    if not (path := Path(said[0]).expanduser()).is_file():
        return tuple(cleaned_name(name) for name in said[0].split(","))
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
    """A file's names: one a line, `0<tab>anger`, or JSON. None where it names nothing.

    ValueError where one stands twice, or a line is more than a name.
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
    strange = next((name for name in found.values() if "\t" in name or not name.strip()), None)
    by_id = {i: cleaned_name(name) for i, name in found.items()}
    names = list(by_id.values())
    twice = next((name for name in names if names.count(name) > 1), None)
    if strange is not None or twice is not None:
        wrong = quoted(strange) if strange is not None else f"{quoted(twice)} twice"
        raise ValueError(
            f"{where} names every label once, one a line or as '0<tab>anger', got {wrong}: correct "
            "the file"
        )
    return LabelNames(by_id=by_id, where=where) if by_id else None
