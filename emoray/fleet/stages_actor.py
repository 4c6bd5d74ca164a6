"""The `Stages` actor: single flight on Ray. Each stage is a task that holds what it needs.

The actor holds no CPU, so waiting trials hold nothing and cannot block each other. It sits on the
driver's node, comes back when it dies, and counts again what the store and the run's parts say. A
stage whose worker dies is tried again, one that takes too long is cancelled and its worker killed.
"""

import asyncio
import errno
import uuid
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow.compute as pc
import ray
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from emoray.fleet.dispatch import Limits
from emoray.fleet.endings import Fault, Mishaps
from emoray.fleet.room import Room, hide_others_gpus, room_of
from emoray.fleet.signs import Clock, Sign, name_of
from emoray.fleet.single_flight import Begun, SingleFlight, Status, Tally
from emoray.fleet.timing_node import NodeKind, node_of, pinned
from emoray.storage.place import Place
from emoray.tables.files import read_table
from emoray.tables.parts import part_files
from emoray.tables.rows import PointRow
from emoray.trial.stages.baseline import Baseline
from emoray.trial.store import Done, Stage, Store, key_of, open_store

LIMITS = Limits(seconds=12 * 3600.0)  # nothing that is alive takes that long on two cores
RESTARTS = 10  # of the actor
PAUSE_SECONDS = 0.5  # before the next attempt; twice as long before each further one, up to
LONGEST_PAUSE_SECONDS = 30.0
CALLS = 100_000  # at once: of every model on its way some, and nothing may wait behind them
LOOK_SECONDS = 1.0, 5.0  # between looks at what another job makes: at first, and at last


def run_stage(store: Place, stage: Stage, sign: Sign) -> Done | None:
    """One stage in this process; None while another job makes it."""
    hide_others_gpus()
    with sign.given():
        # An attempt before this one may have ended well and not lived to say so.
        return open_store(store).settle(stage, sign.owner)


# Once: Ray exports every remote function anew.
STAGE_TASK = ray.remote(run_stage)
GPU_STAGE_TASK = ray.remote(num_gpus=1)(run_stage)  # its process ends with it: torch keeps memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """The runner of the fleet: a stage on a worker, as often and as long as the limits allow.

    gpus: what a stage that trains with torch holds, see `room_of`. owner: in whose name stages are
    claimed, so that other jobs on the store wait for them. clocks: of what is asked of workers, by
    key.
    """

    limits: Limits = LIMITS
    gpus: float | None = None
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    clocks: dict[str, Clock] = field(default_factory=dict)

    async def __call__(self, store: Place, stage: Stage, begun: Begun) -> Done:
        mishaps = Mishaps(attempts=self.limits.attempts)
        while True:
            alone = {"whole_node": mishaps.whole_node, "whole_gpu": mishaps.whole_gpu}
            room = room_of(stage, gpus=self.gpus, **alone)
            try:
                where = await self._where(stage)
                while (done := await self._attempt(store, stage, begun, room, where)) is None:
                    await self._made_elsewhere(store, stage)
                # What an attempt that died had finished was made by this run.
                return replace(done, cached=done.cached and not mishaps.ended)
            except RayError as error:
                fault = mishaps.note(error).fault
                if isinstance(error, RayTaskError) and (fault is Fault.STAGE or mishaps.spent):
                    raise  # the stage itself raised, and would again
                if mishaps.spent:
                    raise RuntimeError(mishaps.why(stage.name)) from None
            pause = PAUSE_SECONDS * 2 ** (mishaps.ended - 1)
            await asyncio.sleep(min(pause, LONGEST_PAUSE_SECONDS))

    async def _where(self, stage: Stage) -> NodeAffinitySchedulingStrategy | str:
        """Where Ray likes; what names a processor runs on a node that has it."""
        if not (cpu := getattr(stage, "cpu", None)):
            return "DEFAULT"
        return pinned(await node_of(NodeKind(cpus=getattr(stage, "cpus", 1), cpu=cpu)))

    async def _made_elsewhere(self, store: Place, stage: Stage) -> None:
        """Wait, without a CPU, until no other job makes the stage any more."""
        shelf, (pause, longest) = await asyncio.to_thread(open_store, store), LOOK_SECONDS
        while await asyncio.to_thread(shelf.is_elsewhere, stage, self.owner):
            await asyncio.sleep(pause)
            pause = min(longest, 1.5 * pause)

    async def _attempt(
        self, store: Place, stage: Stage, begun: Begun, room: Room, where: Any
    ) -> Done | None:
        """None where another job makes it. Raises RayError when the worker died, TimeoutError when
        the time was up."""
        sign = Sign(owner=self.owner, key=key_of(stage), seconds=self.limits.seconds)
        kind = GPU_STAGE_TASK if room.gpus else STAGE_TASK
        task = kind.options(
            **room.options,
            scheduling_strategy=where,
            max_retries=0,  # counted here: Ray's own would not end for want of memory
            name=stage.name,
        ).remote(store, stage, sign)
        clock = Clock(task=task, seconds=self.limits.seconds, begun=begun)
        self.clocks[sign.key] = clock
        try:
            done: Done | None = await task
            return done
        except RayError:
            if not clock.over:
                raise
        finally:
            clock.stop()
            self.clocks.pop(sign.key, None)
        raise TimeoutError(
            f"a stage takes at most {self.limits.seconds / 60:g} minutes, {stage.name} did not "
            "end and was killed: give it more with --stage-minutes, or see where it hangs"
        )


class Stages(SingleFlight):
    """The actor. owner: in whose name it works, the same after a restart."""

    def __init__(
        self,
        store: Place,
        run_folder: Place | None,
        limits: Limits,
        owner: str,
        gpus: float | None = None,
    ) -> None:
        self.again = ray.get_runtime_context().was_current_actor_reconstructed
        tally = recalled(store, run_folder, owner) if self.again else Tally()
        self.workers = Workers(limits=limits, owner=owner, gpus=gpus)
        super().__init__(store, self.workers, tally)
        self.store.owner = owner

    async def counted(self) -> Status:
        """The status once all is done, with the journal's counts: a worker of the actor before
        this one may have gone on for a while, and told nobody else."""
        if self.again:
            await asyncio.to_thread(count, self.tally, self.store, self.store.owner)
        return await self.status()

    async def begun(self, key: str) -> None:
        """A worker says that it is at this stage."""
        if clock := self.workers.clocks.get(key):
            clock.start()


def count(tally: Tally, store: Store, owner: str) -> None:
    """Count what the journal says that this owner made, and what it could not make."""
    for event in store.journal():
        if event.get("owner") != owner:
            continue
        if event["event"] in ("made", "beaten"):
            tally.made[event["key"]] = (event["wall_seconds"], event["cpu_seconds"])
        elif event["event"] == "failed":
            tally.failed.add(event["key"])


def recalled(store: Place, run_folder: Place | None, owner: str) -> Tally:
    """What was counted before a restart, from what lasts. What was found in the store is counted
    anew, as far as it is asked for again."""
    tally = Tally()
    count(tally, open_store(store), owner)
    if run_folder is None:
        return tally
    for path in part_files(run_folder, "points"):
        if path.stem.startswith(f"{Baseline.name}-"):
            continue
        with suppress(ValueError):  # damaged: whoever merges the parts will say so
            scores = read_table(path, PointRow, ["dev_macro_f1"]).column(0)
            tally.told[path.stem] = (len(scores), pc.max(scores).as_py())
    return tally


def refuse_full(stages: Any) -> None:
    """Raise the OSError of a full disk that a stage met: each further one would meet it too."""
    if full := ray.get(stages.status.remote()).full:
        raise OSError(errno.ENOSPC, f"a stage needs room for its files ({full})")


STAGES = ray.remote(Stages)


def start(
    store: Place,
    run_folder: Place | None = None,
    limits: Limits = LIMITS,
    gpus: float | None = None,
) -> Any:
    """The run's one actor; of its own name, because a run before it may have used another store.

    run_folder: where its trials write their parts, to count them again after a restart. gpus: what
    a stage that trains with torch holds, see `room_of`.
    """
    here = ray.get_runtime_context().get_node_id()
    owner = uuid.uuid4().hex
    actor = STAGES.options(
        name=name_of(owner),
        num_cpus=0,
        max_concurrency=CALLS,
        max_restarts=RESTARTS,
        max_task_retries=-1,
        scheduling_strategy=NodeAffinitySchedulingStrategy(here, soft=True),
    )
    return actor.remote(store, run_folder, limits, owner, gpus)
