"""Stages over a pool of long-lived actors: each keeps its process, so what is dear to load is
loaded once.

An actor that dies is replaced, one that takes too long is killed and replaced. A stage gets a
bounded number of attempts; then it is split, down to what cannot be split, or it has failed. What
the store holds already is not asked for again.
"""

import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import ray

from emoray.fleet.single_flight import Failed, first_line
from emoray.storage.place import Place
from emoray.trial.store import WAIT_SECONDS, Done, Stage, key_of, open_store

POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much patience one stage gets. seconds: of one attempt, 0 for no limit.

    start_seconds: how long the first actor may take to come, so that a cluster may grow first.
    """

    attempts: int = 3
    seconds: float = 600.0
    start_seconds: float = 900.0

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError(f"attempts must be at least 1, got {self.attempts}")
        for name in ("seconds", "start_seconds"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """So many actors, each holding so many processors."""

    actors: int
    cpus: float = 1.0
    gpus: float = 0.0

    def __post_init__(self) -> None:
        if self.actors < 1:
            raise ValueError(f"a pool has at least 1 actor, got {self.actors}")
        if not (self.cpus >= 0 and self.gpus >= 0):
            raise ValueError(
                f"an actor holds 0 or more processors, got cpus {self.cpus}, gpus {self.gpus}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """What became of a stage, or of one of the pieces it was split into."""

    stage: Stage
    result: Done | Failed


class Hand:
    """The actor: makes one stage at a time, in one process."""

    def __init__(self, store: Place, owner: str) -> None:
        self.store, self.owner = open_store(store), owner

    def ready(self) -> None:
        """Answered once the process stands."""

    def make(self, stage: Stage) -> Done | None:
        """None while another job makes it."""
        return self.store.settle(stage, self.owner)


@dataclass(slots=True, kw_only=True)
class _Work:
    """A stage on its way. place: where its result belongs, pieces after their elder siblings.

    due: not before, as another job is making it.
    """

    stage: Stage
    place: tuple[int, ...]
    attempts: int  # left
    due: float = 0.0


@dataclass(slots=True, kw_only=True)
class _Busy:
    hand: Any
    work: _Work
    since: float


@dataclass(slots=True)
class _Dispatcher:
    store: Place
    pool: Pool
    limits: Limits
    split: Callable[[Stage], Sequence[Stage]] | None
    told: Callable[[Leaf], None] | None
    waiting: deque[_Work] = field(default_factory=deque)
    starting: dict[Any, Any] = field(default_factory=dict)  # ref of `ready` -> actor
    idle: list[Any] = field(default_factory=list)
    busy: dict[Any, _Busy] = field(default_factory=dict)  # ref of `make` -> what it is
    leaves: dict[tuple[int, ...], Leaf] = field(default_factory=dict)
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    stillborn: int = 0  # actors that died before they stood, in a row

    def finish(self, work: _Work, result: Done | Failed) -> None:
        leaf = self.leaves[work.place] = Leaf(stage=work.stage, result=result)
        if self.told:
            self.told(leaf)

    def fail(self, work: _Work, error: str) -> None:
        """Once more, in pieces, or not at all."""
        if work.attempts > 1:
            work.attempts -= 1
            self.waiting.append(work)
            return
        pieces = self.pieces(work.stage)
        if not pieces:
            self.finish(work, Failed(work.stage.name, error))
            return
        for i, piece in enumerate(pieces):
            # Only what cannot be split earns every attempt: a half fails again because of its part.
            attempts = 1 if self.pieces(piece) else self.limits.attempts
            self.waiting.append(_Work(stage=piece, place=(*work.place, i), attempts=attempts))

    def pieces(self, stage: Stage) -> Sequence[Stage]:
        return self.split(stage) if self.split else ()

    def staff(self) -> None:
        """Actors for all that waits, no more than the pool has; the dead are replaced here."""
        present = len(self.starting) + len(self.idle) + len(self.busy)
        wanted = min(self.pool.actors, len(self.waiting) + len(self.busy))
        for _ in range(wanted - present):
            options = {"num_cpus": self.pool.cpus, "num_gpus": self.pool.gpus}
            hand = HAND.options(**options).remote(self.store, self.owner)
            self.starting[hand.ready.remote()] = hand

    def assign(self) -> None:
        due = [work for work in self.waiting if work.due <= time.monotonic()]
        for work in due[: len(self.idle)]:
            hand = self.idle.pop()
            self.waiting.remove(work)
            ref = hand.make.remote(work.stage)
            self.busy[ref] = _Busy(hand=hand, work=work, since=time.monotonic())

    def collect(self) -> None:
        """Take in what has happened, at most POLL_SECONDS later."""
        refs = [*self.busy, *self.starting]
        if not refs:  # all that is left is made elsewhere
            time.sleep(POLL_SECONDS)
            return
        ready, _ = ray.wait(refs, num_returns=1, timeout=POLL_SECONDS)
        for ref in ready:
            if ref in self.starting:
                self.welcome(ref)
            else:
                self.take(ref)

    def welcome(self, ref: Any) -> None:
        hand = self.starting.pop(ref)
        try:
            ray.get(ref)
        except ray.exceptions.RayActorError as error:
            self.stillborn += 1
            if self.stillborn >= self.limits.attempts:
                raise RuntimeError(
                    f"an actor must start, {self.stillborn} in a row died first: "
                    f"{first_line(error)}"
                ) from error
            return
        self.stillborn = 0
        self.idle.append(hand)

    def take(self, ref: Any) -> None:
        """One attempt's result. A lost actor is not called idle, so `staff` replaces it."""
        busy = self.busy.pop(ref)
        try:
            done = ray.get(ref)
        except ray.exceptions.RayActorError:
            self.fail(busy.work, "its actor died")
        except Exception as error:
            self.idle.append(busy.hand)
            self.fail(busy.work, first_line(error))
        else:
            self.idle.append(busy.hand)
            if done is None:
                busy.work.due = time.monotonic() + WAIT_SECONDS
                self.waiting.append(busy.work)
            else:
                self.finish(busy.work, done)

    def cut_short(self) -> None:
        """Kill the actors whose stage has had its time."""
        if not self.limits.seconds:
            return
        now = time.monotonic()
        late = [r for r, b in self.busy.items() if now - b.since > self.limits.seconds]
        for ref in late:
            busy = self.busy.pop(ref)
            ray.kill(busy.hand)
            self.fail(busy.work, f"took longer than its limit of {self.limits.seconds:g} s")

    def dismiss(self) -> None:
        hands = [*self.starting.values(), *self.idle, *(b.hand for b in self.busy.values())]
        for hand in hands:
            ray.kill(hand)

    def run(self) -> None:
        since = time.monotonic()
        while self.waiting or self.busy:
            self.staff()
            self.assign()
            self.collect()
            self.cut_short()
            if self.idle or self.busy or not self.limits.start_seconds:
                since = time.monotonic()
            elif time.monotonic() - since > self.limits.start_seconds:
                raise ValueError(
                    f"an actor of the pool must fit on a node, none started in "
                    f"{self.limits.start_seconds:g} s with cpus {self.pool.cpus:g} and gpus "
                    f"{self.pool.gpus:g} each where the cluster has {ray.cluster_resources()}: "
                    "ask for less, or add a node"
                )


HAND = ray.remote(Hand)  # once: Ray exports every actor class anew


def dispatch(
    stages: Sequence[Stage],
    *,
    store: Place,
    pool: Pool,
    limits: Limits | None = None,
    split: Callable[[Stage], Sequence[Stage]] | None = None,
    told: Callable[[Leaf], None] | None = None,
) -> list[Leaf]:
    """Make the stages, whose inputs are in the store, on the pool's actors.

    split: the pieces of a stage that used up its attempts, in order, none for one that has no
    parts. told: called here, in the driver, as each leaf is done. Returns the leaves in the order
    of the stages whatever the scheduling, the pieces of a split stage in its stead.
    Raises ValueError where no node has room for an actor, RuntimeError where actors do not start.
    """
    limits = limits or Limits()
    work = _Dispatcher(store=store, pool=pool, limits=limits, split=split, told=told)
    shelf = open_store(store)
    for i, stage in enumerate({key_of(s): s for s in stages}.values()):
        asked = _Work(stage=stage, place=(i,), attempts=limits.attempts)
        if done := shelf.seek(stage):
            work.finish(asked, done)
        else:
            work.waiting.append(asked)
    try:
        work.run()
    finally:
        work.dismiss()
    return [work.leaves[place] for place in sorted(work.leaves)]
