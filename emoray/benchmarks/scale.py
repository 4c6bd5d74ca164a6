"""How one driver scales: simulated nodes, stages of known length, the memory of many points.

The driver's cost of a stage is the processor time of its process, all threads together, while empty
stages are made. During longer stages most of that time is Ray's own waiting.

The nodes are real raylets on this one machine; their stages wait and need no processor, so that two
cores can stand for many. Starting and ending a stage does take this machine's processors: for short
stages on many nodes the figures show how much two cores can feed, not how much a cluster can.
"""

import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import ray
from ray.cluster_utils import Cluster as Nodes

from emoray.artifact.memory import memory_mb
from emoray.benchmarks.everyday import large_run
from emoray.benchmarks.figures import AtLeast, AtMost, BenchmarkFigure
from emoray.benchmarks.pause import Pause
from emoray.benchmarks.tables import cost_of_merging, cost_of_report
from emoray.console.progress import Say
from emoray.distributed.connection import on_loopback
from emoray.distributed.single_flight import Failed
from emoray.distributed.stages import Stages
from emoray.storage.store.local import Done, Store
from emoray.workflows.convert.memory import measure_in_process

STORE_BYTES = 80 * 2**20  # of objects, a node: only paths travel


@contextmanager
def simulated() -> Iterator[Nodes]:
    """A head without processors, on this machine; `add` gives it nodes."""
    with on_loopback():
        cluster = Nodes(
            initialize_head=True,
            head_node_args={"num_cpus": 0, "include_dashboard": False},
        )
        try:
            ray.init(address=cluster.address, log_to_driver=False, logging_level="error")
            yield cluster
        finally:
            ray.shutdown()
            cluster.shutdown()


def add(cluster: Nodes, slots: int) -> float:
    """Add a node of `slots` processors; return the time at which it had joined."""
    cluster.add_node(num_cpus=slots, object_store_memory=STORE_BYTES)
    return time.time()


def _await(asked: Iterable[Future[Done | Failed]]) -> None:
    made = [each.result() for each in asked]
    if failed := [m for m in made if isinstance(m, Failed)]:
        raise RuntimeError(f"a pause cannot fail, {len(failed)} did: {failed[0].error}")


def busy_share(
    journal: Iterable[Mapping[str, Any]], asked: float, joined: Sequence[float], slots: int
) -> float:
    """Compute the share of slot time spent in stages while work was left: until the last began.

    Args:
        journal: events of the store, times in seconds since the epoch.
        asked: when the work was submitted.
        joined: when each node had joined.
        slots: processors of a node.

    Returns:
        A share in 0..1.

    Raises:
        ValueError: no stage had to wait.
    """
    begun: dict[str, float] = {}
    spans = []
    for event in journal:
        if event["time"] < asked:
            continue
        if event["event"] == "started":
            begun[event["key"]] = event["time"]
        elif event["event"] == "made" and event["key"] in begun:
            spans.append((begun[event["key"]], event["time"]))
    last = max((start for start, _ in spans), default=asked)
    available = slots * sum(max(0.0, last - max(asked, at)) for at in joined)
    if not available:
        raise ValueError("stages must be more than slots, these were not: ask for more")
    return sum(max(0.0, min(end, last) - start) for start, end in spans) / available


def least_seconds(work: float, joined: Sequence[float], slots: int) -> float:
    """The least wall seconds of so many seconds of work, with nodes that join after `joined`."""
    least = float("inf")
    for nodes in range(1, len(joined) + 1):
        first = sorted(joined)[:nodes]
        least = min(least, (work / slots + sum(first)) / nodes)
    return least


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Efficiency on 1 to 16 nodes and on nodes that join late; memory and time of many points."""

    name: ClassVar[str] = "scale"

    nodes: tuple[int, ...] = (1, 4, 16)
    slots: int = 2  # processors of a node
    lengths: tuple[float, ...] = (0.2, 2.0, 20.0)  # seconds of a stage
    empty: int = 1000  # stages that do nothing
    seconds: float = 10.0  # of work for every slot, at least two stages
    late: int = 4  # nodes that join one after the other
    points: int = 100_000
    taxonomy: str = "ekman"
    say: Say = field(default=lambda what: None, repr=False)

    def __post_init__(self) -> None:
        if min(self.nodes, default=0) < 1 or min(self.slots, self.late) < 1:
            raise ValueError(
                f"nodes and their slots must be at least 1, got {self.nodes}, {self.late} and "
                f"{self.slots}"
            )
        amounts = (min(self.lengths, default=0.0), self.seconds, self.empty, self.points)
        if not all(amount > 0 for amount in amounts):
            raise ValueError(
                f"lengths, seconds, empty and points must be above 0, got {self.lengths}, "
                f"{self.seconds}, {self.empty} and {self.points}"
            )

    @property
    def title(self) -> str:
        """Heading of the table."""
        return f"scale: {self.nodes} simulated nodes of {self.slots} CPUs, one machine"

    def check(self) -> None:
        """Nothing to refuse: all that is needed is made here."""

    def measure(self) -> tuple[BenchmarkFigure, ...]:
        """Measure nodes that are there, nodes that join, then tables."""
        return (
            *(figure for nodes in self.nodes for figure in self._on(nodes)),
            *self._late(),
            *self._points(),
        )

    def _pauses(self, slots: int, length: float) -> list[Pause]:
        each = max(2, round(self.seconds / length))
        return [Pause(number=i, seconds=length) for i in range(slots * each)]

    def _on(self, nodes: int) -> Iterator[BenchmarkFigure]:
        slots = nodes * self.slots
        with tempfile.TemporaryDirectory() as temporary, simulated() as cluster:
            self.say(f"{nodes} nodes start")
            joined = [add(cluster, self.slots) for _ in range(nodes)]
            store = Path(temporary) / "stages"
            with Stages(store) as stages:
                # Every worker is there and has imported what it needs before the clock starts.
                longest = max(3.0, 0.75 * slots)
                _await([stages.make(Pause(number=-1 - i, seconds=longest)) for i in range(slots)])
                for length in self.lengths:
                    pauses = self._pauses(slots, length)
                    self.say(f"{nodes} nodes: {len(pauses)} stages of {length:g} s")
                    asked = time.time()
                    _await([stages.make(pause) for pause in pauses])
                    wall = time.time() - asked
                    yield from self._figures(
                        f"{nodes} nodes, stages of {length:g} s",
                        busy=busy_share(Store(store).journal(), asked, joined, self.slots),
                        longer=wall * slots / (length * len(pauses)),
                        goal=AtLeast(0.9) if length >= 2 else None,
                    )
                self.say(f"{nodes} nodes: {self.empty} stages that do nothing")
                before = time.process_time()
                _await([stages.make(Pause(number=i, seconds=0.0)) for i in range(self.empty)])
                yield BenchmarkFigure(
                    name=f"{nodes} nodes: the driver's processor time, an empty stage",
                    ours=1000 * (time.process_time() - before) / self.empty,
                    unit="ms",
                    goal=AtMost(2.0),
                )
            yield BenchmarkFigure(
                name=f"{nodes} nodes: memory of the driver after all of these",
                ours=memory_mb("VmRSS"),
                unit="MB",
            )

    def _figures(
        self, what: str, *, busy: float, longer: float, goal: AtLeast | None
    ) -> Iterator[BenchmarkFigure]:
        yield BenchmarkFigure(
            name=f"{what}: slots busy while work is left", ours=busy, unit="", goal=goal
        )
        yield BenchmarkFigure(
            name=f"{what}: time to the end, in the least possible", ours=longer, unit="×"
        )

    def _late(self) -> Iterator[BenchmarkFigure]:
        """Measure work submitted to a head alone, with nodes that join one after the other."""
        length = 2.0
        with tempfile.TemporaryDirectory() as temporary, simulated() as cluster:
            self.say(f"{self.late} nodes that join late: stages of {length:g} s")
            store = Path(temporary) / "stages"
            pauses = self._pauses(2 * self.late * self.slots, length)
            with Stages(store) as stages:
                asked = time.time()
                asking = [stages.make(pause) for pause in pauses]
                joined = []
                for _ in range(self.late):
                    time.sleep(2.0)
                    joined.append(add(cluster, self.slots))
                _await(asking)
                ended = time.time()
            least = least_seconds(length * len(pauses), [j - asked for j in joined], self.slots)
            yield from self._figures(
                f"{self.late} nodes that join one after the other, stages of {length:g} s",
                busy=busy_share(Store(store).journal(), asked, joined, self.slots),
                longer=(ended - asked) / least,
                goal=AtLeast(0.9),
            )

    def _points(self) -> Iterator[BenchmarkFigure]:
        """Measure memory and time of merging and of drawing, each in a process of its own."""
        with tempfile.TemporaryDirectory() as temporary:
            self.say(f"{self.points:,} points are made, merged and drawn")
            run = large_run(Path(temporary), self.taxonomy, self.points)
            size = f"{self.points:,} points"
            for what, measured in (("merging", cost_of_merging), ("report of", cost_of_report)):
                cost = measure_in_process(measured, run)
                yield BenchmarkFigure(
                    name=f"{what} {size}, peak memory of the process",
                    ours=cost.peak_mb,
                    unit="MB",
                    goal=AtMost(1024),
                )
                yield BenchmarkFigure(
                    name=f"{what} {size}, time", ours=cost.seconds, unit="s", goal=AtMost(60)
                )
