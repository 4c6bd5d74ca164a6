"""What a worker does with a stage. It imports little, as every new process waits for that."""

from emoray.distributed.attempts import AttemptSign
from emoray.distributed.resources import hide_others_gpus
from emoray.storage.location import Place
from emoray.storage.store.keys import Stage
from emoray.storage.store.manifest import Done
from emoray.storage.store.opening import open_store


def run_stage(asked: tuple[Place, Stage, AttemptSign]) -> Done | None:
    """Make one stage in this process.

    Args:
        asked: store, stage and attempt, together: Ray takes its time for each argument.

    Returns:
        The finished stage; None while another job makes it.
    """
    store, stage, sign = asked
    hide_others_gpus()
    with sign.given():
        # An attempt before this one may have finished and died before it could return.
        return open_store(store).settle(stage, sign.owner)
