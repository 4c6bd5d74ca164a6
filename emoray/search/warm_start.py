"""Points of an earlier run, as finished trials that a joint search learns from."""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna

from emoray.search.joint_space import JointSpace
from emoray.stages.inputs import CorpusSummary
from emoray.stages.point_rows import decision_id
from emoray.stages.spec import Spec
from emoray.stages.spec_json import read_spec
from emoray.storage.location import Place
from emoray.tables.folders import folder_at
from emoray.tables.front import BASELINE

WARM = "warm_start"  # of a trial: the run that it comes from


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPoint:
    """An operating point that an earlier run has measured, and its row."""

    run: str
    spec: Spec
    row: Mapping[str, Any]


def asked_text(parameters: Mapping[str, Any]) -> str:
    """What a trial says, as a key."""
    return json.dumps(dict(parameters), sort_keys=True, default=str)


def _specs(row: Mapping[str, Any]) -> dict[str, Spec]:
    """The operating points of a model by their ids; none of an ensemble."""
    if not row["recipe"]:
        return {}
    recipe, scheme = read_spec(row["recipe"]), read_spec(row["scheme"])
    return {
        decision_id(row["key"], decision): Spec(recipe=recipe, scheme=scheme, decision=decision)
        for decision in read_spec(row["decisions"])
    }


def _best(
    space: JointSpace, points: Sequence[Mapping[str, Any]], specs: Mapping[str, Spec]
) -> Iterator[tuple[Spec, Mapping[str, Any]]]:
    """Of each model the decision of best dev macro-F1 that the space could ask for."""
    models: dict[str, tuple[Spec, Mapping[str, Any]]] = {}
    for row in sorted(points, key=lambda row: -float(row["dev_macro_f1"])):
        spec = specs.get(row["point"])
        if spec is not None and row["model"] not in models and space.parameters(spec) is not None:
            models[row["model"]] = spec, row
    yield from models.values()


def known_points(place: Place, space: JointSpace, facts: CorpusSummary) -> list[KnownPoint]:
    """Read the points of a run that lie in a space, one of each model.

    Args:
        place: of the run.
        space: its recipes as they read this corpus.
        facts: the corpus, which must be the run's.

    Returns:
        The points.

    Raises:
        ValueError: the run is of other data, or none of its points lies in the space.
    """
    folder = folder_at(place)
    starts = folder.read("runs").to_pylist() if folder.holds("runs") else []
    data = {(start["corpus_sha256"], start["taxonomy"]) for start in starts}
    if data != {(facts.data.corpus.sha256, facts.taxonomy.name)}:
        of = " and ".join(f"{start['corpus']} in {start['taxonomy']}" for start in starts[:1])
        raise ValueError(
            f"a search starts from a run of the same corpus and labels, got {place} of "
            f"{of or 'no start'} for {facts.data.corpus.name} in {facts.taxonomy.name}: name "
            "another run, or leave --warm-start out"
        )
    specs: dict[str, Spec] = {}
    for row in folder.read("specs").to_pylist():
        specs |= _specs(row)
    points = [row for row in folder.read("points").to_pylist() if row["family"] != BASELINE]
    found = [
        KnownPoint(run=folder.name, spec=spec, row=row) for spec, row in _best(space, points, specs)
    ]
    if not found:
        raise ValueError(
            f"a search starts from points that it could try, got none among {len(points):,} of "
            f"{place}: recipes must be alike but for the knobs of the space "
            f"({', '.join(space.knobs)})"
        )
    return found


def add_known(study: optuna.Study, space: JointSpace, known: Sequence[KnownPoint]) -> None:
    """Add points to a study as trials, each once however often a search goes on."""
    there = {asked_text(trial.params) for trial in study.get_trials() if WARM in trial.user_attrs}
    for point in known:
        said = space.parameters(point.spec)
        assert said is not None
        fixed = optuna.trial.FixedTrial(said)
        space.ask(fixed)
        if asked_text(fixed.params) in there:
            continue
        bounds = {"constraints": space.goal.excesses(point.row)} if space.goal.constraints else {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            trial = optuna.trial.create_trial(
                params=fixed.params,
                distributions=fixed.distributions,
                values=[float(point.row[column]) for column in space.goal.objectives],
                user_attrs={WARM: point.run},
                system_attrs=bounds,
            )
        study.add_trial(trial)
