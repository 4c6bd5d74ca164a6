from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from emoray.fleet.sweep import Sweep, run_sweep
from emoray.tables.rows import TABLES
from emoray.trial.store import Store


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
        tables={name: pd.read_parquet(sweep.run_folder / f"{name}.parquet") for name in TABLES},
        journal=list(Store(sweep.store_root).journal()),
    )


def swept(sweep: Sweep) -> Run:
    """Run the sweep here, on the session's Ray, and read what it left."""
    run_sweep(sweep)
    return read(sweep)


@pytest.fixture(scope="session")
def smoke(local_ray: None, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The space `smoke`, swept once. Tests may sweep it again but must change nothing in it."""
    out = tmp_path_factory.mktemp("smoke") / "out"
    return swept(Sweep(space="smoke", out=out, download=False))
