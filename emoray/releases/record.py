"""One release: a record that is written once, and never changed.

`models/NAME/history/000007.json` is the seventh. It carries the aliases after it, so the newest
record alone says what is in production, and no second file can say otherwise. Its last field is the
SHA-256 of all others: one byte changed, or a file cut off, is seen.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

FORMAT = 1
ADD, PROMOTE, ROLLBACK = "add", "promote", "rollback"
HISTORY = "history"  # folder of a model's records
RECORD = re.compile(r"(\d{6})\.json")
SEALED = "sha256"  # of a record's other fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What one command did to a model.

    Attributes:
        number: of the release, counted from 1 without gaps.
        id: of this very attempt: two who write the same number are told apart.
        time: ISO 8601, UTC.
        who: user and machine.
        action: add, promote or rollback.
        artifact: SHA-256 of the artifact's manifest, by which everything names it.
        why: the reason, as it was given.
        forced: whether gates or verdict said no.
        aliases: SHA-256 by alias, after this release.
        about: the artifact: where it came from, labels, decision, bytes, its card.
        gates: what it had to reach, by name; of a promotion.
        figures: measured at that time, and on what; of a promotion.
        verdict: against what was in production; None where nothing was.
    """

    number: int
    id: str
    time: str
    who: str
    action: str
    artifact: str
    why: str
    aliases: Mapping[str, str]
    forced: bool = False
    about: Mapping[str, Any] = field(default_factory=dict)
    gates: Mapping[str, Any] | None = None
    figures: Mapping[str, Any] | None = None
    verdict: Mapping[str, Any] | None = None


def record_name(number: int) -> str:
    """The name of a record's file."""
    return f"{number:06}.json"


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)


def record_bytes(release: Release) -> bytes:
    """The file of a release."""
    content = {"format": FORMAT, **asdict(release)}
    digest = hashlib.sha256(_text(content).encode()).hexdigest()
    return f"{_text({**content, SEALED: digest})}\n".encode()


def parsed_record(data: bytes, number: int) -> Release:
    """Read the file of a release; ValueError says in a few words what is wrong with it."""
    try:
        content = json.loads(data)
    except ValueError:
        raise ValueError("it is no JSON, as if it were cut off") from None
    if not isinstance(content, dict):
        raise ValueError("it holds no record")
    if content.get("format", FORMAT) != FORMAT:
        raise ValueError(f"its format is {content['format']}, of another version of emoray")
    sealed = content.pop(SEALED, None)
    if sealed != hashlib.sha256(_text(content).encode()).hexdigest():
        raise ValueError("its SHA-256 is not that of its content: it was changed")
    content.pop("format")
    if set(content) != {one.name for one in fields(Release)} or content["number"] != number:
        raise ValueError(f"it is no record of release {number}")
    return Release(**content)
