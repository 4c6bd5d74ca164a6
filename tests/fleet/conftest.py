from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from emoray.fleet.sweep import Sweep, run_sweep
from emoray.tables.rows import TABLES
from emoray.trial.store import open_store


@dataclass(frozen=True, kw_only=True)
class Run:
    """A finished run: its settings, its tables as an analyst reads them, what it made."""

    sweep: Sweep
    tables: dict[str, pd.DataFrame]
    journal: list[dict[str, str]]

    @property
    def folder(self) -> Path:
        return self.sweep.run_folder


def read(sweep: Sweep) -> Run:
    return Run(
        sweep=sweep,
        tables={n: pd.read_parquet(str(sweep.run_folder / f"{n}.parquet")) for n in TABLES},
        journal=list(open_store(sweep.store_root).journal()),
    )


def swept(sweep: Sweep) -> Run:
    """Run the sweep here, on the session's Ray, and read what it left."""
    run_sweep(sweep)
    return read(sweep)
