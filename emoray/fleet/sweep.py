"""The main job: look at the data, search, time artifacts alone, ship what matters, report."""

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ray
from filelock import FileLock, Timeout
from rich.console import Console

from emoray.fleet import finish, progress, search, single_flight
from emoray.fleet.space import JointSpace, Space, Wish, encoders_needed, named
from emoray.fleet.trials import Desk
from emoray.model.bert.recipe import DEFAULT_ENCODER
from emoray.tables.parts import PARTS
from emoray.tables.rows import TABLES
from emoray.trial.data import Look, look
from emoray.trial.stages.deciding import Decide
from emoray.trial.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What to search, on what data, and where everything lands."""

    space: str = "quick"
    taxonomy: str = "ekman"
    data: Path | None = None
    out: Path = Path("results")
    run: str | None = None
    store: Path | None = None
    trials: int = 64
    wish: Wish = field(default_factory=Wish)
    encoders: tuple[str, ...] = ()
    address: str | None = None
    cpus: int | None = None
    download: bool = True
    download_vectors: bool = False

    @property
    def run_folder(self) -> Path:
        return (self.out / (self.run or f"{self.space}-{self.taxonomy}")).absolute()

    @property
    def store_root(self) -> Path:
        return (self.store or self.out / "_store").absolute()


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold the run's folder: two sweeps must not write one set of tables."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "_lock")
        lock.acquire(timeout=0)
    except Timeout:
        raise ValueError(
            f"one sweep writes to a folder at a time, {folder} is held by another one: "
            "wait for it, or name another folder with --run"
        ) from None
    except OSError as error:
        raise ValueError(
            f"the output must be a folder that can be written, got {folder} ({error.strerror}): "
            "name another with --out"
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def connected(sweep: Sweep) -> Iterator[None]:
    """Join the Ray at `address`, else start one for this run and stop it afterwards."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ["TUNE_DISABLE_SIGINT_HANDLER"] = "1"  # Ctrl-C ends the sweep, not only Tune
    os.environ["TUNE_DISABLE_AUTO_CALLBACK_LOGGERS"] = "1"
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")  # the other output prints even when verbose=0
    if ray.is_initialized():
        yield
        return
    ray.init(
        address=sweep.address or "local",
        num_cpus=None if sweep.address else sweep.cpus,
        include_dashboard=None if sweep.address else False,
        log_to_driver=False,
        logging_level="error",
    )
    try:
        with _terminated_like_interrupted():
            yield
    finally:
        ray.shutdown()


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """SIGTERM, as `ray job stop` sends it, ends the block as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(signum: int, frame: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _encoders(sweep: Sweep) -> tuple[str, ...]:
    if not encoders_needed(sweep.space):
        if sweep.encoders:
            raise ValueError(
                f"encoders are for the bert spaces, got {', '.join(sweep.encoders)} with space "
                f"{sweep.space}: add --space bert, or leave --encoder out"
            )
        return ()
    return sweep.encoders or (DEFAULT_ENCODER,)


def _announce(sweep: Sweep, facts: Look, models: int, console: Console) -> None:
    corpus = facts.data.corpus
    if corpus.name == "sample":
        console.rule("[bold red]GoEmotions was not found: this run uses the embedded sample")
        console.print(f"{facts.why}\nIts figures show that everything works, and little more.")
    encoders = [e.name for e in facts.data.encoders]
    start = "encoders" if encoders else "vectors"
    starts = encoders or [v.source.name for v in facts.data.vectors]
    console.print(
        f"corpus {corpus.name} ({facts.train:,} / {facts.dev:,} / {facts.test:,} texts, "
        f"{facts.leaked} of test also in train) · taxonomy {sweep.taxonomy} · {start} "
        f"{', '.join(starts)} · {models} models to measure · "
        f"run {sweep.run_folder}",
        highlight=False,
        soft_wrap=True,
    )


def _search(sweep: Sweep, space: Space | JointSpace, desk: Desk, console: Console) -> list[Decide]:
    """The search itself; returns what its tables are made of."""
    # The store is the truth: parts of an earlier start are made from it again, or not wanted.
    for table in set(TABLES) - {"runs"}:
        shutil.rmtree(sweep.run_folder / PARTS / table, ignore_errors=True)
    with progress.following(desk.stages, space.models, console):
        if isinstance(space, Space):
            return search.grid(space, desk, sweep.run_folder / "_tune")
        return search.joint(space, desk, sweep.run_folder / "_tune")


def run_sweep(sweep: Sweep, console: Console | None = None) -> Path:
    """Run or continue a sweep; returns the run's folder.

    Raises ValueError for a mistake in the settings or the data before any worker starts.
    """
    console = console or Console()
    started, clock = datetime.now(UTC), time.perf_counter()
    facts = look(
        sweep.taxonomy,
        sweep.data,
        download=sweep.download,
        download_vectors=sweep.download_vectors,
        encoders=_encoders(sweep),
    )
    space = named(
        sweep.space,
        sweep.taxonomy,
        facts.dims,
        encoders=facts.data.encoders,
        trials=sweep.trials,
        wish=sweep.wish,
    )
    if isinstance(space, Space):
        search.planned(space, facts.data)  # refused here, before any worker starts
    with _alone_in(sweep.run_folder):
        store = Store(sweep.store_root)  # refused here, before Ray: in the actor it ends the run
        with connected(sweep):
            stages = single_flight.start(store.root)
            desk = Desk(stages=stages, run_folder=sweep.run_folder, data=facts.data)
            _announce(sweep, facts, space.models, console)
            searching = time.perf_counter()
            decided = _search(sweep, space, desk, console)
            searched = time.perf_counter() - searching
            finish.clock(desk, decided, console)
            start = finish.Start(
                search="grid" if isinstance(space, Space) else "joint",
                space=sweep.space,
                started=started,
                wall_seconds=time.perf_counter() - clock,
                search_seconds=searched,
                trials=space.trials,
            )
            finish.record(desk, facts, start)
            finish.publish(desk, decided, store, console)
    return sweep.run_folder
