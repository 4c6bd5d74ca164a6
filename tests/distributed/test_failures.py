"""Every way in which Ray ends an attempt: whose fault it is, and when a stage has had enough."""

import inspect

import pytest
from ray import exceptions
from ray.core.generated.common_pb2 import ActorDiedErrorContext, NodeDeathInfo
from ray.exceptions import RayTaskError

from emoray.distributed.failures import NODES_LOST, FailedAttempts, Fault, ending_of
from emoray.models.memory import GpuOutOfMemoryError
from emoray.storage.client import UnansweredError


def died(words: str = "", *, preempted: bool = False) -> exceptions.ActorDiedError:
    """As Ray makes it of what the cluster knows of the death."""
    context = ActorDiedErrorContext(error_message=words, actor_id=bytes(16))
    if preempted:
        context.node_death_info.reason = NodeDeathInfo.AUTOSCALER_DRAIN_PREEMPTED
    return exceptions.ActorDiedError(context)


def raised(error: Exception) -> Exception:
    """What `ray.get` raises where a stage raised this."""
    made: Exception = RayTaskError("make", "traceback", error).as_instanceof_cause()
    return made


WITH_ITS_NODE = "The actor died because its node has died. Node Id: 1f"
LOST_OBJECT = "ab" * 14

ENDINGS = {
    "the stage raised": (raised(ValueError("no")), Fault.STAGE, False),
    "the stage raised a time-out": (raised(TimeoutError("late")), Fault.STAGE, False),
    "the store did not answer": (raised(UnansweredError("busy")), Fault.STORE, False),
    "the gpu was full": (raised(GpuOutOfMemoryError("full")), Fault.GPU_MEMORY, True),
    "the memory monitor": (exceptions.OutOfMemoryError("low"), Fault.MEMORY, True),
    "a task's node died": (exceptions.NodeDiedError("gone"), Fault.NODE, True),
    "an actor's node died": (died(WITH_ITS_NODE), Fault.NODE, True),
    "preempted": (died("drained", preempted=True), Fault.NODE, True),
    "an actor cannot be reached": (exceptions.ActorUnavailableError("?", None), Fault.NODE, True),
    "pinned to a node that is gone": (exceptions.TaskUnschedulableError("x"), Fault.NODE, True),
    "an actor pinned so": (exceptions.ActorUnschedulableError("x"), Fault.NODE, True),
    "its arguments are lost": (
        exceptions.ObjectLostError(LOST_OBJECT, None, ""),
        Fault.NODE,
        True,
    ),
    "no answer by wire": (exceptions.RpcError("closed"), Fault.NODE, True),
    "an actor was killed": (died("exit code -9"), Fault.STAGE, True),
    "an actor, who knows why": (exceptions.ActorDiedError(), Fault.STAGE, True),
    "an actor could not begin": (
        exceptions.ActorDiedError(RayTaskError("Worker.__init__", "t", ValueError("no"))),
        Fault.STAGE,
        True,
    ),
    "a task's process was killed": (exceptions.WorkerCrashedError(), Fault.STAGE, True),
    "no environment": (exceptions.RuntimeEnvSetupError("pip"), Fault.STAGE, True),
    "no disk": (exceptions.OutOfDiskError(), Fault.STAGE, False),
    "no shared memory": (exceptions.ObjectStoreFullError(), Fault.STAGE, False),
    "what a later Ray may say": (exceptions.RayError("new"), Fault.STAGE, True),
    "an answer that cannot be read": (AttributeError("no such class"), Fault.STAGE, False),
}


@pytest.mark.parametrize(("error", "fault", "lost"), ENDINGS.values(), ids=ENDINGS)
def test_an_ending_is_someones_fault_and_keeps_or_loses_the_worker(
    error: Exception, fault: Fault, lost: bool
) -> None:
    assert (ending_of(error).fault, ending_of(error).lost) == (fault, lost)


def test_every_error_that_ray_has_is_in_the_table() -> None:
    kinds = [
        kind
        for _, kind in inspect.getmembers(exceptions, inspect.isclass)
        if issubclass(kind, exceptions.RayError)
    ]
    assert len(kinds) > 30
    for kind in kinds:
        error = kind.__new__(kind)
        if isinstance(error, exceptions.RayActorError):
            exceptions.RayActorError.__init__(error)
        assert ending_of(error).fault in Fault


def test_a_stage_that_kills_its_worker_has_so_many_attempts() -> None:
    failed = FailedAttempts(attempts=3)
    for spent in (False, False, True):
        failed.note(exceptions.WorkerCrashedError())
        assert failed.spent is spent
    assert failed.why("train") == (
        "a stage gets 3 attempts, the worker of train died in each; "
        "killed, crashed, or out of memory: see the worker's log"
    )


def test_nodes_that_go_cost_a_stage_no_attempt_but_do_not_go_on_for_ever() -> None:
    failed = FailedAttempts(attempts=1)
    for number in range(1, NODES_LOST + 1):
        failed.note(died(WITH_ITS_NODE))
        assert failed.spent is (number == NODES_LOST)
    assert failed.why("train") == "a stage may lose 9 nodes, train lost 10"


@pytest.mark.parametrize(
    ("error", "then"),
    [
        (exceptions.OutOfMemoryError("low"), "whole_node"),
        (raised(GpuOutOfMemoryError("full")), "whole_gpu"),
    ],
)
def test_memory_that_others_took_costs_no_attempt_and_the_next_is_alone(
    error: Exception, then: str
) -> None:
    failed = FailedAttempts(attempts=1)
    failed.note(error)
    assert getattr(failed, then) and not failed.spent
    failed.note(error)
    assert failed.spent, "alone it has nobody to blame"
