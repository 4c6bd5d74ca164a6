"""Stages that say where they ran and what they saw of GPUs."""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import ray
from ray._private.utils import get_system_memory, get_used_memory

from emoray.models.memory import GpuOutOfMemoryError
from emoray.storage.store.local import Done

SEEN = "seen.json"
ROOM, HOGGED = 2560, 5120  # mebibytes that a Ray short of memory has, and that a hog wants of it


def short_of_memory() -> None:
    """Start a Ray of two processors whose memory monitor leaves what runs so much room."""
    threshold = (get_used_memory() + (ROOM << 20)) / get_system_memory()
    assert threshold < 0.98, "too little memory is free to try this"
    settings = {"memory_usage_threshold": threshold, "memory_monitor_refresh_ms": 100}
    ray.init(address="local", num_cpus=2, include_dashboard=False, _system_config=settings)


def seen(done: Done) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((done.folder / SEEN).read_text())
    return found


def look(out: Path, seconds: float) -> None:
    began = time.time()
    time.sleep(seconds)
    context = ray.get_runtime_context()
    facts = {
        "node": context.get_node_id(),
        "visible": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "holds": context.get_assigned_resources(),
        "pid": os.getpid(),
        "began": began,
        "ended": time.time(),
    }
    (out / SEEN).write_text(json.dumps(facts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """Needs a processor."""

    name: ClassVar[str] = "plain"
    version: ClassVar[int] = 1

    number: int
    seconds: float = 0.0

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        look(out, self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Torch:
    """Stands for a training; large: fits on no GPU that it shares."""

    name: ClassVar[str] = "torch"
    version: ClassVar[int] = 1
    trains_with_torch: ClassVar[bool] = True

    number: int
    large: bool = False
    seconds: float = 0.0

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        share = ray.get_runtime_context().get_assigned_resources().get("GPU", 0)
        if self.large and share < 1:
            raise GpuOutOfMemoryError(f"a training must fit into memory, got {share} of a GPU")
        look(out, self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Stands for a timing: a whole node of a kind."""

    name: ClassVar[str] = "timing"
    version: ClassVar[int] = 1

    number: int
    cpu: str
    cpus: int

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        look(out, 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hog:
    """Takes so many mebibytes and keeps them until it is ended."""

    name: ClassVar[str] = "hog"
    version: ClassVar[int] = 1

    mebibytes: int

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        held = []
        for _ in range(self.mebibytes // 64):
            held.append(bytes([1]) * (64 << 20))
            time.sleep(0.02)
        time.sleep(300)
