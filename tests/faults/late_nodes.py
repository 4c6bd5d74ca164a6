"""A grid on a cluster whose head has no processor and whose nodes come and die while it runs.

A program of its own: a process can be driver of one Ray only.
`python -m tests.faults.late_nodes FOLDER [SECONDS]`, seconds of a stage.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import ray
from ray.cluster_utils import Cluster

from emoray.search import tune
from tests.faults.made_models import desk_at, space_of, spans

RECIPES, SCHEMES, SECONDS = 14, 3, 1.5
SLOTS = 2  # of a node
STAGES = 4  # of a model, its share of a training's among them
FIRST, LATE_SECONDS = 3, 6.0


def alive() -> set[str]:
    return {node["NodeID"] for node in ray.nodes() if node["Alive"]}


class Nodes:
    """The nodes that came, and when each was there and gone."""

    def __init__(self) -> None:
        head = {"include_dashboard": False, "num_cpus": 0}
        self.cluster = Cluster(initialize_head=True, connect=True, head_node_args=head)
        self.head = alive()
        self.came: dict[str, float] = {}
        self.went: dict[str, float] = {}

    def add(self) -> Any:
        node = self.cluster.add_node(num_cpus=SLOTS, object_store_memory=80 * 2**20)
        for each in alive() - self.head:
            self.came.setdefault(each, time.time())
        return node

    def lose(self, node: Any) -> None:
        before, gone = alive(), time.time()
        self.cluster.remove_node(node, allow_graceful=False)
        while alive() == before:
            time.sleep(0.1)
        self.went |= dict.fromkeys(before - alive(), gone)


def come_and_go(nodes: Nodes, log: Path) -> None:
    """Three nodes late, of which one dies after a third of the stages; one more after half of them:
    processes take seconds to start, and it must find work left."""
    time.sleep(LATE_SECONDS)
    first, *_ = [nodes.add() for _ in range(FIRST)]
    for share, change in ((0.33, lambda: nodes.lose(first)), (0.5, nodes.add)):
        while len(list(spans(log))) < share * RECIPES * SCHEMES * STAGES:
            time.sleep(0.1)
        change()


def busy_share(log: Path, nodes: Nodes) -> float:
    """Of the slots' time while their node was there and a stage had yet to begin, in 0..1."""
    made = spans(log)
    last = max(span.start for span in made)
    until = {node: min(nodes.went.get(node, last), last) for node in nodes.came}
    busy = sum(
        max(0.0, min(span.end, until[span.node]) - max(span.start, nodes.came[span.node]))
        for span in made
    )
    return busy / (SLOTS * sum(max(0.0, until[n] - nodes.came[n]) for n in nodes.came))


def main(out: Path, seconds: float = SECONDS) -> None:
    nodes = Nodes()
    with (
        desk_at(out, seconds=seconds) as (context, log),
        ThreadPoolExecutor(1) as thread,  # Ray starts nodes in the main thread only
    ):
        searching = thread.submit(tune.search_grid, space_of(RECIPES, SCHEMES), context)
        come_and_go(nodes, log)
        decided = searching.result()
    said = {
        "models": len(decided),
        "points": len(context.written("points")),
        "failures": len(context.written("failures")),
        "came": nodes.came,
        "went": nodes.went,
        "busy": busy_share(log, nodes),
    }
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
    ray.shutdown()
    nodes.cluster.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(float, sys.argv[2:3]))
