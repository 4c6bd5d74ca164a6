"""A run opens no door of the machine."""

import os

from tests.listening import descendants, listening
from tests.runs import Run


def test_whatever_a_run_started_listens_on_this_machine_alone(smoke: Run) -> None:
    """Trials, stages and all of Ray: they are still there, warm, after the run."""
    family = descendants(os.getpid())
    assert len(family) > 8
    found = listening(family)
    assert found and {host for host, _ in found} == {"127.0.0.1"}
