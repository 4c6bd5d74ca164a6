"""The sweep compared with the naive way, in one run.

The naive way is one Tune trial per operating point that trains, quantizes, scores and decides on
its own. It is measured on a random sample of the sweep's own points, with as many CPUs, and its
rate is taken at its best: no start of Ray, no overhead of Tune, no import of TensorFlow.
"""

import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import ray
from ray import tune

from emoray.benchmarks.figures import AtLeast, AtMost, BenchmarkFigure, more_is_better
from emoray.benchmarks.naive import Point, measure_alone
from emoray.distributed.connection import Cluster, connected
from emoray.distributed.stages import Stages
from emoray.quant.catalogue import quick_schemes
from emoray.search import tune as search
from emoray.search.spaces import FROZEN, TRAINED, Space
from emoray.search.trials import RunContext
from emoray.stages.decisions import Decide
from emoray.stages.inputs import summarize_corpus
from emoray.stages.plan import deciding, training
from emoray.stages.spec import Data, Decision, all_decisions
from emoray.storage.store.local import Store
from emoray.tables.files import read_table
from emoray.tables.parts import part_files
from emoray.tables.point_rows import MeasuredPointRow

ONE_CPU = {"cpu": 1}
HOLDS_NOTHING = {"memory": 2**20}  # Tune refuses zero CPUs; a mebibyte of memory blocks nobody


def part_of_quick(taxonomy: str, dims: Sequence[int]) -> Space:
    """A frozen and a trained recipe of `quick`, two seeds each, under its schemes and decisions."""
    frozen = replace(FROZEN, embedding_dim=min(50, max(dims)), layers=1)
    trained = replace(TRAINED, embedding_dim=min(32, max(dims)), layers=0)
    return Space(
        recipes=tuple(
            replace(recipe, taxonomy=taxonomy, seed=seed)
            for recipe in (frozen, trained)
            for seed in range(2)
        ),
        schemes=tuple(quick_schemes().values()),
        decisions=all_decisions(),
    )


def sampled_points(space: Space, data: Data, points: int, seed: int) -> list[Decide]:
    """Draw operating points at random, as many of each recipe, each with one decision."""
    rng = np.random.default_rng(seed)
    chosen = []
    for i in range(points):
        recipe = space.recipes[i % len(space.recipes)]
        scheme = space.schemes[rng.integers(len(space.schemes))]
        decision: Decision = space.decisions[rng.integers(len(space.decisions))]
        chosen.append(deciding(training(recipe, data), scheme, (decision,)))
    return chosen


def naive_trial(
    config: dict[str, int], *, chosen: Sequence[Decide], store: Path, out: Path
) -> None:
    """A trial of Tune: one operating point, made from nothing and measured."""
    point = measure_alone(chosen[config["at"]], Store(store))
    (out / f"{config['at']}.json").write_text(json.dumps(asdict(point)))
    tune.report({"dev_macro_f1": point.dev_macro_f1})


def seconds_of_tune(
    trial: Callable[..., None], config: Any, resources: Mapping[str, float], at: Path
) -> float:
    """Run trials with Tune; return the seconds they took."""
    start = time.perf_counter()
    tune.Tuner(
        tune.with_resources(trial, dict(resources)),
        param_space=config,
        tune_config=tune.TuneConfig(
            metric="dev_macro_f1",
            mode="max",
            reuse_actors=True,
            max_concurrent_trials=int(ray.cluster_resources()["CPU"]) + 1,
        ),
        run_config=tune.RunConfig(storage_path=str(at), name="tune", verbose=0),
    ).fit()
    return time.perf_counter() - start


def grid_seconds(space: Space, data: Data, store: Path, run_folder: Path) -> float:
    """Run a grid search and return its seconds. Its `Stages` are new: they have only the store."""
    start = time.perf_counter()
    with Stages(store) as stages:
        context = RunContext(stages=stages, run_folder=run_folder, store=store, data=data)
        search.search_grid(space, context)
        return time.perf_counter() - start


def dev_scores_of(run_folder: Path) -> dict[str, float]:
    """The `dev_macro_f1` of every operating point in a run's parts, by its id."""
    tables = [read_table(path, MeasuredPointRow) for path in part_files(run_folder, "points")]
    return {row["point"]: row["dev_macro_f1"] for t in tables for row in t.to_pylist()}


def naive(chosen: Sequence[Decide], store: Path, out: Path) -> list[Point]:
    """Make every chosen point the naive way, in one Tune trial on one CPU each."""
    out.mkdir(parents=True)
    trial = tune.with_parameters(naive_trial, chosen=tuple(chosen), store=store, out=out)
    seconds_of_tune(trial, {"at": tune.grid_search(list(range(len(chosen))))}, ONE_CPU, out)
    found = [Point(**json.loads(path.read_text())) for path in sorted(out.glob("*.json"))]
    assert len(found) == len(chosen), f"{len(chosen) - len(found)} naive trials failed"
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepCost:
    """Cost of a search compared with the naive way and with its own stages."""

    name: ClassVar[str] = "sweep"

    taxonomy: str = "ekman"
    data: Path | None = None
    download: bool = True
    cpus: int = 2
    points: int = 8
    seed: int = 0
    space: Callable[[str, Sequence[int]], Space] = part_of_quick

    def __post_init__(self) -> None:
        if self.points < 1 or self.cpus < 1:
            raise ValueError(
                "the naive way needs at least one point and one CPU, got "
                f"{self.points} and {self.cpus}: leave them out"
            )

    @property
    def title(self) -> str:
        """Heading of the table."""
        return f"sweep: {self.taxonomy}, {self.cpus} CPUs, {self.points} points the naive way"

    def check(self) -> None:
        """Refuse (ValueError) what no search could use."""
        summarize_corpus(self.taxonomy, self.data, download=self.download)

    def measure(self) -> tuple[BenchmarkFigure, ...]:
        """Search once, search again from the store, then sample the naive way, all in one Ray."""
        facts = summarize_corpus(self.taxonomy, self.data, download=self.download)
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as temporary, connected(Cluster(cpus=self.cpus)):
            ray_start, folder = time.perf_counter() - start, Path(temporary)
            cpus = int(ray.cluster_resources()["CPU"])
            space = self.space(self.taxonomy, facts.dims)
            wall = grid_seconds(space, facts.data, folder / "store", folder / "run")
            again = grid_seconds(space, facts.data, folder / "store", folder / "run")
            rows = dev_scores_of(folder / "run")
            chosen = sampled_points(space, facts.data, self.points, self.seed)
            alone = naive(chosen, folder / "store", folder / "naive")
            return (
                *_against_naive(space, wall, rows, alone, cpus),
                *_against_stages(Store(folder / "store"), wall, cpus),
                BenchmarkFigure(name="start of Ray, not counted above", ours=ray_start, unit="s"),
                BenchmarkFigure(
                    name="the same search again, a model", ours=again / space.models, unit="s"
                ),
            )


def _against_naive(
    space: Space, wall: float, rows: dict[str, float], alone: Sequence[Point], cpus: int
) -> tuple[BenchmarkFigure, ...]:
    seconds = float(np.mean([point.seconds for point in alone]))
    equal = [abs(rows[p.point] - p.dev_macro_f1) < 1e-9 for p in alone if p.point in rows]
    return (
        more_is_better(
            "operating points",
            ours=len(rows) / wall,
            theirs=cpus / seconds,
            unit="a second",
            goal=AtLeast(1000),
        ),
        more_is_better(
            "recipe x scheme, cheap decisions not counted",
            ours=space.models / wall,
            theirs=cpus / seconds,
            unit="a second",
            goal=AtLeast(5),
        ),
        BenchmarkFigure(name="one naive point, on its CPU", ours=seconds, unit="s"),
        BenchmarkFigure(
            name="naive points that earn what their rows say",
            ours=sum(equal) / len(alone),
            unit="",
            goal=AtLeast(1),
        ),
    )


def _against_stages(store: Store, wall: float, cpus: int) -> tuple[BenchmarkFigure, ...]:
    made = [entry for entry in store.journal() if entry["event"] == "made"]
    cost = sum(entry["wall_seconds"] for entry in made) / cpus
    return (
        BenchmarkFigure(name="search, wall time", ours=wall, unit="s"),
        BenchmarkFigure(name="its distinct stages, divided by CPUs", ours=cost, unit="s"),
        BenchmarkFigure(
            name="the first as a multiple of the second",
            ours=wall / cost,
            unit="x",
            goal=AtMost(1.15),
        ),
        BenchmarkFigure(
            name="CPU time of those stages",
            ours=sum(entry["cpu_seconds"] for entry in made),
            unit="s",
        ),
    )
