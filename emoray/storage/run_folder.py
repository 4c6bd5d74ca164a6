"""The folder that a job makes in `--out`, the folder of all runs: never another input's.

`_inputs.json` in it says what its results were made of: the corpus by its hash, the taxonomy, the
artifact, … A job that reads something else lands beside it, in a folder named by content, or is
refused where the user has named the folder. The same input at other settings lands in the same
folder and replaces its tables, which is said before any work.
"""

import hashlib
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emoray.storage.location import Place, absolute, child, ready
from emoray.storage.names import checked_run, part_of, shown
from emoray.storage.s3 import S3Folder
from emoray.storage.submitted import check_outlives

INPUTS, SETTINGS = "_inputs.json", "settings"  # a file, and what it has beside the inputs
RESULTS = Path("results")
STORE = "_store"
OURS = {"_parts", "_tune", "artifacts", "artifact", "report.html"}  # tables beside them
ENDINGS = (".parquet", ".npy")
TABLES = "tables"  # among the inputs of a run that later starts add to: its tables' version


def store_of(out: Place, store: Place | None) -> Place:
    """Where finished stages lie: as said, else beside all runs, which share them."""
    if store is not None:
        check_outlives(store, "--store")
    return absolute(store or child(out, STORE))


def ready_out(out: Place, store: Place | None = None) -> None:
    """Refuse (ValueError) an output that cannot be written, before anything is paid for or made."""
    check_outlives(out, "--out")
    if isinstance(out, Path):
        there = next(each for each in (out.absolute(), *out.absolute().parents) if each.exists())
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            why = "no right to write" if there.is_dir() else f"{there} is a file"
            raise ValueError(
                f"the output must be a folder that can be written, got {out} ({why}): name another "
                "with --out"
            )
    ready(out, *([] if store is None else [store]))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFolder:
    """Where one run's results land.

    usual: what its folder is called unless `name` says. settings: what else its tables depend on,
    as people say it.
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
        """The folder for results of these inputs, and what to say where it is not the usual one.

        ValueError where the folder that was named, or the one named by content, holds the results
        of other inputs.
        """
        _refuse_run(self.out)
        place = self.place
        if (other := _others(place, inputs)) is None:
            return place, self._replaced(place)
        if self.name is None:
            digest = hashlib.sha256(_written(inputs)).hexdigest()[:8]
            beside = child(self.out, f"{part_of(self.usual)}-{digest}")
            if _others(beside, inputs) is None:
                replaced = self._replaced(beside)
                said = f"{place} holds results of {other}; this run lands in {beside}"
                return beside, f"{said}; {replaced}" if replaced else said
            place = beside
        raise ValueError(
            f"a run's folder holds the results of one input, {place} those of {other}: name "
            "another with --name, or move it away"
        )

    def _replaced(self, place: Place) -> str:
        """That results of other settings lie there, which this run replaces; else nothing."""
        before = _settings(place)
        if not self.settings or not before or not _has_results(place):
            return ""
        changed = _differences(before, self.settings)
        return changed and (
            f"{place} holds results at {changed}: this run replaces them; --name keeps both apart, "
            "and their finished stages stay in the store"
        )


def settings_of(**named: Any) -> dict[str, str]:
    """Settings as people say them: those that nobody gave are `usual`."""
    words = {
        name: ", ".join(map(str, value)) if isinstance(value, tuple) else value
        for name, value in named.items()
    }
    return {name: "usual" if value in (None, "") else str(value) for name, value in words.items()}


def record_inputs(
    place: Place, inputs: Mapping[str, str], settings: Mapping[str, str] | None = None
) -> None:
    """Keep in the folder what its results are made of; ValueError where it is another's by now."""
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
    """What the folder says of its results; None where it does not say."""
    try:
        if isinstance(place, S3Folder):
            found = place.find(INPUTS)
            content = found.content if found else b""
        else:
            content = (place / INPUTS).read_bytes()
        said = json.loads(content)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return said if isinstance(said, dict) else None


def _recorded(place: Place) -> dict[str, str] | None:
    """What the folder says its results are of; None where it does not say."""
    said = _kept(place)
    return None if said is None else {str(k): str(v) for k, v in said.items() if k != SETTINGS}


def _settings(place: Place) -> dict[str, str]:
    """What else the folder says its results depend on."""
    said = (_kept(place) or {}).get(SETTINGS)
    return {str(k): str(v) for k, v in said.items()} if isinstance(said, dict) else {}


def _names(place: Place) -> Iterator[str]:
    """What lies directly in the folder."""
    if isinstance(place, S3Folder):
        yield from {name.split("/")[0] for name in place.names()}
    elif place.is_dir():
        yield from (path.name for path in place.iterdir())


def _has_results(place: Place) -> bool:
    return any(name in OURS or name.endswith(ENDINGS) for name in _names(place))


def _differences(said: Mapping[str, str], here: Mapping[str, str]) -> str:
    """What was said before and is otherwise here, in words."""
    return ", ".join(
        f"{name} {_short(said[name])} (here {_short(here.get(name, 'none'))})"
        for name in said
        if said[name] != here.get(name)
    )


def _others(place: Place, inputs: Mapping[str, str]) -> str | None:
    """What a folder's results are of where that is not `inputs`, in words; None where it is free
    or these inputs' own."""
    said = _recorded(place)
    if said == dict(inputs):
        return None
    if not _has_results(place):
        return None
    if said is None:
        return "inputs that it does not name (another version's)"
    if said.get(TABLES) != inputs.get(TABLES):
        return "another version of emoray, whose tables have other columns"
    return _differences(said, inputs) or "fewer inputs"


def _short(value: str) -> str:
    return value[:12] if len(value) == 64 else shown(value)[1:-1]


def _refuse_run(out: Place) -> None:
    """Refuse to make a run's folder inside another run's."""
    if _recorded(out) is not None:
        raise ValueError(
            f"--out is the folder of all runs, got {out}, which is one run's: name the folder that "
            "it lies in, and the run itself with --name"
        )
