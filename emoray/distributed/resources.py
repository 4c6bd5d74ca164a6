"""What of a node a stage takes: processors, and a share of a GPU where it trains on one."""

import os
from dataclasses import dataclass, replace
from typing import Any

import ray

from emoray.distributed.connection import Cluster
from emoray.storage.store.keys import Stage

GPU, CPU = "GPU", "CPU"


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Processors and GPUs, or a share of one, that an attempt holds."""

    cpus: float = 1.0
    gpus: float = 0.0

    def __str__(self) -> str:
        return f"cpus {self.cpus:g} and gpus {self.gpus:g}"

    @property
    def options(self) -> dict[str, float]:
        return {"num_cpus": self.cpus, "num_gpus": self.gpus}


def check_share(gpus: float | None, name: str = "gpus_per_stage") -> None:
    """ValueError for what Ray cannot give: a share of one GPU, or whole ones."""
    if gpus is not None and not (0 <= gpus <= 1 or (gpus > 1 and float(gpus).is_integer())):
        raise ValueError(
            f"{name} is a share of one GPU in 0..1, or a whole number of them, got {gpus:g}: "
            "0.5 lets two trainings use one"
        )


def refuse_missing(gpus: float | None, cluster: Cluster, name: str = "gpus_per_stage") -> None:
    """ValueError where GPUs are asked for on a Ray of this job's own, which no node will join."""
    there = ray.cluster_resources().get(GPU, 0.0)
    if gpus and cluster.address is None and there < gpus:
        raise ValueError(
            f"{name} must be on this machine, got {gpus:g} where Ray found {there:g} GPUs: leave "
            "it out to train on the CPUs"
        )


def alive() -> list[dict[str, Any]]:
    """The nodes that live, by id, as Ray tells of them."""
    return sorted((n for n in ray.nodes() if n["Alive"]), key=lambda node: str(node["NodeID"]))


def gpu_share(asked: float | None) -> float:
    """The GPUs that a training with torch takes now. A Ray must be there to be asked.

    asked: None for one where the cluster has any, so that without them nothing waits for them. Who
    names a number waits for nodes that have them: a cluster may be yet to start them.
    """
    return min(1.0, ray.cluster_resources().get(GPU, 0.0)) if asked is None else asked


def room_of(
    stage: Stage,
    *,
    cpus: float = 1.0,
    gpus: float | None = None,
    whole_node: bool = False,
    whole_gpu: bool = False,
) -> Room:
    """What the stage's next attempt asks for.

    cpus: of a stage that does not say itself. gpus: asked for one that trains with torch, see
    `gpu_share`. whole_node, whole_gpu: it shall have one to itself.
    """
    share: float = getattr(stage, "gpus", 0.0)
    if not share and getattr(stage, "trains_with_torch", False):
        share = gpu_share(gpus)
    if whole_gpu and share:
        share = max(1.0, share)
    room = Room(cpus=getattr(stage, "cpus", cpus), gpus=share)
    if not whole_node:
        return room
    fits = [node["Resources"] for node in alive() if node["Resources"].get(GPU, 0) >= share]
    return replace(room, cpus=max([room.cpus, *(has.get(CPU, 0.0) for has in fits)]))


def hide_others_gpus() -> None:
    """Let this worker see the GPUs that Ray gave it, none where it gave none.

    Before torch is imported: Ray itself leaves a worker without a GPU the sight of all of them.
    """
    if not ray.get_runtime_context().get_accelerator_ids().get(GPU):
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
