"""Measure the memory of this process, in MB."""

import resource
import sys
from pathlib import Path

MB = 1 << 20


def memory_mb(line: str) -> float:
    """Read this process's memory from Linux's status.

    Elsewhere it is the peak. A child's ru_maxrss starts at its parent's: not used here.

    Args:
        line: VmRSS for the present, VmHWM for the peak.

    Returns:
        MB.
    """
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.split(f"{line}:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (MB if sys.platform == "darwin" else 1024)
