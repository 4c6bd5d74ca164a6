"""Quantization-aware training as a stage, for word vectors (an encoder's is in tests/workflows)."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoray.decide.crossfit import cross_fitted_macro_f1
from emoray.decide.thresholds import PerLabel
from emoray.quant.granularity import PerChannel
from emoray.quant.ranges import LeastError
from emoray.quant.scheme import (
    Dynamic,
    ModelScheme,
    Qat,
    QuantScheme,
    Static,
    control_of,
)
from emoray.stages.decisions import Decide
from emoray.stages.encoding import read_texts
from emoray.stages.plan import comparing, deciding, training
from emoray.stages.qat import MAPS, QuantizationAwareTraining, read_maps, write_maps
from emoray.stages.spec import all_decisions
from emoray.tables.comparison_rows import ComparisonRow
from emoray.tables.files import read_table
from emoray.tables.point_rows import MeasuredPointRow
from emoray.tables.rows import LayerRow, TrainingRow
from tests.stages.chain import RECIPE, Chain

TWO_BITS = ModelScheme(
    dense=QuantScheme(bits=2, symmetric=False, grain=PerChannel(-1), ranges=LeastError()),
    embedding=QuantScheme(bits=2, symmetric=False, grain=PerChannel(0), ranges=LeastError()),
)
EIGHT = QuantScheme(bits=8, grain=PerChannel(-1))
SCHEMES = {
    "2 bits": TWO_BITS,
    "static": ModelScheme(dense=EIGHT, activations=Static()),
    "dynamic": ModelScheme(dense=EIGHT, activations=Dynamic()),
}


def refined(chain: Chain, scheme: ModelScheme) -> tuple[Path, Path]:
    """The folders of a refinement and of the decisions on what it gave."""
    trained = replace(scheme, qat=Qat(epochs=2))
    decide = deciding(training(RECIPE, chain.data), trained, all_decisions())
    folder = chain.store.make(decide).folder
    assert isinstance(decide.compressed.refined, QuantizationAwareTraining)
    return chain.store.folder(decide.compressed.refined), folder


@pytest.mark.parametrize("name", SCHEMES)
def test_the_artifact_scores_what_training_under_its_codes_scored(name: str, chain: Chain) -> None:
    refinement, decided = refined(chain, SCHEMES[name])
    rows = read_table(refinement / "trainings.parquet", TrainingRow).to_pandas()
    points = read_table(decided / "points.parquet", MeasuredPointRow).to_pandas()
    assert set(points["training"]) == {"qat"}
    if not rows["kept"].any():
        return  # no epoch was better than the start, whose score has no row
    shipped = points[points["threshold_rule"] == "per_label"]
    kept = rows.loc[rows["kept"], "dev_macro_f1"].item()
    assert shipped["dev_macro_f1"].item() == pytest.approx(kept, abs=0.01)


def test_training_for_two_bits_wins_back_what_rounding_lost(chain: Chain) -> None:
    _, with_training = refined(chain, TWO_BITS)
    plain = deciding(training(RECIPE, chain.data), TWO_BITS, all_decisions())
    scores = []
    for folder in (chain.store.make(plain).folder, with_training):
        points = read_table(folder / "points.parquet", MeasuredPointRow).to_pandas()
        scores.append(points.loc[points["threshold_rule"] == "per_label", "dev_macro_f1"].max())
    assert scores[1] > scores[0]


def compared_rows(chain: Chain, decide: Decide) -> list[dict[str, Any]]:
    stage = comparing(decide)
    assert stage is not None
    folder = chain.store.make(stage).folder
    rows: list[dict[str, Any]] = read_table(
        folder / "comparisons.parquet", ComparisonRow
    ).to_pylist()
    return rows


def test_the_float_control_trains_as_long_and_quantizes_nothing(chain: Chain) -> None:
    train = training(RECIPE, chain.data)
    control = control_of(replace(TWO_BITS, qat=Qat(epochs=2)))
    decide = deciding(train, control, all_decisions())
    made = chain.store.make(decide).folder
    points = read_table(made / "points.parquet", MeasuredPointRow).to_pandas()
    assert set(points["training"]) == {"more"} and set(points["execution"]) == {"float"}
    assert isinstance(decide.compressed.refined, QuantizationAwareTraining)
    folder = chain.store.folder(decide.compressed.refined)
    told = read_table(folder / "trainings.parquet", TrainingRow).to_pandas()
    assert told["epoch"].tolist() == [1, 2]
    with np.load(folder / MAPS) as maps:
        assert not maps.files
    compared = compared_rows(chain, deciding(train, TWO_BITS, all_decisions()))
    assert not {row["before"] for row in compared} & set(points["point"]), (
        "codes alone: float alone"
    )
    refined_too = deciding(train, replace(TWO_BITS, qat=Qat(epochs=2)), all_decisions())
    compared = compared_rows(chain, refined_too)
    assert {row["before"] for row in compared} <= set(points["point"])


def test_learned_maps_come_back_as_they_were(chain: Chain, tmp_path: Path) -> None:
    refinement, _ = refined(chain, TWO_BITS)
    scheme = replace(TWO_BITS, qat=Qat(epochs=2))
    with np.load(refinement / "weights.npz") as weights:
        shapes = {n.removesuffix(".kernel"): weights[n].shape for n in weights.files}
    maps = read_maps(refinement / MAPS, scheme, shapes)
    write_maps(maps, tmp_path / "maps.npz")
    again = read_maps(tmp_path / "maps.npz", scheme, shapes)
    assert maps.keys() == again.keys() >= {"embedding", "head"}
    for name, chosen in maps.items():
        np.testing.assert_array_equal(chosen.scale, again[name].scale)
        np.testing.assert_array_equal(chosen.zero_point, again[name].zero_point)


def test_the_file_holds_the_learned_ranges(chain: Chain) -> None:
    refinement, decided = refined(chain, TWO_BITS)
    layers = read_table(decided / "layers.parquet", LayerRow).to_pandas().set_index("layer")
    with np.load(refinement / MAPS) as maps:
        assert layers.loc["head", "beta"] == pytest.approx(float(maps["head/beta"].max()), rel=1e-6)


def test_dev_scores_of_a_refinement_are_cross_fitted(chain: Chain) -> None:
    _, decided = refined(chain, TWO_BITS)
    decide = chain.decided[0]
    _, labels_NK = read_texts(chain.store.folder(decide.text), "dev")
    points = read_table(decided / "points.parquet", MeasuredPointRow).to_pandas()
    assert points["dev_macro_f1"].between(0, 1).all()
    assert cross_fitted_macro_f1(PerLabel(), labels_NK.astype(float), labels_NK) > 0.9
