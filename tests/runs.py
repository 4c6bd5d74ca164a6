"""Whole runs: swept here, and read as an analyst reads them."""

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from emoray.decide.thresholds import OneForAll
from emoray.models.word.recipe import GloveRecipe
from emoray.quant.catalogue import quick_schemes
from emoray.search import spaces
from emoray.search.spaces import Space
from emoray.stages.spec import Decision
from emoray.storage.store.opening import open_store
from emoray.tables.baselines import without_baselines
from emoray.tables.rows import TABLES
from emoray.workflows.settings.sweep import Sweep
from emoray.workflows.sweep import run_sweep

GOOD = replace(spaces.FROZEN, epochs=1, vocabulary=300, embedding_dim=8, hidden_units=4)
DIVERGES = replace(GOOD, learning_rate=3e38, batch_size=64)


@dataclass(frozen=True, kw_only=True)
class Run:
    """A finished run: its settings, its tables as an analyst reads them, what it made."""

    sweep: Sweep
    tables: dict[str, pd.DataFrame]
    journal: list[dict[str, str]]

    @property
    def folder(self) -> Path:
        return self.sweep.run_place

    @property
    def searched(self) -> pd.DataFrame:
        """The points without the baselines beside them."""
        return without_baselines(self.tables["points"])


def read(sweep: Sweep) -> Run:
    return Run(
        sweep=sweep,
        tables={n: pd.read_parquet(str(sweep.run_place / f"{n}.parquet")) for n in TABLES},
        journal=list(open_store(sweep.store_place).journal()),
    )


def swept(sweep: Sweep) -> Run:
    """Run the sweep here, on the session's Ray, and read what it left."""
    run_sweep(sweep)
    return read(sweep)


def of(*recipes: GloveRecipe) -> Space:
    """Two schemes and two decisions on each recipe."""
    schemes = list(quick_schemes().values())
    return Space(
        recipes=recipes,
        schemes=(schemes[0], schemes[3]),
        decisions=(Decision(), Decision(rule=OneForAll())),
    )
