"""What a run keeps of its models' answers."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from emoray.tables.evidence_rows import PredictionRow
from emoray.tables.files import read_table
from emoray.trial.answered import Resamples, answering, write_predictions
from emoray.trial.plan import comparing
from emoray.trial.rows import point_ids
from emoray.trial.specs import read, spec_rows
from emoray.trial.stages.deciding import Decide
from emoray.trial.store import Store, id_of
from tests.trial.chain import Chain


def twice(chain: Chain) -> list[Decide]:
    """One model, to which a searcher came with two decisions."""
    first, *_ = chain.decided
    return [replace(first, decisions=(decision,)) for decision in first.decisions[:2]]


def test_a_model_that_was_met_twice_answers_for_both_its_points(chain: Chain) -> None:
    decided = twice(chain)
    for decide in decided:
        chain.store.make(comparing(decide))
    (model,) = {id_of(decide.compressed) for decide in decided}
    drawn = Resamples.of(chain.store, answering(decided))(model)
    assert set(drawn) == {p for d in decided for p in point_ids(d.compressed, d.decisions)}
    (spec,) = spec_rows(decided)
    assert read(spec.decisions) == tuple(d for decide in decided for d in decide.decisions)


def test_what_was_never_drawn_is_not_there(chain: Chain, tmp_path: Path) -> None:
    models = answering(chain.decided)
    drawn = Resamples.of(Store(tmp_path / "empty"), models)
    assert [drawn(model) for model in models] == [{} for _ in models]


def test_predictions_are_of_the_chosen_models_and_their_parents(
    chain: Chain, tmp_path: Path
) -> None:
    models = answering(chain.decided)
    chosen, parent = (id_of(chain.decided[m].compressed) for m in (1, 0))
    write_predictions(chain.store, models, [chosen], tmp_path)
    rows = read_table(tmp_path / "predictions.parquet", PredictionRow).to_pandas()
    assert rows["model"].unique().tolist() == sorted([chosen, parent])
    with np.load(chain.store.folder(chain.decided[1].scored) / "logits.npz") as data:
        mine = rows.loc[rows["model"] == chosen, "logits"]
        np.testing.assert_array_equal(np.stack(mine.to_list()), data["test"])


def test_logits_that_the_store_lost_are_left_out(chain: Chain, tmp_path: Path) -> None:
    shutil.copytree(chain.store.root, tmp_path / "store")
    store = Store(tmp_path / "store")
    shutil.rmtree(store.folder(chain.decided[0].scored))
    models, chosen = answering(chain.decided), id_of(chain.decided[1].compressed)
    write_predictions(store, models, [chosen], tmp_path)
    rows = read_table(tmp_path / "predictions.parquet", PredictionRow)
    assert set(rows.column("model").to_pylist()) == {chosen}
