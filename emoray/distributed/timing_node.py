"""A whole node for timing, of the kind that did most of the work.

The driver chooses the kind, as the stage's key holds which processor it times; the runner then
finds a living node of it for each attempt, so that another takes the place of one that died. A node
without processors, as a head that only coordinates, times nothing.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from emoray.distributed.resources import CPU, living_nodes
from emoray.distributed.single_flight import Failed
from emoray.provenance import cpu_model
from emoray.storage.store.keys import Stage
from emoray.storage.store.local import Done

if TYPE_CHECKING:  # with all that they import
    from emoray.stages.baselines import MeasureBaselineLatency
    from emoray.stages.latency import MeasureLatency, MeasureMemberLatency

T = TypeVar("T", "MeasureLatency", "MeasureMemberLatency", "MeasureBaselineLatency")

ANSWER_SECONDS = 60.0  # a node that does not reply for so long times nothing


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class NodeKind:
    """How many `cpus` a node gives to Ray, and the model of its `cpu` as its system names it."""

    cpus: int
    cpu: str


# Ray's memory monitor may end it for what others take, as it began last: it is then asked again.
ASKING = {"num_cpus": 0, "max_retries": 3}
CPU_MODEL = ray.remote(**ASKING)(cpu_model)


def pinned(node: str) -> NodeAffinitySchedulingStrategy:
    """Schedule on that node or nowhere."""
    return NodeAffinitySchedulingStrategy(node, soft=False)


def _sizes() -> dict[str, int]:
    """CPUs by id of each living node that has any."""
    sizes = {str(node["NodeID"]): int(node["Resources"].get(CPU, 0)) for node in living_nodes()}
    return {node: size for node, size in sizes.items() if size}


def _asked(node: str) -> Any:
    return CPU_MODEL.options(scheduling_strategy=pinned(node)).remote()


def timing_kind() -> NodeKind:
    """Choose the kind of node that has most processors in all: where most models were scored.

    Where no node has any, one is waited for.

    Returns:
        The kind; of equals the last in order.

    Raises:
        ValueError: no node replied with its processor.
    """
    if not _sizes():
        ray.get(CPU_MODEL.options(num_cpus=1).remote())  # brings a node where Ray can start one
    processors: Counter[NodeKind] = Counter()
    sizes = _sizes()
    replies = {node: _asked(node) for node in sizes}
    ray.wait([*replies.values()], num_returns=len(replies), timeout=ANSWER_SECONDS)
    for node, reply in replies.items():
        try:
            found = NodeKind(cpus=sizes[node], cpu=ray.get(reply, timeout=0))
        except RayError:  # it went, or hangs
            continue
        processors[found] += sizes[node]
    if not processors:
        raise ValueError(
            f"a node must say which processor it has before it times, got no answer from "
            f"{len(replies)} in {ANSWER_SECONDS:g} s: see that its workers start"
        )
    return max(processors, key=lambda kind: (processors[kind], kind))


def run_timed(make: Callable[[Stage], Future[Done | Failed]], stage: T) -> tuple[T, Done | Failed]:
    """Make a timing stage; on nodes of another kind where none of its own is left."""
    made = make(stage).result()
    if isinstance(made, Failed):
        kind = timing_kind()
        if (kind.cpu, kind.cpus) != (stage.cpu, stage.cpus):
            stage = replace(stage, **asdict(kind))
            made = make(stage).result()
    return stage, made


async def node_of(kind: NodeKind) -> str:
    """The id of a living node of this kind, the first by id; ValueError where there is none."""
    sizes = await asyncio.to_thread(_sizes)
    for node in (node for node, size in sizes.items() if size == kind.cpus):
        try:
            if await asyncio.wait_for(_asked(node), ANSWER_SECONDS) == kind.cpu:
                return node
        except (RayError, TimeoutError):
            continue
    raise ValueError(
        f"timing needs a whole node of {kind.cpus} CPUs ({kind.cpu}), got none alive: run the same "
        "command again, it times on the nodes there are"
    )
