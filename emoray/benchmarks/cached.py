"""The cost of a trial whose stages are all in the store.

Every trial leaves a file when it is done. How far apart those files are in the second half of a
search, when its actors have started, is what one more trial costs.
"""

import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from ray import tune

from emoray.benchmarks.figures import AtMost, BenchmarkFigure, less_is_better
from emoray.benchmarks.sweep import HOLDS_NOTHING, grid_seconds, seconds_of_tune
from emoray.data.corpus import read_splits
from emoray.data.goemotions import sample
from emoray.distributed.connection import Cluster, connected
from emoray.labels import taxonomy as taxonomy_of
from emoray.quant.catalogue import quick_schemes
from emoray.search.spaces import FROZEN, Space
from emoray.stages.inputs import summarize_corpus
from emoray.stages.spec import CorpusRef, Data, all_decisions
from emoray.tables.parts import part_files

TICK = 0.004  # seconds: what Linux' clock of files usually moves by


def many_small(taxonomy: str, dims: Sequence[int], trials: int) -> Space:
    """A space of so many tiny recipes of one model each, for the cost of a trial itself."""
    tiny = replace(FROZEN, epochs=1, vocabulary=500, embedding_dim=min(8, max(dims)), layers=0)
    return Space(
        recipes=tuple(replace(tiny, taxonomy=taxonomy, seed=seed) for seed in range(trials)),
        schemes=(list(quick_schemes().values())[3],),
        decisions=all_decisions(),
    )


def on_sample(data: Data, taxonomy: str) -> Data:
    """The same vectors with the embedded sample: small, and always there."""
    source = sample()
    corpus = read_splits(source.folder, name=source.name, taxonomy=taxonomy_of(taxonomy))
    ref = CorpusRef.of(corpus, source.folder)
    return replace(data, corpus=ref)


def bare_trial(config: dict[str, int], *, out: Path) -> None:
    """A trial of Tune that does nothing but leave its file."""
    (out / f"{config['at']}.done").write_text(str(time.time()))
    tune.report({"dev_macro_f1": 0.0})


def seconds_per_trial(done: Iterable[Path]) -> float:
    """Mean seconds between the ends of two trials, over the second half of these files.

    Args:
        done: a file for each trial, written at its end.

    Returns:
        At least what the times of files can tell.

    Raises:
        ValueError: fewer than two.
    """
    ends = sorted(path.stat().st_mtime for path in done)
    if len(ends) < 2:
        raise ValueError(f"two trials or more have a time between them, got {len(ends)}: run more")
    half = (len(ends) - 1) // 2
    between = len(ends) - 1 - half
    return max(ends[-1] - ends[half], TICK) / between


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedTrials:
    """Trials of one small model each, on the embedded sample, all decisions on it as rows."""

    name: ClassVar[str] = "cached"

    taxonomy: str = "ekman"
    data: Path | None = None  # for its word vectors
    cpus: int = 2
    trials: int = 24

    def __post_init__(self) -> None:
        if self.trials < 2:
            raise ValueError(
                f"trials must be at least 2, got {self.trials}: one has no next; 24 is usual"
            )

    @property
    def title(self) -> str:
        """Heading of the table."""
        return f"cached trials: {self.trials} on the embedded sample, {self.cpus} CPUs"

    def check(self) -> None:
        """Refuse (ValueError) what no search could use."""
        summarize_corpus(self.taxonomy, self.data, download=False)

    def measure(self) -> tuple[BenchmarkFigure, ...]:
        """Compare cached trials with empty ones, after a search that made everything."""
        facts = summarize_corpus(self.taxonomy, self.data, download=False)
        data = on_sample(facts.data, self.taxonomy)
        space = many_small(self.taxonomy, facts.dims, self.trials)
        with tempfile.TemporaryDirectory() as temporary, connected(Cluster(cpus=self.cpus)):
            folder = Path(temporary)
            made = grid_seconds(space, data, folder / "store", folder / "made")
            again = grid_seconds(space, data, folder / "store", folder / "again")
            bare = folder / "bare"
            bare.mkdir()
            seconds_of_tune(
                tune.with_parameters(bare_trial, out=bare),
                {"at": tune.grid_search(list(range(self.trials)))},
                HOLDS_NOTHING,
                bare,
            )
            ours = seconds_per_trial(part_files(folder / "again", "points"))
            theirs = seconds_per_trial(bare.glob("*.done"))
        return (
            BenchmarkFigure(name="one more cached trial", ours=ours, unit="s", goal=AtMost(0.3)),
            less_is_better(
                "the same, beside a trial that does nothing", ours=ours, theirs=theirs, unit="s"
            ),
            less_is_better(
                "whole search again, beside its first", ours=again, theirs=made, unit="s"
            ),
        )
