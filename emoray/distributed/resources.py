"""Resources that a stage takes of a node: processors, and a share of a GPU if it trains on one."""

import os
from dataclasses import dataclass, replace
from typing import Any

import ray

from emoray.distributed.cluster import Cluster
from emoray.storage.store.keys import Stage

GPU, CPU = "GPU", "CPU"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Processors and GPUs, or a share of one, that an attempt holds."""

    cpus: float = 1.0
    gpus: float = 0.0

    def __str__(self) -> str:
        return f"cpus {self.cpus:g} and gpus {self.gpus:g}"

    @property
    def options(self) -> dict[str, float]:
        """As options of a Ray task or actor."""
        return {"num_cpus": self.cpus, "num_gpus": self.gpus}


def refuse_missing(gpus: float | None, cluster: Cluster, name: str = "gpus_per_stage") -> None:
    """ValueError where GPUs are gpus for on a Ray of this job's own, which no node will join."""
    there = ray.cluster_resources().get(GPU, 0.0)
    if gpus and cluster.address is None and there < gpus:
        raise ValueError(
            f"{name} must be on this machine, got {gpus:g} where Ray found {there:g} GPUs: leave "
            "it out to train on the CPUs"
        )


def living_nodes() -> list[dict[str, Any]]:
    """Ray's records of the living nodes, by id."""
    return sorted((n for n in ray.nodes() if n["Alive"]), key=lambda node: str(node["NodeID"]))


def gpu_share(gpus: float | None) -> float:
    """Return the GPUs that a training with torch takes now. Ray must be connected.

    Args:
        gpus: None for one where the cluster has any, so that without GPUs nothing waits for them.
            A number waits for nodes that have as many: a cluster may have yet to start them.

    Returns:
        GPUs, or a share of one.
    """
    return min(1.0, ray.cluster_resources().get(GPU, 0.0)) if gpus is None else gpus


def resources_of(
    stage: Stage,
    *,
    cpus: float = 1.0,
    gpus: float | None = None,
    whole_node: bool = False,
    whole_gpu: bool = False,
) -> Resources:
    """Return the resources of the stage's next attempt.

    Args:
        stage: its own `cpus` and `gpus` count first.
        cpus: of a stage that has none of its own.
        gpus: of a stage that trains with torch, see `gpu_share`.
        whole_node: it shall have a node to itself.
        whole_gpu: it shall have a GPU to itself.

    Returns:
        Processors and GPUs.
    """
    share: float = getattr(stage, "gpus", 0.0)
    if not share and getattr(stage, "trains_with_torch", False):
        share = gpu_share(gpus)
    if whole_gpu and share:
        share = max(1.0, share)
    resources = Resources(cpus=getattr(stage, "cpus", cpus), gpus=share)
    if not whole_node:
        return resources
    fits = [node["Resources"] for node in living_nodes() if node["Resources"].get(GPU, 0) >= share]
    return replace(resources, cpus=max([resources.cpus, *(has.get(CPU, 0.0) for has in fits)]))


def hide_others_gpus() -> None:
    """Let this worker see only the GPUs that Ray assigned to it.

    Before torch is imported: Ray itself lets a worker without a GPU see all of them.
    """
    if not ray.get_runtime_context().get_accelerator_ids().get(GPU):
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
