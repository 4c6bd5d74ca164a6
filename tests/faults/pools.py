"""Pools, GPUs and timing on clusters of real raylets; prints what came of it.

A program of its own: a process can be driver of one Ray only.
`python -m tests.faults.pools SCENE STORE`
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import ray
from ray.cluster_utils import Cluster

from emoray.distributed.actor_pool import Pool, ShardResult, StageLimits, dispatch
from emoray.distributed.single_flight import Failed
from emoray.distributed.stages import Stages
from emoray.distributed.timing_node import timing_kind
from emoray.storage.store.keys import Stage, key_of
from emoray.storage.store.local import Done, Store
from tests.faults.nodes import begun_on
from tests.faults.placed import HOGGED, Hog, Plain, Timing, Torch, seen, short_of_memory

PATIENCE = 120.0
SHORT = {"include_dashboard": False}


def until(holds: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def told(results: Sequence[Done | Failed]) -> list[Any]:
    return [seen(done) if isinstance(done, Done) else done.error for done in results]


def made(asked: Sequence[Future[Done | Failed]]) -> list[Any]:
    return told([each.result(PATIENCE) for each in asked])


def pooled(results: Sequence[ShardResult]) -> list[Any]:
    return told([shard.result for shard in results])


def late(store: Store) -> dict[str, Any]:
    """A head without processors; three nodes come, one goes at work, one comes at the end."""
    cluster = Cluster(initialize_head=True, connect=True, head_node_args={**SHORT, "num_cpus": 0})
    stages = [Plain(number=i, seconds=2.0) for i in range(40)]
    settings = {"store": store.place, "pool": Pool(), "limits": StageLimits(attempts=1)}
    with ThreadPoolExecutor(1) as thread:  # Ray starts nodes in the main thread only
        made = thread.submit(dispatch, stages, **settings)
        time.sleep(6.0)
        first, *_ = [cluster.add_node(num_cpus=1) for _ in range(3)]
        until(lambda: begun_on(first, store))
        cluster.remove_node(first, allow_graceful=False)
        last = cluster.add_node(num_cpus=1).node_id
        results = made.result(PATIENCE)
    until(lambda: ray.available_resources().get("CPU") == ray.cluster_resources().get("CPU"))
    return {"seen": pooled(results), "last": last}


def gpus(store: Store) -> dict[str, Any]:
    """Processors first, then a node with two GPUs."""
    cluster = Cluster(initialize_head=True, connect=True, head_node_args={**SHORT, "num_cpus": 2})
    with ExitStack() as lasting:
        any_gpu, half, whole = (
            lasting.enter_context(Stages(store.place, gpus=share)) for share in (None, 0.5, 1.0)
        )
        before = made([any_gpu.make(Torch(number=0))])
        waits = [whole.make(Torch(number=i)) for i in (1, 2)]
        fills = made([whole.make(Plain(number=i)) for i in range(3)])
        early = sum(each.done() for each in waits)
        cluster.add_node(num_cpus=4, num_gpus=2)
        waited = made(waits)
        until(lambda: ray.cluster_resources().get("GPU"))
        after = made([any_gpu.make(Torch(number=3))])
        large, shared = made([half.make(Torch(number=n, large=n == 4)) for n in (4, 5)])
        mixed: list[Stage] = [Torch(number=6), Torch(number=7, large=True), Plain(number=8)]
        results = dispatch(
            mixed, store=store.place, pool=Pool(gpus=0.5), limits=StageLimits(attempts=1)
        )
        never = made([any_gpu.make(Plain(number=9))])
    return {
        "before": before,
        "early": early,
        "fills": fills,
        "waited": waited,
        "after": after,
        "large": [large],
        "shared": [shared],
        "pool": pooled(results),
        "never": never,
    }


def timing(store: Store) -> dict[str, Any]:
    """A head that only coordinates, nodes of 1, 2 and 2 processors, of which one of 2 goes."""
    cluster = Cluster(initialize_head=True, connect=True, head_node_args={**SHORT, "num_cpus": 0})
    small, *large = [cluster.add_node(num_cpus=n) for n in (1, 2, 2)]
    cluster.wait_for_nodes()
    kind = timing_kind()

    def make(number: int) -> Any:
        with Stages(store.place) as stages:
            (found,) = made([stages.make(Timing(number=number, **asdict(kind)))])
        return found

    first = make(0)
    (used,) = [node for node in large if node.node_id == first["node"]]
    cluster.remove_node(used, allow_graceful=False)
    (other,) = [node.node_id for node in large if node is not used]
    until(lambda: not {n["NodeID"]: n["Alive"] for n in ray.nodes()}[first["node"]])
    second = make(1)
    cluster.remove_node(next(n for n in large if n is not used), allow_graceful=False)
    until(lambda: sum(n["Alive"] for n in ray.nodes()) == 2)
    return {
        "kind": asdict(kind),
        "first": first,
        "second": second,
        "other": other,
        "none": make(2),
        "left": asdict(timing_kind()),
        "small": small.node_id,
    }


def memory(store: Store) -> dict[str, Any]:
    """Ray's memory monitor ends whoever takes too much, and perhaps its neighbours."""
    short_of_memory()
    hog = Hog(mebibytes=HOGGED)
    beside = [Plain(number=i, seconds=0.5) for i in range(6)]
    limits = StageLimits(attempts=2, seconds=60.0)
    results = dispatch([hog, *beside], store=store.place, pool=Pool(), limits=limits)
    begun = [e["key"] for e in store.journal() if e["event"] == "started"]
    return {"pool": pooled(results), "hogs": begun.count(key_of(hog))}


SCENES = {"late": late, "gpus": gpus, "timing": timing, "memory": memory}

if __name__ == "__main__":
    _, scene, place = sys.argv
    found = SCENES[scene](Store(Path(place)))
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()
    ray.shutdown()
