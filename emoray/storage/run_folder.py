"""The folder of a run in `--out`, the folder of all runs: never another input's.

`_inputs.json` in it records what its results were made of: the corpus by its hash, the taxonomy,
the artifact, … A job that reads something else writes to another folder, named by content, or is
refused where the user has named the folder. The same input at other settings writes to the same
folder and replaces its tables, which is printed before any work.
"""

import hashlib
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emoray.storage.location import Place, absolute, check_writable, child
from emoray.storage.names import checked_run, part_of, shown
from emoray.storage.s3 import S3Folder
from emoray.storage.submitted import check_outlives

INPUTS, SETTINGS = "_inputs.json", "settings"  # a file, and its field of what is no input
RESULTS = Path("results")
STORE = "_store"
OURS = {"_parts", "_tune", "artifacts", "artifact", "report.html"}  # besides tables
ENDINGS = (".parquet", ".npy")
TABLES = "tables"  # among the inputs of a run that later starts add to: its tables' version


def store_of(out: Place, store: Place | None) -> Place:
    """The location of finished stages: the given one, else the one that all runs share."""
    if store is not None:
        check_outlives(store, "--store")
    return absolute(store or child(out, STORE))


def ready_out(out: Place, store: Place | None = None) -> None:
    """Refuse an output that cannot be written, before any work."""
    check_outlives(out, "--out")
    if isinstance(out, Path):
        there = next(each for each in (out.absolute(), *out.absolute().parents) if each.exists())
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            why = "no right to write" if there.is_dir() else f"{there} is a file"
            raise ValueError(
                f"the output must be a folder that can be written, got {out} ({why}): name another "
                "with --out"
            )
    check_writable(out, *([] if store is None else [store]))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFolder:
    """The folder of one run's results.

    Attributes:
        out: folder of all runs.
        name: of its folder, or None.
        usual: name of its folder by default.
        settings: what else its tables depend on, as text.
    """

    out: Place
    name: str | None
    usual: str
    settings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.name is not None:
            checked_run(self.name)

    @property
    def place(self) -> Place:
        """The folder, as long as it is nobody else's."""
        return child(self.out, self.name or part_of(self.usual))

    def free(self, inputs: Mapping[str, str]) -> tuple[Place, str]:
        """Choose the folder for results of these inputs.

        Returns:
            The folder, and a note where it is not the usual one or holds results to be replaced.

        Raises:
            ValueError: if the named folder, or that named by content, holds results of other
                inputs.
        """
        _refuse_run(self.out)
        place = self.place
        if (other := _others(place, inputs)) is None:
            return place, self._replaced(place)
        if self.name is None:
            digest = hashlib.sha256(_written(inputs)).hexdigest()[:8]
            other_place = child(self.out, f"{part_of(self.usual)}-{digest}")
            if _others(other_place, inputs) is None:
                replaced = self._replaced(other_place)
                note = f"{place} holds results of {other}; this run lands in {other_place}"
                return other_place, f"{note}; {replaced}" if replaced else note
            place = other_place
        raise ValueError(
            f"a run's folder holds the results of one input, {place} those of {other}: name "
            "another with --name, or move it away"
        )

    def _replaced(self, place: Place) -> str:
        """A note on results of other settings there, which this run replaces; empty without."""
        before = _settings(place)
        if not self.settings or not before or not _has_results(place):
            return ""
        changed = _differences(before, self.settings)
        return changed and (
            f"{place} holds results at {changed}: this run replaces them; --name keeps both apart, "
            "and their finished stages stay in the store"
        )


def settings_text(**named: Any) -> dict[str, str]:
    """Settings as text; those that nobody gave are `usual`."""
    words = {
        name: ", ".join(map(str, value)) if isinstance(value, tuple) else value
        for name, value in named.items()
    }
    return {name: "usual" if value in (None, "") else str(value) for name, value in words.items()}


def record_inputs(
    place: Place, inputs: Mapping[str, str], settings: Mapping[str, str] | None = None
) -> None:
    """Record in the folder what its results are made of; refuse one that is another's by now."""
    if (other := _others(place, inputs)) is not None:
        raise ValueError(
            f"a run's folder holds the results of one input, {place} holds those of {other} since "
            "this run began: run the same command again"
        )
    content = _written({**inputs, **({SETTINGS: dict(settings)} if settings else {})})
    if isinstance(place, S3Folder):
        place.write(INPUTS, content)
        return
    place.mkdir(parents=True, exist_ok=True)
    aside = place / f"{INPUTS}-{uuid.uuid4().hex[:8]}"
    aside.write_bytes(content)
    os.replace(aside, place / INPUTS)


def _written(inputs: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(inputs), sort_keys=True, indent=1, ensure_ascii=False).encode()


def _kept(place: Place) -> dict[str, Any] | None:
    """Read the folder's record of its results; None without one."""
    try:
        if isinstance(place, S3Folder):
            found = place.find(INPUTS)
            content = found.content if found else b""
        else:
            content = (place / INPUTS).read_bytes()
        record = json.loads(content)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def _recorded(place: Place) -> dict[str, str] | None:
    """Read the inputs of the folder's results; None without a record."""
    record = _kept(place)
    return None if record is None else {str(k): str(v) for k, v in record.items() if k != SETTINGS}


def _settings(place: Place) -> dict[str, str]:
    """Read the settings of the folder's results."""
    settings = (_kept(place) or {}).get(SETTINGS)
    return {str(k): str(v) for k, v in settings.items()} if isinstance(settings, dict) else {}


def _names(place: Place) -> Iterator[str]:
    """List the names directly in the folder."""
    if isinstance(place, S3Folder):
        yield from {name.split("/")[0] for name in place.names()}
    elif place.is_dir():
        yield from (path.name for path in place.iterdir())


def _has_results(place: Place) -> bool:
    return any(name in OURS or name.endswith(ENDINGS) for name in _names(place))


def _differences(recorded: Mapping[str, str], here: Mapping[str, str]) -> str:
    """The recorded inputs that differ here, as text."""
    return ", ".join(
        f"{name} {_short(recorded[name])} (here {_short(here.get(name, 'none'))})"
        for name in recorded
        if recorded[name] != here.get(name)
    )


def _others(place: Place, inputs: Mapping[str, str]) -> str | None:
    """Describe the inputs of a folder's results if they are not `inputs`; None if it is free."""
    recorded = _recorded(place)
    if recorded == dict(inputs):
        return None
    if not _has_results(place):
        return None
    if recorded is None:
        return "inputs that it does not name (another version's)"
    if recorded.get(TABLES) != inputs.get(TABLES):
        return "another version of emoray, whose tables have other columns"
    return _differences(recorded, inputs) or "fewer inputs"


def _short(value: str) -> str:
    return value[:12] if len(value) == 64 else shown(value)[1:-1]


def _refuse_run(out: Place) -> None:
    """Refuse to make a run's folder inside another run's."""
    if _recorded(out) is not None:
        raise ValueError(
            f"--out is the folder of all runs, got {out}, which is one run's: name the folder that "
            "it lies in, and the run itself with --name"
        )
