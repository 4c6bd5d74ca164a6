"""How far one driver reaches: simulated nodes, stages of known length, the memory of many trials.

The nodes are real raylets on this one machine; their stages wait and need no processor, so that two
cores can stand for many.
"""

import gc
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import ray
from ray import tune
from ray.cluster_utils import Cluster as Nodes

from emoray.fleet import stages_actor
from emoray.fleet.benchmark.cached import bare_trial
from emoray.fleet.benchmark.everyday import large_run
from emoray.fleet.benchmark.sweep import HOLDS_NOTHING, seconds_of_tune
from emoray.fleet.connection import Cluster, connected, on_loopback
from emoray.fleet.dispatch import Pool, dispatch
from emoray.fleet.single_flight import Failed
from emoray.trial.benchmark.figures import AtLeast, Figure
from emoray.trial.benchmark.pause import Pause
from emoray.trial.benchmark.tables import of_merging, of_report
from emoray.trial.benchmark.vectors import memory_mb
from emoray.trial.checkpoints.memory import alone
from emoray.trial.store import Store

STORE_BYTES = 80 * 2**20  # of objects, a node: only paths travel


@contextmanager
def simulated(nodes: int, slots: int) -> Iterator[None]:
    """A head without processors, and so many nodes of `slots` processors, all on this machine."""
    with on_loopback():
        cluster = Nodes(
            initialize_head=True,
            head_node_args={"num_cpus": 0, "include_dashboard": False},
        )
        try:
            for _ in range(nodes):
                cluster.add_node(num_cpus=slots, object_store_memory=STORE_BYTES)
            ray.init(address=cluster.address, log_to_driver=False, logging_level="error")
            yield
        finally:
            ray.shutdown()
            cluster.shutdown()


def _made(stages: Any, pauses: Sequence[Pause]) -> float:
    """Seconds until the `Stages` actor has made them all."""
    start = time.perf_counter()
    made = ray.get([stages.make.remote(pause) for pause in pauses])
    if failed := [m for m in made if isinstance(m, Failed)]:
        raise RuntimeError(f"a pause cannot fail, {len(failed)} did: {failed[0].error}")
    return time.perf_counter() - start


def _cpu_seconds(stages: Any) -> float:
    """Processor time that the actor's process has taken so far."""
    taken: float = ray.get(stages.__ray_call__.remote(lambda actor: time.process_time()))
    return taken


def busy_share(journal: Iterator[Mapping[str, Any]]) -> float:
    """The share of their time that workers spent in stages, while every one of them had work.

    From the last worker's first start to the first worker's last end. Raises ValueError for fewer
    than two stages each.
    """
    spans: dict[tuple[str, int], list[tuple[float, float]]] = defaultdict(list)
    begun: dict[str, float] = {}
    for event in journal:
        if event["event"] == "started":
            begun[event["key"]] = event["time"]
        elif event["event"] == "made":
            worker = event["node"], event["pid"]
            spans[worker].append((begun[event["key"]], event["time"]))
    opening = max((min(start for start, _ in own) for own in spans.values()), default=0.0)
    closing = min((max(end for _, end in own) for own in spans.values()), default=0.0)
    if not closing > opening:
        raise ValueError("workers must all have had work at one time, these had not: ask for more")
    inside = sum(
        max(0.0, min(end, closing) - max(start, opening))
        for own in spans.values()
        for start, end in own
    )
    return inside / (len(spans) * (closing - opening))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Efficiency on 1 to 8 nodes, and what many trials and many points take of the driver."""

    name: ClassVar[str] = "scale"

    nodes: tuple[int, ...] = (1, 2, 4, 8)
    slots: int = 2  # processors of a node
    each: int = 12  # stages, for every slot
    seconds: float = 2.0  # of a stage
    trials: tuple[int, int] = (60, 240)
    points: int = 100_000
    taxonomy: str = "ekman"

    def __post_init__(self) -> None:
        if min(self.nodes, default=0) < 1 or self.slots < 1 or self.each < 2:
            raise ValueError(
                "nodes and their slots must be at least 1, and stages a slot at least 2, got "
                f"{self.nodes}, {self.slots} and {self.each}"
            )
        if not (self.seconds > 0 and 0 < self.trials[0] < self.trials[1] and self.points > 0):
            raise ValueError(
                f"seconds, trials and points must be above 0 and trials ascend, got {self.seconds},"
                f" {self.trials} and {self.points}"
            )

    @property
    def title(self) -> str:
        return f"scale: {self.nodes} simulated nodes of {self.slots} CPUs, one machine"

    def check(self) -> None:
        """Nothing to refuse: all that is needed is made here."""

    def measure(self) -> tuple[Figure, ...]:
        """Nodes first, then a driver's memory."""
        return (
            *(figure for nodes in self.nodes for figure in self._on(nodes)),
            *self._trials(),
            *self._points(),
        )

    def _pauses(self, slots: int, first: int, each: int, seconds: float) -> list[Pause]:
        return [Pause(number=first + i, seconds=seconds) for i in range(slots * each)]

    def _on(self, nodes: int) -> Iterator[Figure]:
        slots, goal = nodes * self.slots, AtLeast(0.9) if nodes == 8 else None
        with tempfile.TemporaryDirectory() as temporary, simulated(nodes, self.slots):
            folder = Path(temporary)
            stages = stages_actor.start(folder / "stages", folder / "run")
            # Every worker is there and has imported what it needs before the clock starts.
            _made(stages, self._pauses(slots, 1_000_000, 1, max(3.0, 0.75 * slots)))
            before = _cpu_seconds(stages)
            wall = _made(stages, self._pauses(slots, 0, self.each, self.seconds))
            of_actor = _cpu_seconds(stages) - before
            ray.kill(stages)
            yield Figure(
                name=f"{nodes} nodes: stages asked of one actor, their time in all of the slots'",
                ours=self.each * self.seconds / wall,
                unit="",
                goal=goal,
            )
            yield Figure(
                name=f"{nodes} nodes: the actor's own processor time, a stage",
                ours=1000 * of_actor / (slots * self.each),
                unit="ms",
            )
            pauses = self._pauses(slots, 0, self.each, self.seconds)
            dispatch(pauses, store=folder / "pool", pool=Pool(actors=slots))
            yield Figure(
                name=f"{nodes} nodes: stages handed to a pool of actors, the same once all work",
                ours=busy_share(Store(folder / "pool").journal()),
                unit="",
                goal=goal,
            )

    def _trials(self) -> Iterator[Figure]:
        """The driver's memory and time for each further trial, from searches of two lengths."""
        with tempfile.TemporaryDirectory() as temporary, connected(Cluster()):
            held, took = [], []
            for trials in self.trials:
                out = Path(temporary) / str(trials)
                out.mkdir()
                config = {"at": tune.grid_search(list(range(trials)))}
                trial = tune.with_parameters(bare_trial, out=out)
                took.append(seconds_of_tune(trial, config, HOLDS_NOTHING, out))
                gc.collect()
                held.append(memory_mb("VmRSS"))
        more = self.trials[1] - self.trials[0]
        yield Figure(
            name="driver's memory, 1,000 trials more",
            ours=max(0.0, held[1] - held[0]) / more * 1000,
            unit="MB",
        )
        yield Figure(name="a trial more", ours=(took[1] - took[0]) / more, unit="s")

    def _points(self) -> Iterator[Figure]:
        """Memory and time of merging and of drawing, each in a process of its own."""
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            run = large_run(folder, self.taxonomy, self.points)
            size = f"{self.points:,} points"
            for what, measured in (("merging", of_merging), ("report of", of_report)):
                cost = alone(measured, run)
                yield Figure(
                    name=f"{what} {size}, memory", ours=cost.peak_mb - cost.library_mb, unit="MB"
                )
                yield Figure(name=f"{what} {size}, time", ours=cost.seconds, unit="s")
