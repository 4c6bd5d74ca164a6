"""How a stage is made on Ray: as a task with its resources, tried again where its worker dies.

A coroutine of the driver awaits it. A stage whose worker dies is tried again, one that takes too
long is cancelled and its worker killed; what nothing awaits any more is dropped.
"""

import asyncio
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from emoray.distributed.actor_pool import StageLimits
from emoray.distributed.attempts import AttemptClock, AttemptClocks, AttemptSign
from emoray.distributed.failures import FailedAttempts, Fault
from emoray.distributed.resources import Resources, resources_of
from emoray.distributed.run_stage import run_stage
from emoray.distributed.single_flight import Begun
from emoray.distributed.timing_node import NodeKind, node_of, pinned
from emoray.distributed.turns import Turns
from emoray.storage.location import Place
from emoray.storage.store.keys import Stage
from emoray.storage.store.local import Done
from emoray.storage.store.opening import open_store

LIMITS = StageLimits(seconds=12 * 3600.0)  # nothing that is alive takes that long on two cores
PAUSE_SECONDS = 0.5  # before the next attempt; twice as long before each further one, up to
LONGEST_PAUSE_SECONDS = 30.0
LOOK_SECONDS = 1.0, 5.0  # between looks at what another job makes: at first, and at last


# Once: Ray exports every remote function anew.
STAGE_TASK = ray.remote(run_stage)
GPU_STAGE_TASK = ray.remote(num_gpus=1)(run_stage)  # its process ends with it: torch keeps memory


@lru_cache(maxsize=256)  # Ray checks options anew each time that they are given
def _with_options(kind: Any, resources: Resources, where: Any, name: str) -> Any:
    return kind.options(
        **resources.options,
        scheduling_strategy=where,
        max_retries=0,  # counted here: Ray's own would not end for want of memory
        name=name,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """Runs stages on Ray's workers, as often and as long as the limits allow.

    Attributes:
        limits: attempts and seconds of a stage.
        gpus: what a stage that trains with torch holds, see `resources_of`.
        signs: of the attempts; their owner is in whose name stages are claimed, so that other jobs
            on the store wait.
        turns: which attempt is submitted next.
    """

    limits: StageLimits = LIMITS
    gpus: float | None = None
    signs: AttemptClocks = field(default_factory=AttemptClocks)
    turns: Turns = field(default_factory=Turns)

    async def __call__(self, store: Place, stage: Stage, begun: Begun) -> Done:
        """Make a stage; RayError of the stage itself, RuntimeError when its attempts are spent."""
        failed = FailedAttempts(attempts=self.limits.attempts)
        while True:
            alone = {"whole_node": failed.whole_node, "whole_gpu": failed.whole_gpu}
            resources = resources_of(stage, gpus=self.gpus, **alone)
            try:
                where = await self._where(stage)
                while (done := await self._in_turn(store, stage, begun, resources, where)) is None:
                    await self._made_elsewhere(store, stage)
                # What an attempt that died had finished was made by this run.
                return replace(done, cached=done.cached and not failed.ended)
            except RayError as error:
                fault = failed.note(error).fault
                if isinstance(error, RayTaskError) and (fault is Fault.STAGE or failed.spent):
                    raise  # the stage itself raised, and would again
                if failed.spent:
                    raise RuntimeError(failed.why(stage.name)) from None
            pause = PAUSE_SECONDS * 2 ** (failed.ended - 1)
            await asyncio.sleep(min(pause, LONGEST_PAUSE_SECONDS))

    async def _where(self, stage: Stage) -> NodeAffinitySchedulingStrategy | str:
        """Any node; a stage with a `cpu` runs on a node that has this processor."""
        if not (cpu := getattr(stage, "cpu", None)):
            return "DEFAULT"
        return pinned(await node_of(NodeKind(cpus=getattr(stage, "cpus", 1), cpu=cpu)))

    async def _made_elsewhere(self, store: Place, stage: Stage) -> None:
        """Wait, without a CPU, until no other job makes the stage any more."""
        opened, (pause, longest) = await asyncio.to_thread(open_store, store), LOOK_SECONDS
        while await asyncio.to_thread(opened.is_elsewhere, stage, self.signs.owner):
            await asyncio.sleep(pause)
            pause = min(longest, 1.5 * pause)

    async def _in_turn(
        self, store: Place, stage: Stage, begun: Begun, resources: Resources, where: Any
    ) -> Done | None:
        """Make one attempt, see `_attempt`, once it is its turn."""
        lane = await self.turns.take(stage, resources)
        try:
            return await self._attempt(store, stage, begun, resources, where)
        finally:
            lane.give_back()

    async def _attempt(
        self, store: Place, stage: Stage, begun: Begun, resources: Resources, where: Any
    ) -> Done | None:
        """Make one attempt.

        Args:
            store: where the stage is kept.
            stage: the stage.
            begun: called once it has left the queue.
            resources: the resources it holds.
            where: Ray's scheduling strategy.

        Returns:
            The finished stage; None where another job makes it.

        Raises:
            RayError: the stage raised, or its worker died.
            TimeoutError: it took longer than the limit.
            CancelledError: nothing awaits it any more; the task is killed.
        """
        sign = AttemptSign(owner=self.signs.owner, seconds=self.limits.seconds)
        kind = GPU_STAGE_TASK if resources.gpus else STAGE_TASK
        task = _with_options(kind, resources, where, stage.name).remote((store, stage, sign))
        clock = AttemptClock(task=task, seconds=self.limits.seconds, begun=begun)
        self.signs.clocks[sign.attempt] = clock
        try:
            done: Done | None = await task
            return done
        except RayError:
            if not clock.over:
                raise
        except asyncio.CancelledError:
            ray.cancel(task, force=True)
            raise
        finally:
            clock.stop()
            del self.signs.clocks[sign.attempt]
        raise TimeoutError(
            f"a stage takes at most {self.limits.seconds / 60:g} minutes, {stage.name} did not "
            "end and was killed: give it more with --stage-minutes, or see where it hangs"
        )
