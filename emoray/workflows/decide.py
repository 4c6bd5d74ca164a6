"""`jobs.decide`: another decision for a finished artifact, saved at once, kept to be undone.

Shapes: K labels.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console

from emoray.artifact.loading import Finished, open_artifact, taxonomies_of_artifact
from emoray.decide.thresholds import Fixed
from emoray.metrics.cuts import cuts_of, thresholds_of
from emoray.releases.resolving import model_of
from emoray.stages.spec import rule_name
from emoray.storage.location import Place, local_copy
from emoray.storage.submitted import check_outlives
from emoray.tables.files import read_table
from emoray.tables.finished_rows import CalibrationRow
from emoray.tables.terminal import print_titled
from emoray.workflows import calibrate_tables as tables
from emoray.workflows.calibration import derived_facts
from emoray.workflows.settings.decide import ChangeDecision

if TYPE_CHECKING:  # loads onnxruntime
    from emoray.artifact.packaging import DerivedDecision

SCORES = (  # what a history keeps of a calibration
    *("dev_macro_f1", "test_macro_f1", "test_micro_f1", "test_precision", "test_recall"),
    *("test_ece", "test_brier", "test_nll"),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NewDecision:
    """A decision to be saved, and where it comes from."""

    temperature: float
    cuts_K: np.ndarray
    rule: str
    why: str
    scores: dict[str, float] = field(default_factory=dict)
    derivation: dict[str, Any] | None = None  # of a coarser taxonomy, as `derived_facts` has it


def _share(text: str, option: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not 0 < value < 1:
        raise ValueError(
            f"a threshold is a probability in (0, 1), got {option!r}: write 0.4, or joy=0.4"
        )
    return value


def read_thresholds(
    options: Sequence[str], labels: Sequence[str]
) -> tuple[float | None, dict[str, float]]:
    """Parse thresholds: the one for all labels if any, and those of single labels."""
    common: list[float] = []
    single: dict[str, float] = {}
    for option in options:
        name, equals, text = option.rpartition("=")
        if not equals:
            common.append(_share(text, option))
            continue
        if name not in labels:
            raise ValueError(
                f"a threshold names a label of the artifact ({', '.join(labels)}), got {name!r}: "
                "spell it as there"
            )
        if name in single:
            raise ValueError(f"a label has one threshold, got two for {name}: give one")
        single[name] = _share(text, option)
    if len(common) > 1:
        raise ValueError(
            f"one threshold serves all labels, got {len(common)} without a label's name: give one, "
            "and label=threshold for exceptions"
        )
    return (common[0] if common else None), single


def decision_given(finished: Finished, settings: ChangeDecision) -> NewDecision:
    """Build the decision of the options; what is not given keeps the cuts in logits."""
    common, single = read_thresholds(settings.thresholds, finished.labels)
    temperature = settings.temperature or finished.temperature
    kept_K = finished.cuts_K
    cuts_K = kept_K.copy() if common is None else np.full(len(kept_K), cuts_of(common, temperature))
    for label, threshold in single.items():
        cuts_K[finished.labels.index(label)] = cuts_of(threshold, temperature)
    rule = "given"
    if common is not None and not single:
        rule = rule_name(Fixed(common), softmax=finished.softmax)
    elif not settings.thresholds and (not finished.rule.startswith("fixed") or not kept_K.any()):
        rule = finished.rule  # the same cuts, which no temperature moves
    typed = [f"--threshold {option}" for option in settings.thresholds]
    if settings.temperature is not None:
        typed.insert(0, f"--temperature {settings.temperature:g}")
    if finished.derived is not None:
        typed.append(f"--taxonomy {finished.taxonomy}")
    return NewDecision(
        temperature=temperature,
        cuts_K=cuts_K,
        rule=rule,
        why=" ".join(typed),
        derivation=None if finished.derived is None else derived_facts(finished),
    )


def decision_from(finished: Finished, place: Place, rule: str | None) -> NewDecision:
    """Read a decision from a calibration of this very model: the chosen one, or that of `rule`."""
    source = local_copy(place)
    path = source / "calibration.parquet" if source.is_dir() else source
    rows = read_table(path, CalibrationRow).to_pylist()
    fitted = {row["threshold_rule"]: row for row in rows if row["temperature_rule"] == "fitted"}
    if not fitted:
        raise ValueError(
            f"a calibration holds fitted decisions, {path} holds none: run jobs.calibrate again"
        )
    first = next(iter(fitted.values()))
    derivation = json.loads(first["derived"] or "null")
    if derivation is not None:
        own = [label for group in derivation["groups"].values() for label in group]
    else:
        own = json.loads(first["labels"])
    if sorted(own) != sorted(finished.own_labels) or not (derivation or own == [*finished.labels]):
        raise ValueError(
            f"a calibration has the artifact's labels ({', '.join(finished.own_labels)}), got "
            f"{', '.join(own)} in {path}: calibrate this artifact"
        )
    if {row["model_sha256"] for row in rows} != {finished.model_sha256}:
        raise ValueError(
            f"a calibration belongs to one model, {path} to {first['artifact']} with hash "
            f"{first['model_sha256'][:12]}, not to {finished.folder} with "
            f"{finished.model_sha256[:12]}: run jobs.calibrate on this artifact"
        )
    if rule is not None and rule not in fitted:
        raise ValueError(f"--rule is one of {', '.join(fitted)}, got {rule!r}: pick one of these")
    chosen = next((row for row in fitted.values() if row["chosen"]), first)
    row = chosen if rule is None else fitted[rule]
    return NewDecision(
        temperature=row["temperature"],
        cuts_K=np.array(json.loads(row["cuts"]), np.float64),
        rule=row["threshold_rule"],
        why=f"{row['decision']} of a calibration on {row['corpus']}"
        + (f", {row['taxonomy']}" if derivation else ""),
        scores={name: row[name] for name in SCORES},
        derivation=derivation,
    )


def _save(folder: Path, decision: NewDecision) -> None:
    """Write it into the artifact, beside its decisions in other taxonomies."""
    from emoray.artifact import decision_history
    from emoray.artifact.packaging import DerivedDecision

    about: dict[str, Any] = {"why": decision.why, "scores": decision.scores}
    if decision.derivation is None:
        decision_history.change(
            folder,
            temperature=decision.temperature,
            cuts_K=decision.cuts_K,
            rule=decision.rule,
            **about,
        )
        return
    derived = DerivedDecision(
        **decision.derivation,
        temperature=decision.temperature,
        cuts_G=decision.cuts_K,
        rule=decision.rule,
    )
    decision_history.change_derived(folder, derived, **about)


def _show(before: Finished, after: Finished, console: Console) -> None:
    print_titled(
        console,
        tables.decision_table(
            after.labels,
            thresholds_of(before.cuts_K, before.temperature),
            thresholds_of(after.cuts_K, after.temperature),
            f"temperature {before.temperature:.4g} → {after.temperature:.4g}, "
            f"thresholds {before.rule} → {after.rule}",
        ),
    )
    console.print(
        f"manifest {before.sha256[:12]} → {after.sha256[:12]}", highlight=False, soft_wrap=True
    )


def _moved(settings: ChangeDecision, folder: Path) -> bool:
    """Go to a decision of the history, if one is asked for."""
    from emoray.artifact import decision_history

    if settings.undo:
        decision_history.undo(folder)
    elif settings.redo:
        decision_history.redo(folder)
    elif settings.to is not None:
        decision_history.go_to(folder, settings.to)
    else:
        return False
    return True


def _decide_anew(settings: ChangeDecision, before: Finished) -> tuple[Finished, Finished]:
    """Save the decision of the options; return the artifact in its taxonomy before and after."""
    decision = (
        decision_given(before, settings)
        if settings.source is None
        else decision_from(before, settings.source, settings.rule)
    )
    taxonomy = None if decision.derivation is None else decision.derivation["taxonomy"]
    known = None if taxonomy is None else taxonomies_of_artifact(before).get(taxonomy)
    _save(before.folder, decision)
    after = open_artifact(before.folder, taxonomy)
    was = before if taxonomy is None else before.deciding(known or _undecided(after))
    return was, after


def _undecided(after: Finished) -> "DerivedDecision":
    """What a taxonomy is shown beside that the artifact did not decide in before: one half."""
    assert after.derived is not None
    return replace(after.derived, temperature=1.0, cuts_G=np.zeros(len(after.labels)), rule="none")


def _list(settings: ChangeDecision, folder: Path, console: Console) -> None:
    from emoray.artifact import decision_history

    if saved := decision_history.history(folder):
        print_titled(console, tables.history_table(saved))
    else:
        console.print(f"no decision of {settings.artifact} was changed yet", soft_wrap=True)


def run_decide(settings: ChangeDecision, console: Console | None = None) -> None:
    """Save a decision, undo or redo one, or list all; the artifact is whole at every moment."""
    from emoray.artifact import decision_history

    console = console or Console()
    if not settings.history:
        check_outlives(settings.artifact, "--artifact")
    before = open_artifact(settings.artifact, settings.taxonomy)
    folder = before.folder
    if (model := model_of(before.place)) and not settings.history:
        raise ValueError(
            f"a released artifact stays as it was released, got one of {model} at {before.place}: "
            f"copy the folder, decide in the copy, and `python -m jobs.release add {model} COPY`"
        )
    if settings.history:
        _list(settings, folder, console)
        return
    back = _moved(settings, folder)
    was, after = (before, open_artifact(folder)) if back else _decide_anew(settings, before)
    if after.sha256 == before.sha256:
        console.print(f"{folder} decides so already: nothing was changed", soft_wrap=True)
        return
    _show(was, after, console)
    (now,) = (s for s in decision_history.history(folder) if s.state == "current")
    job = f"python -m jobs.decide --artifact {folder}"
    moved = f"decision {now.number} is the current one again; {job} --list shows all"
    new = f"saved as decision {now.number}; to go back: {job} --undo"
    console.print(moved if back else new, highlight=False, soft_wrap=True)
