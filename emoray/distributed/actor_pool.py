"""Stages over a pool of long-lived actors, which load what is slow to load once per process.

Actors are requested as far as existing is work, independent of what the cluster has now: Ray starts
them as nodes join, and an autoscaler sees the demand. Those without work left are killed, started
or not, so that they hold no resources. One that dies is replaced, one that takes too long is killed
and replaced; `failures` decides how that counts for its stage. A stage gets a bounded number of
attempts; then it is split, down to what cannot be split, or it has failed. What the store holds
already is not made again. What is done may be followed by stages that need it.
"""

import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import ray

from emoray.distributed.cluster import check_share
from emoray.distributed.failures import FailedAttempts, Fault, ending_of
from emoray.distributed.resources import Resources, gpu_share, hide_others_gpus, resources_of
from emoray.distributed.single_flight import Failed, first_line
from emoray.storage.location import Place
from emoray.storage.store.keys import Stage, key_of
from emoray.storage.store.local import WAIT_SECONDS, Done
from emoray.storage.store.opening import open_store

POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class StageLimits:
    """How often and how long one stage is tried.

    Attributes:
        attempts: how many attempts a stage gets.
        seconds: of one attempt, 0 for no limit.
        start_seconds: how long the first actor may take to start, as a cluster may have to grow.
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
    """The size of a pool of actors, each of which makes one stage at a time.

    Attributes:
        actors: how many at most; None for as many as existing are stages.
        cpus: of each actor.
        gpus: of an actor whose stage trains with torch, see `resources_of`.
    """

    actors: int | None = None
    cpus: float = 1.0
    gpus: float | None = None

    def __post_init__(self) -> None:
        if self.actors is not None and self.actors < 1:
            raise ValueError(f"a pool has at least 1 actor, got {self.actors}")
        if not self.cpus >= 0:
            raise ValueError(f"an actor holds 0 or more processors, got cpus {self.cpus}")
        check_share(self.gpus)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardResult:
    """The result of a stage, or of one of the pieces it was split into."""

    stage: Stage
    result: Done | Failed


class Worker:
    """The actor class: makes one stage at a time, in one process."""

    def __init__(self, store: Place, owner: str) -> None:
        hide_others_gpus()
        self.store, self.owner = open_store(store), owner

    def ready(self) -> None:
        """Return once the process has started."""

    def make(self, stage: Stage) -> Done | None:
        """Make the stage, or find it in the store; None while another job makes it."""
        return self.store.settle(stage, self.owner)


@dataclass(slots=True, kw_only=True)
class _Work:
    """A stage that is not finished.

    Attributes:
        stage: the stage.
        place: position of its result; pieces of a split stage add their own number.
        failed: how its attempts ended so far.
        resources: resources of its next attempt.
        due: monotonic time before which it is not tried, as another job is making it.
    """

    stage: Stage
    place: tuple[int, ...]
    failed: FailedAttempts
    resources: Resources
    due: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    """An actor of the pool, and the resources it holds."""

    actor: Any
    resources: Resources


@dataclass(slots=True, kw_only=True)
class _Busy:
    member: _Member
    work: _Work
    since: float


@dataclass(slots=True)
class _Dispatcher:
    store: Place
    pool: Pool
    limits: StageLimits
    split: Callable[[Stage], Sequence[Stage]] | None
    on_result: Callable[[ShardResult], None] | None
    follow: Callable[[Stage, Sequence[ShardResult]], Sequence[Stage]] | None
    fatal: tuple[type[Exception], ...]
    waiting: deque[_Work] = field(default_factory=deque)
    starting: dict[Any, _Member] = field(default_factory=dict)  # ref of `ready` -> actor
    idle: list[_Member] = field(default_factory=list)
    busy: dict[Any, _Busy] = field(default_factory=dict)  # ref of `make` -> what it is
    results: dict[tuple[int, ...], ShardResult] = field(default_factory=dict)
    asked: list[Stage] = field(default_factory=list)
    pieces_of: dict[int, list[tuple[int, ...]]] = field(default_factory=dict)  # done, by position
    unfinished: Counter[int] = field(default_factory=Counter)  # pieces, by position of the stage
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    share: float = field(init=False)  # of a GPU, that a training with torch takes now
    failed_starts: FailedAttempts = field(init=False)  # of actors, in a row

    def __post_init__(self) -> None:
        self.share = gpu_share(self.pool.gpus)
        self.failed_starts = FailedAttempts(attempts=self.limits.attempts)

    def begin(self, stage: Stage, found: Done | None = None) -> None:
        """Take a stage on, or its result."""
        place = (len(self.asked),)
        self.asked.append(stage)
        if found is None:
            self.ask(stage, place, self.limits.attempts)
        else:
            self.unfinished[place[0]] += 1
            self.finish(place, stage, found)

    def ask(self, stage: Stage, place: tuple[int, ...], attempts: int) -> None:
        failed = FailedAttempts(attempts=attempts)
        resources = self.resources(stage, failed)
        self.waiting.append(_Work(stage=stage, place=place, failed=failed, resources=resources))
        self.unfinished[place[0]] += 1

    def resources(self, stage: Stage, failed: FailedAttempts) -> Resources:
        return resources_of(
            stage,
            cpus=self.pool.cpus,
            gpus=self.share,
            whole_node=failed.whole_node,
            whole_gpu=failed.whole_gpu,
        )

    def finish(self, place: tuple[int, ...], stage: Stage, result: Done | Failed) -> None:
        shard = self.results[place] = ShardResult(stage=stage, result=result)
        self.pieces_of.setdefault(place[0], []).append(place)
        if self.on_result:
            self.on_result(shard)
        self.piece_ended(place[0])

    def piece_ended(self, number: int) -> None:
        """Count a piece of a stage as done; after the last, begin what follows, before the rest."""
        self.unfinished[number] -= 1
        if self.unfinished[number] or self.follow is None:
            return
        shards = [self.results[place] for place in sorted(self.pieces_of.pop(number))]
        following = self.follow(self.asked[number], shards)
        for stage in following:
            self.begin(stage)
        self.waiting.rotate(len(following))

    def again(self, work: _Work) -> None:
        """Try the stage once more, split it, or give it up."""
        if not work.failed.spent:
            work.resources = self.resources(work.stage, work.failed)
            self.waiting.append(work)
            return
        pieces = self.pieces(work.stage)
        if not pieces:
            self.finish(work.place, work.stage, Failed(work.stage.name, work.failed.last))
            return
        for i, piece in enumerate(pieces):
            # Only what cannot be split gets every attempt: a half fails again because of its part.
            self.ask(piece, (*work.place, i), 1 if self.pieces(piece) else self.limits.attempts)
        self.unfinished[work.place[0]] -= 1

    def pieces(self, stage: Stage) -> Sequence[Stage]:
        return self.split(stage) if self.split else ()

    def follow_gpus(self) -> None:
        """Ask for the GPUs that existing are now: they may come and go."""
        if (share := gpu_share(self.pool.gpus)) != self.share:
            self.share = share
            for work in self.waiting:
                work.resources = self.resources(work.stage, work.failed)

    def staff(self) -> None:
        """Have an actor for each stage that waits, as far as the pool allows.

        Actors that died are replaced here, and those without work left are killed.
        """
        busy = Counter(each.member.resources for each in self.busy.values())
        wanted = Counter(work.resources for work in self.waiting) + busy
        existing = Counter(member.resources for member in self.starting.values()) + busy
        existing += Counter(member.resources for member in self.idle)
        for ref, member in [*self.starting.items()][::-1]:
            if existing[member.resources] > wanted[member.resources]:
                existing[member.resources] -= 1
                ray.kill(self.starting.pop(ref).actor)
        for member in [*self.idle]:
            if existing[member.resources] > wanted[member.resources]:
                existing[member.resources] -= 1
                self.idle.remove(member)
                ray.kill(member.actor)
        for resources, count in (wanted - existing).items():
            for _ in range(count):
                if self.pool.actors is not None and existing.total() >= self.pool.actors:
                    return
                existing[resources] += 1
                actor = WORKER.options(**resources.options).remote(self.store, self.owner)
                self.starting[actor.ready.remote()] = _Member(actor=actor, resources=resources)

    def assign(self) -> None:
        now = time.monotonic()
        for member in [*self.idle]:
            fits = (w for w in self.waiting if w.resources == member.resources and w.due <= now)
            if work := next(fits, None):
                self.idle.remove(member)
                self.waiting.remove(work)
                ref = member.actor.make.remote(work.stage)
                self.busy[ref] = _Busy(member=member, work=work, since=time.monotonic())

    def collect(self) -> None:
        """Handle what has finished, after at most POLL_SECONDS."""
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
        member = self.starting.pop(ref)
        try:
            ray.get(ref)
        except Exception as error:
            ray.kill(member.actor)
            fault = ending_of(error).fault
            if fault is Fault.MEMORY and (self.busy or self.idle):
                return  # those who took the memory have it still
            if fault is Fault.NODE:
                return  # a node that goes takes with it all that were to start existing
            self.failed_starts.note(error)
            if self.failed_starts.spent:
                raise RuntimeError(
                    f"an actor must start, {self.failed_starts.ended} in a row died first: "
                    f"{first_line(error)}"
                ) from error
        else:
            self.failed_starts = FailedAttempts(attempts=self.limits.attempts)
            self.idle.append(member)

    def take(self, ref: Any) -> None:
        """Handle one attempt's result. A lost actor is not listed as idle: `staff` replaces it."""
        busy = self.busy.pop(ref)
        try:
            done = ray.get(ref)
        except Exception as error:
            if busy.work.failed.note(error).lost:
                ray.kill(busy.member.actor)  # it may live, out of reach
            else:
                self.idle.append(busy.member)
            if busy.work.failed.spent and isinstance(error, self.fatal):
                raise
            self.again(busy.work)
        else:
            self.idle.append(busy.member)
            if done is None:
                busy.work.due = time.monotonic() + WAIT_SECONDS
                self.waiting.append(busy.work)
            else:
                self.finish(busy.work.place, busy.work.stage, done)

    def cut_short(self) -> None:
        """Kill the actors whose stage has exceeded its time limit."""
        if not self.limits.seconds:
            return
        now = time.monotonic()
        late = [r for r, b in self.busy.items() if now - b.since > self.limits.seconds]
        for ref in late:
            busy = self.busy.pop(ref)
            ray.kill(busy.member.actor)
            busy.work.failed.cut(f"took longer than its limit of {self.limits.seconds:g} s")
            self.again(busy.work)

    def dismiss(self) -> None:
        busy = (each.member for each in self.busy.values())
        for member in (*self.starting.values(), *self.idle, *busy):
            ray.kill(member.actor)

    def run(self) -> None:
        since = time.monotonic()
        while self.waiting or self.busy:
            self.follow_gpus()
            self.staff()
            self.assign()
            self.collect()
            self.cut_short()
            if self.idle or self.busy or not self.limits.start_seconds:
                since = time.monotonic()
            elif time.monotonic() - since > self.limits.start_seconds:
                needs = " or ".join(dict.fromkeys(str(work.resources) for work in self.waiting))
                raise ValueError(
                    f"an actor of the pool must fit on a node, none started in "
                    f"{self.limits.start_seconds:g} s with {needs} each where the cluster has "
                    f"{ray.cluster_resources()}: ask for less, or add a node"
                )


WORKER = ray.remote(Worker)  # once: Ray exports every actor class anew


def dispatch(
    stages: Sequence[Stage],
    *,
    store: Place,
    pool: Pool,
    limits: StageLimits | None = None,
    split: Callable[[Stage], Sequence[Stage]] | None = None,
    on_result: Callable[[ShardResult], None] | None = None,
    follow: Callable[[Stage, Sequence[ShardResult]], Sequence[Stage]] | None = None,
    fatal: tuple[type[Exception], ...] = (),
) -> list[ShardResult]:
    """Make the stages, whose inputs are in the store, on the pool's actors.

    Args:
        stages: equal ones are made once.
        store: where finished stages are kept and looked for.
        pool: how many actors, with which resources.
        limits: attempts and seconds of a stage; None for the usual ones.
        split: returns the pieces of a stage that used up its attempts, in order, none for one that
            cannot be split.
        on_result: called here, in the driver, as each stage or piece is done.
        follow: called here with each stage whose pieces are all done, and their results in order;
            returns stages that can be made now, which come before those that wait.
        fatal: errors of a stage that all others would have too, as where a disk is full: they end
            the whole once its attempts are used up.

    Returns:
        The results in the order of the stages, independent of the scheduling; the pieces of a split
        stage take its place. Those that followed come last.

    Raises:
        ValueError: no node has room for an actor.
        RuntimeError: actors do not start.
    """
    limits = limits or StageLimits()
    work = _Dispatcher(store, pool, limits, split, on_result, follow, fatal)
    opened = open_store(store)
    for stage in {key_of(s): s for s in stages}.values():
        work.begin(stage, opened.seek(stage))
    try:
        work.run()
    finally:
        work.dismiss()
    return [work.results[place] for place in sorted(work.results)]
