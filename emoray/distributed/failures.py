"""Every way in which Ray ends an attempt at a stage: the cause, and whether the worker is lost.

The one table that pools and single tasks decide by. An attempt that was lost with its node is tried
again and counts as a lost node only. One that was ended for want of memory may have been its
neighbour's victim: it is tried again with a node, or a GPU, to itself, and only there does it count
as failed. Ray's own `max_restarts` and `max_task_retries` tell none of these apart, so attempts are
counted here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from ray import exceptions

from emoray.distributed.single_flight import first_line
from emoray.models.memory import GpuOutOfMemoryError
from emoray.storage.client import UnansweredError

NODES_LOST = 10  # a node that goes is seldom the stage's fault: spot machines come and go


class Fault(Enum):
    """The cause of an ending: the stage itself, its node, the store, or a lack of memory."""

    STAGE = "stage"
    NODE = "node"
    STORE = "store"
    MEMORY = "memory"
    GPU_MEMORY = "gpu memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an attempt ended.

    Attributes:
        fault: the cause.
        lost: the worker is gone, or in an unknown state, and is replaced.
        words: the message; empty where the error has one of its own.
    """

    fault: Fault
    lost: bool = True
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    kind: type[BaseException]
    ending: Ending
    when: Callable[[BaseException], bool] = lambda error: True


def _of_its_node(error: BaseException) -> bool:
    """Whether an actor died with its node: the error has it in a field, or in its message."""
    assert isinstance(error, exceptions.RayActorError)
    return error.preempted or "its node has died" in str(error)


_GONE = Ending(fault=Fault.NODE, words="its node went away")
_CRASHED = Ending(
    fault=Fault.STAGE, words="killed, crashed, or out of memory: see the worker's log"
)
# The first row that holds; a kind stands after its own kinds.
_TABLE = (
    _Row(
        kind=GpuOutOfMemoryError,  # replaced: the process keeps what it has reserved there
        ending=Ending(fault=Fault.GPU_MEMORY),
    ),
    _Row(kind=UnansweredError, ending=Ending(fault=Fault.STORE, lost=False)),
    _Row(kind=exceptions.RayTaskError, ending=Ending(fault=Fault.STAGE, lost=False)),
    _Row(
        kind=exceptions.OutOfMemoryError,
        ending=Ending(
            fault=Fault.MEMORY,
            words="its node had no memory left: give it more, or start fewer at once with --cpus",
        ),
    ),
    _Row(kind=exceptions.NodeDiedError, ending=_GONE),
    _Row(kind=exceptions.ActorDiedError, when=_of_its_node, ending=_GONE),
    _Row(kind=exceptions.ActorUnavailableError, ending=_GONE),
    _Row(kind=exceptions.TaskUnschedulableError, ending=_GONE),  # pinned to a node that is gone
    _Row(kind=exceptions.ActorUnschedulableError, ending=_GONE),
    _Row(kind=exceptions.ObjectLostError, ending=_GONE),  # an argument of the call, with its owner
    _Row(kind=exceptions.RpcError, ending=_GONE),
    _Row(kind=exceptions.ActorDiedError, ending=_CRASHED),
    _Row(kind=exceptions.WorkerCrashedError, ending=_CRASHED),
    _Row(
        kind=exceptions.RuntimeEnvSetupError,
        ending=Ending(
            fault=Fault.STAGE,
            words="the environment of the job could not be set up on its node: see --runtime-env "
            "of `ray job submit`",
        ),
    ),
    _Row(
        kind=exceptions.OutOfDiskError,
        ending=Ending(fault=Fault.STAGE, lost=False, words="its node's disk is full: make room"),
    ),
    _Row(
        kind=exceptions.ObjectStoreFullError,
        ending=Ending(
            fault=Fault.STAGE, lost=False, words="its node's /dev/shm is full: give it more"
        ),
    ),
    _Row(kind=exceptions.RayError, ending=Ending(fault=Fault.STAGE)),  # what no row above knows
    _Row(kind=Exception, ending=Ending(fault=Fault.STAGE, lost=False)),  # a result cannot be read
)


def ending_of(error: Exception) -> Ending:
    """Look up an error that Ray raised for an attempt."""
    return next(row.ending for row in _TABLE if isinstance(error, row.kind) and row.when(error))


@dataclass(slots=True, kw_only=True)
class FailedAttempts:
    """How the attempts at one stage ended.

    Attributes:
        attempts: how many it gets.
        died: attempts that count as failed.
        nodes: attempts that were lost with their node.
        whole_node: it ran out of memory next to others, and now gets a node to itself.
        whole_gpu: the same for a GPU.
        last: message of the last ending.
    """

    attempts: int
    died: int = 0
    nodes: int = 0
    whole_node: bool = False
    whole_gpu: bool = False
    last: str = ""

    def note(self, error: Exception) -> Ending:
        """Count an attempt that ended with this error."""
        ending = ending_of(error)
        self.last = ending.words or first_line(error)
        if ending.fault is Fault.NODE:
            self.nodes += 1
        elif ending.fault is Fault.MEMORY and not self.whole_node:
            self.whole_node = True
        elif ending.fault is Fault.GPU_MEMORY and not self.whole_gpu:
            self.whole_gpu = True
        else:
            self.died += 1
        return ending

    def cut(self, why: str) -> None:
        """Count an attempt that took too long."""
        self.died += 1
        self.last = why

    @property
    def ended(self) -> int:
        """Attempts so far."""
        return self.died + self.nodes + self.whole_node + self.whole_gpu

    @property
    def spent(self) -> bool:
        """Whether there is no further attempt."""
        return self.died >= self.attempts or self.nodes >= NODES_LOST

    def why(self, stage: str) -> str:
        """Why there is no further attempt."""
        if self.nodes >= NODES_LOST:
            return f"a stage may lose {NODES_LOST - 1} nodes, {stage} lost {self.nodes}"
        return (
            f"a stage gets {self.attempts} attempts, the worker of {stage} died in each; "
            f"{self.last}"
        )
