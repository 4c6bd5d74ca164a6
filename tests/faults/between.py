"""`jobs.sweep` whose first trial to finish a model kills the driver before it writes the rows."""

import os
import signal

from emoray.search.trials import RunContext
from jobs.sweep import app
from tests.faults.dying_trials import before_rows, once


def kill_this(context: RunContext) -> None:
    if once(context.run_folder / "_killed_driver"):
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    with before_rows(kill_this):
        app()
