"""What 2,000 recipes take of a head that only coordinates: all its processes together.

A program of its own: `python -m tests.faults.many_recipes` with a folder. Work goes on for a while
on one node, so that what waits is there too; then it is left as it is.
"""

import json
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from ray.cluster_utils import Cluster

from emoray.fleet import search
from tests.faults.made_models import desk_at, space_of, spans

RECIPES, SCHEMES, SECONDS = 2000, 2, 0.2
SLOTS, STAGES = 8, 400  # of the one node, and how many of its stages are awaited


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


def main(out: Path) -> None:
    head = {"include_dashboard": False, "num_cpus": 0}
    cluster = Cluster(initialize_head=True, connect=True, head_node_args=head)
    node = cluster.add_node(num_cpus=SLOTS, object_store_memory=80 * 2**20)
    (raylet, *_) = node.all_processes["raylet"]
    desk, log = desk_at(out, seconds=SECONDS)
    space = space_of(RECIPES, SCHEMES)
    threading.Thread(target=search.grid, args=(space, desk), daemon=True).start()
    while len(spans(log)) < STAGES:
        time.sleep(1.0)
    pids = list(below(os.getpid(), raylet.process.pid))
    said = {
        "recipes": RECIPES,
        "points": len(desk.written("points")),
        "processes": len(pids),
        "head_mb": sum(map(resident_mb, pids)),
    }
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
    cluster.shutdown()
    os._exit(0)  # the search would go on for minutes


if __name__ == "__main__":
    main(Path(sys.argv[1]))
