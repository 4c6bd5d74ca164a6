"""A training that takes all memory, among those of a search."""

from collections import Counter
from pathlib import Path

import pytest

from emoray.storage.store.local import Store
from tests.faults.test_late_nodes import told
from tests.faults.tolls import begun_again

pytestmark = pytest.mark.faults


def test_a_training_that_takes_all_memory_fails_alone_and_the_search_goes_on(
    tmp_path: Path,
) -> None:
    said = told("tests.faults.hogging", tmp_path)
    (failure,) = said["failures"]
    assert said["models"] == said["wanted"], "all others are there"
    beside, *alone = said["held"]  # of those attempts that were not ended before they said so
    assert beside == 1 and set(alone) == {2}, "once beside others, then with the node to itself"
    assert said["hog"].startswith(failure["trial"])
    assert "the worker of train died in each; its node had no memory left" in failure["error"]
    journal = list(Store(tmp_path / "store").journal())
    assert len(said["held"]) <= begun_again(journal)[said["hog"]] <= 4
    made = Counter(e["event"] for e in journal)["made"]
    assert (said["status"]["run"], said["status"]["failed"]) == (made, 1)
    assert said["status"]["models"] == len(said["wanted"]) > 0
