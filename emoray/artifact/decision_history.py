"""Change the decision of an artifact that is in use: atomically, with undo and redo.

How two files change at one moment, and where the decisions are kept: `atomic_switch`.
Shapes: K labels.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from emoray.artifact import runtime
from emoray.artifact.atomic_switch import (
    HISTORY,
    NEXT,
    NOTE,
    UNDONE,
    At,
    current_decision,
    held_decision,
    keep_at,
    kept_decisions,
    put_file,
    read_at,
    record_decision,
    settle,
    switch,
)
from emoray.artifact.card import card_after, card_as_made
from emoray.artifact.packaging import DerivedDecision, decision_json, derived_decisions
from emoray.artifact.runtime import CARD, DECISION, LABELS, MANIFEST


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
    after: int | None = None  # the decision that it was made on, to which an undo goes
    scores: Mapping[str, float] = field(default_factory=dict)


def model_sha256(files: dict[str, bytes]) -> str:
    """One hash of every file that an artifact's logits depend on: all but its decision."""
    hashes = {n: runtime.sha256(d) for n, d in files.items() if n not in (DECISION, MANIFEST)}
    return runtime.sha256(runtime.manifest_of(hashes))


def _note(kept: Path) -> dict[str, Any]:
    try:
        note = json.loads((kept / NOTE).read_bytes())
    except (OSError, ValueError):  # only people read it
        return {}
    return note if isinstance(note, dict) else {}


def _after(kept: Path, all_kept: Sequence[Path]) -> int | None:
    """The number of the decision that this one was made on; None for the first."""
    note, number = _note(kept), int(kept.name[:4])
    if "after" in note:
        return None if note["after"] is None else int(note["after"])
    before = [int(k.name[:4]) for k in all_kept if int(k.name[:4]) < number]
    return before[-1] if before else None


def _saved(kept: Path, state: str, after: int | None = None) -> Saved:
    decision = json.loads((kept / DECISION).read_bytes())
    note = _note(kept)
    return Saved(
        number=int(kept.name[:4]),
        temperature=decision["temperature"],
        rule=decision["threshold_rule"],
        thresholds=tuple(decision["thresholds"]),
        when=str(note.get("when", "")),
        why=str(note.get("why", "")),
        state=state,
        after=after,
        scores=dict(note.get("scores") or {}),
    )


def _saved_current(folder: Path, at: Path) -> Saved:
    """Read the current decision, and update the artifact's card to it."""
    now = _saved(at, "current", _after(at, kept_decisions(folder / HISTORY)))
    card = card_after(folder, number=now.number, when=now.when, why=now.why, scores=now.scores)
    if card is not None and card != (folder / CARD).read_bytes():
        put_file(folder / HISTORY, card, folder / CARD)
    return now


def _current(folder: Path, redo: tuple[int, ...] = ()) -> Saved:
    """Save the artifact's position in its history, and read its decision."""
    at = settle(folder)
    keep_at(folder / HISTORY, At(number=int(at.name), redo=redo))
    return _saved_current(folder, at)


def change(
    folder: Path,
    *,
    temperature: float,
    cuts_K: np.ndarray,
    rule: str,
    why: str,
    scores: Mapping[str, float] | None = None,
) -> Saved:
    """Give the artifact another decision, atomically; every one that it had is kept.

    The same decision again changes nothing. A damaged artifact is refused before it is touched.
    Its decisions in coarser taxonomies stay as they are.

    Args:
        folder: of the artifact.
        temperature: of the probabilities.
        cuts_K: of the logits.
        rule: name of the threshold rule.
        why: the reason, for people.
        scores: known ones of the decision.

    Returns:
        The decision as it was saved.

    Raises:
        ValueError: if there is not one cut for each label.
    """
    files = runtime.read(folder)
    labels = json.loads(files[LABELS])
    if np.shape(cuts_K) != (len(labels),):
        raise ValueError(
            f"a decision has one cut for each label, {len(labels)} here, got shape "
            f"{np.shape(cuts_K)}: fit it on this artifact"
        )
    decision_json(temperature, cuts_K, rule)  # refused before anything is held

    def content(current: bytes) -> bytes:
        softmax = json.loads(current).get("softmax", False)  # of the model, as its logits are
        return decision_json(
            temperature, cuts_K, rule, derived_decisions(current, labels), softmax=softmax
        )

    return _changed(folder, content, why, scores)


def change_derived(
    folder: Path,
    decision: DerivedDecision,
    *,
    why: str,
    scores: Mapping[str, float] | None = None,
) -> Saved:
    """Give the artifact a decision in a coarser taxonomy, in place of one that it has there.

    That on its own labels stays, and with it those in other taxonomies.

    Args:
        folder: of the artifact.
        decision: the new one.
        why: the reason, for people.
        scores: known ones of the decision.

    Returns:
        The decision as it was saved.
    """
    labels = json.loads(runtime.read(folder)[LABELS])

    def content(current: bytes) -> bytes:
        own = json.loads(current)
        kept = {each.taxonomy: each for each in derived_decisions(current, labels)}
        kept[decision.taxonomy] = decision
        made = decision_json(
            own["temperature"],
            np.array(own["cuts"], np.float64),
            str(own.get("threshold_rule", "given")),
            tuple(kept.values()),
        )
        runtime.derived_of(made, labels)  # refused before anything is written
        return made

    return _changed(folder, content, why, scores)


def _changed(
    folder: Path,
    content: Callable[[bytes], bytes],
    why: str,
    scores: Mapping[str, float] | None,
) -> Saved:
    """Save the decision that `content` makes of the current one."""
    with held_decision(folder) as at:
        history, current = folder / HISTORY, (at / DECISION).read_bytes()
        decision = content(current)
        if json.loads(current) == json.loads(decision):
            return _saved_current(folder, at)
        hashes = json.loads((at / MANIFEST).read_bytes())
        manifest = runtime.manifest_of({**hashes, DECISION: runtime.sha256(decision)})
        pair = {MANIFEST: manifest, DECISION: decision}
        record_decision(pair, why, history, NEXT, after=int(at.name), scores=scores)
        switch(folder, at, history / NEXT)
        return _current(folder)


def _model_of(kept: Path) -> dict[str, str]:
    """Hashes of the files that a kept decision was made for; refuse a damaged one."""
    try:
        hashes = dict(json.loads((kept / MANIFEST).read_bytes()))
        if runtime.sha256((kept / DECISION).read_bytes()) == hashes.pop(DECISION):
            return hashes
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise ValueError(
        f"a kept decision is as its manifest says, {kept} is not: set the decision you want with "
        "--temperature and --threshold"
    )


def _go(folder: Path, at: Path, number: int, redo: tuple[int, ...]) -> Saved:
    """Give the artifact the kept decision of that number, atomically."""
    kept = folder / HISTORY / f"{number:04}"
    if not kept.is_dir():
        known = ", ".join(str(int(k.name)) for k in kept_decisions(folder / HISTORY))
        raise ValueError(
            f"a decision of the history has a number ({known}), got {number}: --list shows all"
        )
    if _model_of(kept) != _model_of(at):
        raise ValueError(
            f"an undo restores a decision on the same model, {kept.name} in {folder} was made for "
            "other files: the artifact was replaced since; set a decision anew"
        )
    if kept != at:
        keep_at(folder / HISTORY, At(number=number, redo=redo))  # distinguishes it from equal ones
        switch(folder, at, kept)
    return _current(folder, redo)


def _require_history(folder: Path, what: str) -> None:
    """Refuse a damaged artifact, and one that was never changed."""
    runtime.read(folder)
    if not (folder / HISTORY).is_dir():
        raise ValueError(f"{what}, {folder} has none: nothing was changed since it was made")


def undo(folder: Path) -> Saved:
    """Give the artifact the decision that its current one was made on, atomically."""
    needs = "an undo needs a decision before the current one"
    _require_history(folder, needs)
    with held_decision(folder) as at:
        before, saved = _after(at, kept_decisions(folder / HISTORY)), read_at(folder / HISTORY)
        if before is None:
            raise ValueError(f"{needs}, {folder} has none: nothing was changed since it was made")
        undone = saved.redo if saved and saved.number == int(at.name) else ()
        return _go(folder, at, before, (*undone, int(at.name)))


def redo(folder: Path) -> Saved:
    """Take the last undo back; without one, go on to the newest decision made on this one."""
    needs = "a redo needs a decision that was undone"
    _require_history(folder, needs)
    with held_decision(folder) as at:
        kept, saved = kept_decisions(folder / HISTORY), read_at(folder / HISTORY)
        undone = saved.redo if saved and saved.number == int(at.name) else ()
        later = [int(k.name) for k in kept if _after(k, kept) == int(at.name)]
        ways = undone[-1:] or tuple(later[-1:])
        if not ways:
            raise ValueError(f"{needs}, {folder} has none after {int(at.name)}: --list shows all")
        return _go(folder, at, ways[0], undone[:-1])


def go_to(folder: Path, number: int) -> Saved:
    """Give the artifact any decision of its history by its number, atomically."""
    _require_history(folder, "--to needs a history")
    with held_decision(folder) as at:
        return _go(folder, at, number, ())


def history(folder: Path) -> list[Saved]:
    """Read every decision that an artifact ever had, oldest first, each with its state.

    Before the first change there is none.

    Returns:
        The decisions.
    """
    runtime.read(folder)
    kept = kept_decisions(folder / HISTORY)
    at = current_decision(folder, kept)
    older = sorted((folder / HISTORY / UNDONE).glob("[0-9]*"))  # of an earlier version
    after = {int(k.name): _after(k, kept) for k in kept}
    states: dict[int, str] = {}
    number = None if at is None else int(at.name)
    while number is not None and number not in states:
        states[number] = "kept" if states else "current"
        number = after.get(number)
    decisions = [_saved(k, states.get(int(k.name), "undone"), after[int(k.name)]) for k in kept]
    return decisions + [_saved(k, "undone") for k in older]


def copy_as_made(folder: Path, sha256: str, target: Path) -> bool:
    """Copy an artifact as it was when its manifest had that hash, whatever its current decision.

    Returns:
        False, and nothing is written, where none of its decisions is that one.
    """
    for at in (folder, *kept_decisions(folder / HISTORY)):
        manifest = (at / MANIFEST).read_bytes() if (at / MANIFEST).is_file() else b""
        if runtime.sha256(manifest) == sha256:
            folder_of = {DECISION: at, MANIFEST: at}
            for name in (*json.loads(manifest), MANIFEST):
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                (target / name).write_bytes((folder_of.get(name, folder) / name).read_bytes())
            if (card := card_as_made(folder)) is not None:
                (target / CARD).write_bytes(card)
            return True
    return False
