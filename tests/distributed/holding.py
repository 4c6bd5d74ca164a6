"""A job that holds a Ray of its own and does nothing, until it is stopped."""

import signal

from emoray.distributed.connection import Cluster, connected
from jobs.console import run_job


def work() -> None:
    with connected(Cluster(cpus=1)):
        print("up", flush=True)  # noqa: T201
        signal.pause()


if __name__ == "__main__":
    run_job(work, debug=False)
