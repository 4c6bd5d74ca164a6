"""What fails becomes a row; what does not depend on it goes on."""

from pathlib import Path

import pytest

from emoray.search import spaces
from emoray.storage.store.local import Store
from emoray.workflows.settings.sweep import Sweep
from emoray.workflows.sweep import run_sweep
from tests.runs import DIVERGES, GOOD, Run, of
from tests.storage.store.counting import made


def test_a_training_that_diverges_is_a_row_of_failures_and_the_others_go_on(mixed: Run) -> None:
    (failure,) = mixed.tables["failures"].to_dict("records")
    assert failure["stage"] == "train"
    assert failure["error"].startswith("FloatingPointError: training loss is ")
    assert len(mixed.searched) == 4 and mixed.searched["layers"].eq(1).all()
    assert mixed.tables["runs"].iloc[0]["stages_failed"] == 1


def test_a_search_in_which_everything_fails_says_why_and_keeps_what_was_made(
    local_ray: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(spaces.GRIDS, "bad", lambda taxonomy, dims: of(DIVERGES))
    sweep = Sweep(space="bad", out=tmp_path, download=False)
    with pytest.raises(ValueError, match=r"at least one finished model.*train failed with Float"):
        run_sweep(sweep)
    found = [name for name in made(Store(sweep.store_place)) if name != "baseline"]
    assert found == ["tokenize", "encode", "embed"]


@pytest.mark.long
def test_two_sweeps_on_one_ray_keep_to_their_own_stores(
    local_ray: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(spaces.GRIDS, "good", lambda taxonomy, dims: of(GOOD))
    stores = [tmp_path / "one", tmp_path / "two"]
    for store in stores:
        run_sweep(Sweep(space="good", out=tmp_path, store=store, name=store.name, download=False))
    one, two = ([e["key"] for e in Store(store).journal()] for store in stores)
    assert sorted(one) == sorted(two) and one
