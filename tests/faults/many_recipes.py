"""What 2,000 recipes take of a head that only coordinates: memory of all its processes together,
processor time of the driver for a stage.

A program of its own: `python -m tests.faults.many_recipes` with a folder. Work goes on for a while
on one node, so that what waits is there too; then it is stopped.
"""

import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import ray
from ray.cluster_utils import Cluster

from emoray.search import tune
from emoray.search.trials import RunContext
from tests.faults.made_models import desk_at, space_of, spans

RECIPES, SCHEMES, SECONDS = 2000, 2, 0.2
SLOTS = 8  # of the one node
FIRST, STAGES = 100, 400  # of its stages: how many are awaited at first, and in all


def below(pid: int, other: int) -> Iterator[int]:
    """A process and all that it started, but for `other` and what that started."""
    if pid == other:
        return
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            yield from below(int(child), other)


def resident_mb(pid: int) -> float:
    """Its resident memory, what it shares with others included."""
    try:
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


def _after(stages: int, log: Path) -> int:
    """Wait for so many; returns how many there are then."""
    while (made := len(spans(log))) < stages:
        time.sleep(1.0)
    return made


def measured(context: RunContext, log: Path, other: int, said: dict[str, Any]) -> None:
    """Look once work goes on, then stop the search as Ctrl-C does."""
    spent = [(_after(FIRST, log), time.process_time()), (_after(STAGES, log), time.process_time())]
    (first, before), (last, after) = spent
    said["driver_ms"] = 1000 * (after - before) / (last - first)
    pids = list(below(os.getpid(), other))
    said["points"] = len(context.written("points"))
    said["processes"] = len(pids)
    said["head_mb"] = sum(map(resident_mb, pids))
    said["driver_mb"] = resident_mb(os.getpid())
    os.kill(os.getpid(), signal.SIGINT)


def main(out: Path) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    head = {"include_dashboard": False, "num_cpus": 0}
    cluster = Cluster(initialize_head=True, connect=True, head_node_args=head)
    node = cluster.add_node(num_cpus=SLOTS, object_store_memory=80 * 2**20)
    (raylet, *_) = node.all_processes["raylet"]
    said: dict[str, Any] = {"recipes": RECIPES}
    with suppress(KeyboardInterrupt), desk_at(out, seconds=SECONDS) as (context, log):
        looking = (context, log, raylet.process.pid, said)
        threading.Thread(target=measured, args=looking, daemon=True).start()
        tune.search_grid(space_of(RECIPES, SCHEMES), context)
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
    ray.shutdown()
    cluster.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
