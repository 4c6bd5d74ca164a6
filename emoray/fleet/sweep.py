"""The main job: look at the data, search, time the artifacts alone, ship what matters, draw the report."""

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ray
from filelock import FileLock, Timeout
from rich.console import Console

from emoray.fleet import progress, search, single_flight, space
from emoray.fleet.finish import finish
from emoray.fleet.provenance import provenance
from emoray.fleet.trials import Desk
from emoray.tables.parts import PARTS
from emoray.tables.rows import RunRow
from emoray.trial.data import Facts, look


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What to search, on what data, and where everything lands."""

    space: str = "quick"
    taxonomy: str = "ekman"
    data: Path | None = None
    out: Path = Path("results")
    run: str | None = None
    store: Path | None = None
    address: str | None = None
    download: bool = True
    trials: int = 64
    cpus: int | None = None

    @property
    def run_name(self) -> str:
        return self.run or f"{self.space}-{self.taxonomy}"

    @property
    def run_folder(self) -> Path:
        return (self.out / self.run_name).absolute()

    @property
    def store_root(self) -> Path:
        return (self.store or self.out / "_store").absolute()
