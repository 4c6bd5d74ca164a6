"""What fails becomes a row; what does not depend on it goes on."""

from dataclasses import replace
from pathlib import Path

import pytest

from emoray.fleet import space
from emoray.fleet.space import Space
from emoray.fleet.sweep import Sweep, run_sweep
from emoray.quant.catalogue import quick_schemes
from emoray.trial.spec import Decision
from emoray.trial.store import Store
from tests.fleet.conftest import swept
from tests.trial.counting import made

GOOD = replace(space.FROZEN, epochs=1, vocabulary=300, embedding_dim=8, hidden_units=4)
DIVERGES = replace(GOOD, learning_rate=3e38, batch_size=64)


def of(*recipes: space.GloveRecipe) -> Space:
    schemes = list(quick_schemes().values())
    return Space(
        recipes=recipes,
        schemes=(schemes[0], schemes[3]),
        decisions=(Decision(), Decision(temperature=1.0)),
    )


def test_a_training_that_diverges_is_a_row_of_failures_and_the_others_go_on(
    local_ray: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(space.GRIDS, "mixed", lambda taxonomy, dims: of(DIVERGES, GOOD))
    run = swept(Sweep(space="mixed", out=tmp_path, download=False))
    (failure,) = run.tables["failures"].to_dict("records")
    assert failure["stage"] == "train"
    assert failure["error"].startswith("FloatingPointError: training loss is ")
    assert len(run.tables["points"]) == 4 and run.tables["points"]["layers"].eq(1).all()
    assert run.tables["runs"].iloc[0]["stages_failed"] == 1


def test_a_search_in_which_everything_fails_says_why_and_keeps_what_was_made(
    local_ray: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(space.GRIDS, "bad", lambda taxonomy, dims: of(DIVERGES))
    sweep = Sweep(space="bad", out=tmp_path, download=False)
    with pytest.raises(ValueError, match=r"at least one finished model.*train failed with Float"):
        run_sweep(sweep)
    assert made(Store(sweep.store_root)) == ["tokenize", "encode", "embed"]


def test_two_sweeps_on_one_ray_keep_to_their_own_stores(
    local_ray: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(space.GRIDS, "good", lambda taxonomy, dims: of(GOOD))
    stores = [tmp_path / "one", tmp_path / "two"]
    for store in stores:
        run_sweep(Sweep(space="good", out=tmp_path, store=store, run=store.name, download=False))
    one, two = ([e["key"] for e in Store(store).journal()] for store in stores)
    assert sorted(one) == sorted(two) and one
