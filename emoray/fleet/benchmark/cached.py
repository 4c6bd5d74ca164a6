"""What a trial costs whose stages are all in the store: the price of asking again.

Two searches of different length, everything cached and every trial actor busy in both: the
difference of their times, divided by the difference of their trials, is a trial without the start
of the search.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from ray import tune

from emoray.fleet import search
from emoray.fleet.benchmark.sweep import searched, seconds_of_tune
from emoray.fleet.space import FROZEN, Space
from emoray.fleet.sweep import Sweep, _ray
from emoray.labels import taxonomy as taxonomy_of
from emoray.quant.catalogue import quick_schemes
from emoray.text.corpus import read_corpus
from emoray.text.sources import sample
from emoray.trial.benchmark.figures import AtMost, Figure, less_is_better
from emoray.trial.data import look
from emoray.trial.spec import CorpusRef, Data, all_decisions


def many_small(taxonomy: str, dims: Sequence[int], trials: int) -> Space:
    """So many tiny recipes of one model each: what a trial costs when all it asks for is there."""
    tiny = replace(FROZEN, epochs=1, vocabulary=500, embedding_dim=min(8, max(dims)), layers=0)
    return Space(
        recipes=tuple(replace(tiny, taxonomy=taxonomy, seed=seed) for seed in range(trials)),
        schemes=(list(quick_schemes().values())[3],),
        decisions=all_decisions(),
    )


def on_sample(data: Data, taxonomy: str) -> Data:
    """The same vectors with the embedded sample: small, and always there."""
    source = sample()
    corpus = read_corpus(source.folder, name=source.name, taxonomy=taxonomy_of(taxonomy))
    ref = CorpusRef(name=source.name, sha256=corpus.sha256, folder=source.folder)
    return replace(data, corpus=ref)


def bare_trial(config: dict[str, int]) -> None:
    """What a trial of Tune costs that does nothing."""
    tune.report({"dev_macro_f1": 0.0})


def a_trial_more(seconds: Callable[[int], float], few: int, many: int) -> float:
    """Seconds of one more trial, from `seconds(trials)` of a short and a longer search."""
    short = seconds(few)
    return (seconds(many) - short) / (many - few)


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedTrials:
    """Trials of one small model each, on the embedded sample, all decisions on it as rows."""

    name: ClassVar[str] = "cached"

    taxonomy: str = "ekman"
    data: Path | None = None  # for its word vectors
    cpus: int = 2
    few: int = search.TRIALS_AT_ONCE
    many: int = search.TRIALS_AT_ONCE + 16

    def __post_init__(self) -> None:
        if not 1 <= self.few < self.many:
            raise ValueError(
                f"two searches are compared, the second longer, got {self.few} and {self.many} "
                "trials: raise `many`"
            )

    @property
    def title(self) -> str:
        return f"cached trials: {self.few} against {self.many}, {self.cpus} CPUs"

    def check(self) -> None:
        """Refuse (ValueError) what no search could use."""
        look(self.taxonomy, self.data, download=False)

    def measure(self) -> tuple[Figure, ...]:
        """A cached trial beside one that does nothing, after a search that made everything."""
        facts = look(self.taxonomy, self.data, download=False)
        data = on_sample(facts.data, self.taxonomy)
        with tempfile.TemporaryDirectory() as temporary, _ray(Sweep(cpus=self.cpus)):
            folder = Path(temporary)

            def cached(trials: int) -> float:
                space = many_small(self.taxonomy, facts.dims, trials)
                return searched(space, data, folder / "store", folder / f"run{trials}")

            def bare(trials: int) -> float:
                config = {"at": tune.grid_search(list(range(trials)))}
                return seconds_of_tune(
                    bare_trial, config, search.HOLDS_NOTHING, folder / f"bare{trials}"
                )

            cached(self.many)  # makes what the next two find
            ours = a_trial_more(cached, self.few, self.many)
            theirs = a_trial_more(bare, self.few, self.many)
        return (
            Figure(name="one more cached trial", ours=ours, unit="s", goal=AtMost(0.3)),
            less_is_better(
                "the same, beside a trial that does nothing", ours=ours, theirs=theirs, unit="s"
            ),
        )
