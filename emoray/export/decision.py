"""Change the decision of an artifact that is in use: at once, or not at all, and back again.

How two files change at one moment, and where the decisions are kept: `emoray.export.switch`.
Shapes: K labels.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emoray.export import artifact
from emoray.export.artifact import DECISION, LABELS, MANIFEST
from emoray.export.shipping import decision_json
from emoray.export.switch import (
    HISTORY,
    NEXT,
    NOTE,
    UNDONE,
    held,
    numbered,
    place,
    record,
    settle,
    switch,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A decision that an artifact has or had."""

    number: int
    temperature: float
    rule: str
    thresholds: tuple[float, ...]
    when: str
    why: str
    state: str  # current, kept (an undo comes to it) or undone


def model_sha256(files: dict[str, bytes]) -> str:
    """What an artifact's logits depend on, as one hash: every file but its decision."""
    hashes = {n: artifact.sha256(d) for n, d in files.items() if n not in (DECISION, MANIFEST)}
    return artifact.sha256(artifact.manifest_of(hashes))


def _saved(kept: Path, state: str) -> Saved:
    decision = json.loads((kept / DECISION).read_bytes())
    try:
        note = json.loads((kept / NOTE).read_bytes())
    except (OSError, ValueError):  # only people read it
        note = {"when": "", "why": ""}
    return Saved(
        number=int(kept.name[:4]),
        temperature=decision["temperature"],
        rule=decision["threshold_rule"],
        thresholds=tuple(decision["thresholds"]),
        when=note["when"],
        why=note["why"],
        state=state,
    )


def change(folder: Path, *, temperature: float, cuts_K: np.ndarray, rule: str, why: str) -> Saved:
    """Give the artifact another decision, atomically; the one it had is kept for `undo`.

    The same decision again changes nothing. Refuses a damaged artifact before touching it.
    """
    files = artifact.read(folder)
    labels = json.loads(files[LABELS])
    if np.shape(cuts_K) != (len(labels),):
        raise ValueError(
            f"a decision has one cut for each label, {len(labels)} here, got shape "
            f"{np.shape(cuts_K)}: fit it on this artifact"
        )
    decision = decision_json(temperature, cuts_K, rule)
    with held(folder) as kept:
        history = folder / HISTORY
        if json.loads((kept[-1] / DECISION).read_bytes()) == json.loads(decision):
            return _saved(kept[-1], "current")
        hashes = json.loads((kept[-1] / MANIFEST).read_bytes())
        manifest = artifact.manifest_of({**hashes, DECISION: artifact.sha256(decision)})
        record({MANIFEST: manifest, DECISION: decision}, why, history, NEXT)
        switch(folder, kept[-1], history / NEXT)
        return _saved(settle(folder)[-1], "current")


def _model_of(kept: Path) -> dict[str, str]:
    """Hashes of the files that a kept decision was made for; refuses a damaged one."""
    try:
        hashes = dict(json.loads((kept / MANIFEST).read_bytes()))
        if artifact.sha256((kept / DECISION).read_bytes()) == hashes.pop(DECISION):
            return hashes
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise ValueError(
        f"a kept decision is as its manifest says, {kept} is not: set the decision you want with "
        "--temperature and --threshold"
    )


def undo(folder: Path) -> Saved:
    """Give the artifact the decision it had before the current one, atomically."""
    artifact.read(folder)
    nothing = ValueError(
        f"an undo needs a decision before the current one, {folder} has none: nothing was changed "
        "since it was made"
    )
    if not (folder / HISTORY).is_dir():
        raise nothing
    with held(folder) as kept:
        if len(kept) < 2:
            raise nothing
        if _model_of(kept[-2]) != _model_of(kept[-1]):
            raise ValueError(
                f"an undo restores a decision on the same model, {kept[-2].name} in {folder} was "
                "made for other files: the artifact was replaced since; set a decision anew"
            )
        switch(folder, kept[-1], kept[-2])
        return _saved(settle(folder)[-1], "current")


def history(folder: Path) -> list[Saved]:
    """Every decision of an artifact, oldest first, the current one marked; undone ones last.

    Reads only; before the first change there is none.
    """
    artifact.read(folder)
    kept = numbered(folder / HISTORY)
    at = place(folder, kept)
    undone = sorted((folder / HISTORY / UNDONE).glob("[0-9]*"))
    if at is not None:
        kept, undone = kept[: at + 1], kept[at + 1 :] + undone
    states = {k: "current" if i == at else "kept" for i, k in enumerate(kept)}
    return [_saved(k, states.get(k, "undone")) for k in [*kept, *undone]]
