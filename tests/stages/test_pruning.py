"""Pruning and healing as stages, for word vectors (an encoder's are in tests/workflows)."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emoray.artifact.scoring import logits
from emoray.quant.pruning import Heal, Prune
from emoray.quant.scheme import ModelScheme, Qat
from emoray.search.form.schemes import scheme_called
from emoray.stages.compression import BASE, LOGITS
from emoray.stages.decisions import Decide
from emoray.stages.encoding import VOCABULARY, read_texts
from emoray.stages.plan import comparing, deciding, training
from emoray.stages.pruning import KEPT, HealModel, PrunedTexts, PruneModel
from emoray.stages.spec import all_decisions
from emoray.tables.comparison_rows import ComparisonRow
from emoray.tables.files import read_table
from emoray.tables.point_rows import MeasuredPointRow
from emoray.tables.pruning_rows import PruningRow
from emoray.tables.rows import TrainingRow
from tests.stages.chain import RECIPE, Chain


def planned(chain: Chain, name: str) -> Decide:
    scheme = scheme_called(name)
    assert scheme is not None
    return deciding(training(RECIPE, chain.data), scheme, all_decisions())


def words(folder: Path) -> list[str]:
    return (folder / VOCABULARY).read_text("utf-8").split()


def test_half_of_the_words_go_and_the_artifact_reads_them_as_unknown(chain: Chain) -> None:
    decide, whole = planned(chain, "prune(rows=0.5)+int8"), planned(chain, "int8")
    for each in (decide, whole):
        chain.store.make(each)
    left, before = (chain.store.folder(each.compressed) / BASE for each in (decide, whole))
    assert len(words(left)) == len(words(before)) - len(words(before)) // 2
    assert set(words(left)) < set(words(before))
    assert (left / "model.onnx").stat().st_size < (before / "model.onnx").stat().st_size
    assert isinstance(decide.text, PrunedTexts) and isinstance(decide.compressed.left, PruneModel)
    kept_ids = np.load(chain.store.folder(decide.compressed.left) / KEPT)
    (texts, _), (old, _) = (
        read_texts(chain.store.folder(each.text), "test") for each in (decide, whole)
    )
    new = {int(was): now for now, was in enumerate(kept_ids)}
    assert texts.flat.tolist() == [new.get(i, 1) for i in old.flat.tolist()]
    with np.load(chain.store.folder(decide.scored) / LOGITS) as data:
        np.testing.assert_array_equal(logits(left / "model.onnx", texts), data["test"])


def test_points_and_comparisons_of_a_pruned_model_are_those_of_any(chain: Chain) -> None:
    decide = planned(chain, "prune(rows=0.5)+int8")
    points = read_table(chain.store.make(decide).folder / "points.parquet", MeasuredPointRow)
    facts = json.loads((chain.store.folder(decide.text) / "facts.json").read_text())
    assert set(points["scheme"].to_pylist()) == {str(decide.compressed.scheme)}
    assert set(points["changed_pieces_share"].to_pylist()) == {facts["changed_pieces_share"]}
    assert 0 < facts["changed_pieces_share"] < 0.5
    stage = comparing(decide)
    assert stage is not None
    assert stage.parent.compressed.left is None and stage.parent.compressed.scheme == ModelScheme()
    rows = read_table(chain.store.make(stage).folder / "comparisons.parquet", ComparisonRow)
    assert set(rows["after"].to_pylist()) <= set(points["point"].to_pylist())


def test_the_table_says_what_went_and_why(chain: Chain) -> None:
    decide = planned(chain, "prune(rows=0.5)+int8")
    assert decide.compressed.pruned is not None
    chain.store.make(decide)
    folder = chain.store.folder(decide.compressed.pruned)
    (row,) = read_table(folder / "pruning.parquet", PruningRow).to_pylist()
    assert (row["pruning"], row["layer"], row["part"]) == ("prune(rows=0.5)", "embedding", "rows")
    assert row["kept"] == row["units"] - row["units"] // 2
    assert "of their importance" in row["why"]


def test_healing_and_training_for_the_codes_follow_in_turn(chain: Chain) -> None:
    decide = planned(chain, "prune(rows=0.5)+int4~heal2~qat1")
    folder = chain.store.make(decide).folder
    healed, refined = decide.compressed.left, decide.compressed.refined
    assert isinstance(healed, HealModel) and healed.heal == Heal(epochs=2)
    assert refined is not None and refined.left == healed and refined.text == decide.text
    told = read_table(chain.store.folder(healed) / "trainings.parquet", TrainingRow).to_pandas()
    assert told["epoch"].tolist() == [1, 2]
    points = read_table(folder / "points.parquet", MeasuredPointRow).to_pandas()
    assert set(points["training"]) == {"qat"}
    assert points["scheme"].str.contains(r"~heal2~qat1$").all()


def test_models_under_other_codes_share_one_pruning(chain: Chain) -> None:
    first, second = (planned(chain, f"prune(rows=0.5)+{name}~heal1") for name in ("int8", "int4"))
    assert first.compressed.left == second.compressed.left
    plain = planned(chain, "prune(rows=0.5)+int8")
    assert plain.compressed.left == plain.compressed.pruned == first.compressed.pruned


@pytest.mark.parametrize("shares", [{"heads": 0.5}, {"ffn": 0.5, "rows": 0.5}, {"layers": 1}])
def test_word_vectors_have_no_heads_to_lose(chain: Chain, shares: dict[str, float]) -> None:
    scheme = ModelScheme(prune=Prune(**shares))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="pruning takes rows from models of family glove, got"):
        deciding(training(RECIPE, chain.data), scheme, all_decisions())


def test_a_pruned_control_is_the_whole_model_trained_on(chain: Chain) -> None:
    scheme = scheme_called("prune(rows=0.5)+int4")
    assert isinstance(scheme, ModelScheme)
    decide = deciding(training(RECIPE, chain.data), replace(scheme, qat=Qat()), all_decisions())
    stage = comparing(decide)
    assert stage is not None and stage.parent.compressed.scheme == ModelScheme(qat=Qat())
