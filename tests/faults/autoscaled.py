"""A grid on a head without processors, whose autoscaler starts nodes of one machine.

A program of its own: `python -m tests.faults.autoscaled` with a folder. Ray's own harness for this
ends every Ray of the machine first; the same provider is used here without it.
"""

import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import ray
from ray.autoscaler._private.fake_multi_node.node_provider import FAKE_HEAD_NODE_ID
from ray.cluster_utils import Cluster

from emoray.search import tune
from tests.faults.made_models import desk_at, space_of

RECIPES, SCHEMES, SECONDS = 16, 3, 0.5
MOST, SLOTS = 3, 2
WORKER = {
    "resources": {"CPU": SLOTS, "object_store_memory": 80 * 2**20},
    "node_config": {},
    "min_workers": 0,
    "max_workers": MOST,
}
HEAD = {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0}


def settings(gcs: str) -> dict[str, Any]:
    return {
        "cluster_name": "made-up",
        "max_workers": MOST,
        "idle_timeout_minutes": 5,
        "upscaling_speed": 1.0,
        "provider": {
            "type": "fake_multinode",
            "gcs_address": gcs,
            "head_node_id": FAKE_HEAD_NODE_ID,
            "use_node_id_as_ip": True,  # all nodes have this machine's
            "disable_node_updaters": True,
            "disable_launch_config_check": True,
            "foreground_node_launch": True,
        },
        "available_node_types": {"ray.head.default": HEAD, "worker": WORKER},
        "head_node_type": "ray.head.default",
        "auth": {},
        "file_mounts": {},
        "cluster_synced_files": [],
        "file_mounts_sync_continuously": False,
        "rsync_exclude": [],
        "rsync_filter": [],
        "initialization_commands": [],
        "setup_commands": [],
        "head_setup_commands": [],
        "worker_setup_commands": [],
        "head_start_ray_commands": [],
        "worker_start_ray_commands": [],
    }


def end_those_in(session: str) -> None:
    """Kill what the autoscaler started, raylets and their helpers, which nobody else does."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            said = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if process.name != str(os.getpid()) and any(session.encode() in word for word in said):
            with suppress(ProcessLookupError):
                os.kill(int(process.name), signal.SIGKILL)


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    os.environ |= {"RAY_FAKE_CLUSTER": "1", "AUTOSCALER_UPDATE_INTERVAL_S": "1"}
    head = {"include_dashboard": False, "num_cpus": 0, "no_monitor": True}
    cluster = Cluster(initialize_head=True, connect=True, head_node_args=head)
    node = cluster.head_node
    try:
        config = out / "autoscaler.json"  # which is YAML too
        config.write_text(json.dumps(settings(node.gcs_address)))
        node._ray_params.autoscaling_config = str(config)
        node.start_monitor()
        with desk_at(out, seconds=SECONDS) as (context, _):
            decided = tune.search_grid(space_of(RECIPES, SCHEMES), context)
        said = {
            "models": len(decided),
            "points": len(context.written("points")),
            "failures": len(context.written("failures")),
            "nodes": sum("CPU" in each["Resources"] for each in ray.nodes()),
            "most": MOST,
        }
    finally:
        ray.shutdown()
        session = node.get_session_dir_path()
        cluster.shutdown()
        end_those_in(session)
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
