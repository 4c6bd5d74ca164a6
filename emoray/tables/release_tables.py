"""A model's releases as tables for a terminal: the history, one release, two side by side."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from emoray.console.wording import size
from emoray.releases.looking import NOTHING, about, pointing_to
from emoray.releases.names import SHORT
from emoray.releases.record import Release
from emoray.tables.terminal import table

WHOLE_SHA = re.compile("[0-9a-f]{64}")


def _verdict(release: Release) -> str:
    said = str((release.verdict or {}).get("verdict", ""))
    return f"{said}, forced" if release.forced and said else "forced" * release.forced or said


def releases_table(name: str, releases: Sequence[Release]) -> Table:
    """The history of a model, the newest release last; aliases as they are now."""
    made = table(
        f"Releases of {name}",
        *("release", "time", "who", "action", "artifact", "now", "verdict", "why"),
        *("macro-F1", "size"),
        left=8,
    )
    for release in releases:
        added = about(releases, release.artifact)
        f1 = (release.figures or {}).get("macro_f1")
        made.add_row(
            str(release.number),
            release.time.removesuffix("+00:00").replace("T", " "),
            release.who,
            release.action,
            release.artifact[:SHORT],
            pointing_to(release, releases[-1]),
            _verdict(release),
            release.why,
            "" if f1 is None else f"{f1:.4f}",
            size(added["size_bytes"]) if "size_bytes" in added else "",
        )
    return made


def _shown(value: Any) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str) and WHOLE_SHA.fullmatch(value):
        return value[:SHORT]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _rows(made: Table, value: Mapping[str, Any], start: str = "") -> None:
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            _rows(made, inner, f"{start}{name}.")
        else:
            made.add_row(f"{start}{name}", _shown(inner))


def release_table(releases: Sequence[Release], release: Release) -> Table:
    """Everything that is kept of a release and its artifact."""
    made = table(f"Release {release.number}", "what", "value", left=2)
    aliases = {alias: sha[:SHORT] for alias, sha in release.aliases.items()}
    for name in ("time", "who", "action", "artifact", "why"):
        made.add_row(name, getattr(release, name))
    _rows(made, {"forced": release.forced})
    _rows(made, {"points to it now": pointing_to(release, releases[-1]) or NOTHING})
    _rows(made, {"aliases after it": aliases})
    for name in ("gates", "figures", "verdict"):
        _rows(made, {name: getattr(release, name)} if getattr(release, name) is not None else {})
    _rows(made, {"artifact": about(releases, release.artifact)})
    return made


def differences_table(
    before: Release, after: Release, differ: Sequence[tuple[str, Any, Any]]
) -> Table:
    """What two releases differ in; numbers with their change."""
    made = table(
        f"Release {before.number} ({before.artifact[:SHORT]}) → release {after.number} "
        f"({after.artifact[:SHORT]})",
        *("what", "before", "after", "change"),
    )
    for name, old, new in differ:
        numbers = isinstance(old, int | float) and isinstance(new, int | float)
        change = f"{new - old:+.6g}".replace("-", "\N{MINUS SIGN}") if numbers else ""
        made.add_row(name, _shown(old), _shown(new), change)
    return made
