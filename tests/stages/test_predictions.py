"""What a run keeps of its models' answers."""

import io
import shutil
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from rich.console import Console

from emoray.distributed.single_flight import Failed
from emoray.search.trials import RunContext
from emoray.stages.decisions import Decide
from emoray.stages.point_rows import point_ids
from emoray.stages.predictions import Resamples, prediction_source, write_predictions
from emoray.stages.spec_json import read_spec, spec_rows
from emoray.storage.store.keys import id_of
from emoray.storage.store.local import Store
from emoray.tables.evidence_rows import PredictionRow
from emoray.tables.files import read_table
from emoray.workflows.publish import predict
from tests.stages.chain import Chain


def twice(chain: Chain) -> list[Decide]:
    """One model, to which a searcher came with two decisions."""
    first, *_ = chain.decided
    return [replace(first, decisions=(decision,)) for decision in first.decisions[:2]]


def test_a_model_that_was_met_twice_answers_for_both_its_points(chain: Chain) -> None:
    decided = twice(chain)
    for decide in decided:
        chain.store.make(decide)
    (model,) = {id_of(decide.compressed) for decide in decided}
    drawn = Resamples.of(chain.store, prediction_source(decided))(model)
    assert set(drawn) == {p for d in decided for p in point_ids(d.compressed, d.decisions)}
    (spec,) = spec_rows(decided)
    assert read_spec(spec.decisions) == tuple(d for decide in decided for d in decide.decisions)


def test_what_was_never_drawn_is_not_there(chain: Chain, tmp_path: Path) -> None:
    models = prediction_source(chain.decided)
    drawn = Resamples.of(Store(tmp_path / "empty"), models)
    assert [drawn(model) for model in models] == [{} for _ in models]


def test_predictions_are_of_the_chosen_models_and_their_parents(
    chain: Chain, tmp_path: Path
) -> None:
    models = prediction_source(chain.decided)
    chosen, parent = (id_of(chain.decided[m].compressed) for m in (1, 0))
    assert write_predictions(chain.store, models, [chosen], tmp_path) == []
    rows = read_table(tmp_path / "predictions.parquet", PredictionRow).to_pandas()
    assert rows["model"].unique().tolist() == sorted([chosen, parent])
    with np.load(chain.store.folder(chain.decided[1].scored) / "logits.npz") as data:
        mine = rows.loc[rows["model"] == chosen, "logits"]
        np.testing.assert_array_equal(np.stack(mine.to_list()), data["test"])


def test_logits_that_the_store_lost_are_left_out_and_named(chain: Chain, tmp_path: Path) -> None:
    shutil.copytree(chain.store.root, tmp_path / "store")
    store = Store(tmp_path / "store")
    shutil.rmtree(store.folder(chain.decided[0].scored))
    models, chosen = prediction_source(chain.decided), id_of(chain.decided[1].compressed)
    lost = id_of(chain.decided[0].compressed)
    assert write_predictions(store, models, [chosen], tmp_path) == [lost]
    rows = read_table(tmp_path / "predictions.parquet", PredictionRow)
    assert set(rows.column("model").to_pylist()) == {chosen}


def test_what_predictions_lack_is_said_with_its_reason(chain: Chain, tmp_path: Path) -> None:
    shutil.copytree(chain.store.root, tmp_path / "store")
    store = Store(tmp_path / "store")
    shutil.rmtree(store.folder(chain.decided[0].scored))
    full = Failed("score", "OSError: [no room]")
    answer: Future[Failed] = Future()
    answer.set_result(full)
    stages = SimpleNamespace(make=lambda stage: answer)
    context = RunContext(stages=stages, run_folder=tmp_path, store=store.place, data=chain.data)
    models, chosen = prediction_source(chain.decided), id_of(chain.decided[1].compressed)
    console = Console(file=io.StringIO(), width=200)
    predict(context, models, [chosen], store, tmp_path, console)
    assert isinstance(console.file, io.StringIO)
    lost = id_of(chain.decided[0].compressed)
    assert console.file.getvalue() == (
        f"predictions lack {lost}: score failed with OSError: [no room]: run the same command "
        "again, it makes them anew\n"
    )
