"""A cluster of real raylets on this machine, of which one is killed; prints what came of it.

A program of its own: a process can be driver of one Ray only. `python -m tests.faults.nodes STORE`
"""

import json
import os
import signal
import sys
import time
from concurrent.futures import wait
from pathlib import Path
from typing import Any

import ray
from ray.cluster_utils import Cluster

from emoray.distributed.stages import Stages
from emoray.storage.store.local import Done, Store
from tests.faults.saboteur import kill
from tests.faults.stages import Fill
from tests.storage.store.counting import Write

SHORT = {"include_dashboard": False, "num_cpus": 1}


def raylet_of(node: Any) -> int:
    (process, *_) = node.all_processes["raylet"]
    return int(process.process.pid)


def parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def begun_on(node: Any, store: Store) -> list[dict[str, Any]]:
    """Stages that a worker of the node has begun and not made."""
    made = {e["key"] for e in store.journal() if e["event"] == "made"}
    started = [e for e in store.journal() if e["event"] == "started" and e["key"] not in made]
    return [e for e in started if parent(e["pid"]) == raylet_of(node)]


def frozen(node: Any) -> list[int]:
    """Have the node stand still, so that nothing ends there any more; returns its workers."""
    os.kill(raylet_of(node), signal.SIGSTOP)  # first: it starts no further ones
    pids = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    workers = [pid for pid in pids if parent(pid) == raylet_of(node)]
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    return workers


def thawed(node: Any, workers: list[int]) -> None:
    for pid in (raylet_of(node), *workers):
        os.kill(pid, signal.SIGCONT)


def killed_at_work(cluster: Cluster, doomed: Any, store: Store) -> list[dict[str, Any]]:
    """Have the node die once it is at work; returns what it was at."""
    deadline = time.monotonic() + 60
    killed, workers = [], []
    while not killed:
        assert time.monotonic() < deadline
        if begun_on(doomed, store):  # and may be ending
            workers = frozen(doomed)
            if not (killed := begun_on(doomed, store)):
                thawed(doomed, workers)
        time.sleep(0.02)
    cluster.remove_node(doomed, allow_graceful=False)
    for pid in workers:  # which stand still, and cannot see that their node is gone
        kill(pid)
    return killed


def main(store: Store) -> None:
    cluster = Cluster(initialize_head=True, connect=True, head_node_args=SHORT)
    doomed = cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    wanted = [Write(text=str(i), seconds=1.5) for i in range(6)]
    with Stages(store.place) as stages:
        asked = [stages.make(stage) for stage in (Fill(mebibytes=1), *wanted)]
        killed = killed_at_work(cluster, doomed, store)
        cluster.add_node(num_cpus=1)
        _, waiting = wait(asked, timeout=90)
        assert not waiting
    done = [each.result() for each in asked]
    said = {
        "done": sum(isinstance(each, Done) for each in done),
        "failed": [repr(each) for each in done if not isinstance(each, Done)],
        "killed": [event["key"] for event in killed],
        "nodes": len({node["NodeID"] for node in ray.nodes()}),
        "pid": os.getpid(),
    }
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
    ray.shutdown()
    cluster.shutdown()


if __name__ == "__main__":
    main(Store(Path(sys.argv[1])))
