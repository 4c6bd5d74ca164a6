"""Identify the processor, for every row with a measured time."""

import platform
from dataclasses import dataclass
from pathlib import Path

# What quantized kernels care about, as Linux spells it (x86, then ARM).
RELEVANT = (
    *("sse4_2", "avx", "avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512bw", "avx512vl"),
    *("avx512_vnni", "avx512_bf16", "amx_int8", "asimd", "asimddp", "i8mm", "sve"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cpu:
    """A processor: its model as the system names it, those of its instruction sets that matter."""

    model: str
    instruction_sets: str


def cpu(cpuinfo: Path = Path("/proc/cpuinfo")) -> Cpu:
    """Identify this machine's processor; without Linux's cpuinfo by `platform`."""
    try:
        lines = cpuinfo.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    facts: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        facts.setdefault(name.strip(), value.strip())
    has = set((facts.get("flags") or facts.get("Features") or "").split())
    model = facts.get("model name") or platform.processor() or platform.machine()
    return Cpu(model=model, instruction_sets=" ".join(name for name in RELEVANT if name in has))
