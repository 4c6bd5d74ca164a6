"""How much memory this process takes, in MB."""

import resource
import sys
from pathlib import Path

MB = 1 << 20


def memory_mb(line: str) -> float:
    """This process's memory by a line of Linux's status: VmRSS now, VmHWM at its peak.

    Elsewhere the peak stands for both. A child's ru_maxrss starts at its parent's: not used here.
    """
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.split(f"{line}:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (MB if sys.platform == "darwin" else 1024)
