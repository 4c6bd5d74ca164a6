"""`jobs.sweep` whose first trial to finish a model kills the driver before it writes the rows."""

import os
import sys
from pathlib import Path

from emoray.fleet import search
from jobs.sweep import app
from tests.faults.dying_trials import kills_its_driver

if __name__ == "__main__":
    folder = Path(sys.argv[sys.argv.index("--out") + 1]) / "smoke-ekman"
    folder.mkdir(parents=True)
    (folder / "_driver").write_text(str(os.getpid()))
    search.grid_trial = kills_its_driver
    app()
