"""What a worker does with a stage. It imports little, as every new process waits for that."""

from ray import cloudpickle

from emoray.distributed.attempts import AttemptSign
from emoray.distributed.resources import hide_others_gpus
from emoray.storage.location import Place
from emoray.storage.store.keys import Stage
from emoray.storage.store.manifest import Done
from emoray.storage.store.opening import open_store


def run_stage(store: Place, stage: Stage, sign: AttemptSign) -> Done | None:
    """Make one stage in this process; None while another job makes it."""
    hide_others_gpus()
    with sign.given():
        # An attempt before this one may have finished and died before it could return.
        return open_store(store).settle(stage, sign.owner)


def run_pickled(asked: bytes) -> Done | None:
    """Run `run_stage` on its arguments, pickled together."""
    return run_stage(*cloudpickle.loads(asked))
