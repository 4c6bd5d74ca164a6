"""Every decision on a compressed model beside the same on its float parent."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from emoray.decide.thresholds import Fixed
from emoray.metrics.bootstrap import RESAMPLES, stratified_weights
from emoray.metrics.comparison import compare_decisions
from emoray.metrics.resampled import resampled
from emoray.quant.catalogue import both_ways
from emoray.quant.scheme import FLOAT, ModelScheme, Qat, control_of
from emoray.stages.comparisons import FROZEN, RETUNED, CompareWithParent
from emoray.stages.encoding import read_texts
from emoray.stages.fitted import read_fitted
from emoray.stages.plan import comparing, deciding, float_parent
from emoray.stages.point_rows import point_ids
from emoray.stages.resampled_scores import read_deviations, read_macro_f1
from emoray.stages.spec import all_decisions
from emoray.tables.comparison_rows import ComparisonRow, LabelChangeRow
from emoray.tables.files import read_table
from emoray.tables.point_rows import MeasuredPointRow
from emoray.tables.rows import LabelRow
from tests.stages.chain import RECIPE, Chain

MODELS = (1, 2, 3)


@pytest.fixture(scope="module")
def folders(chain: Chain) -> tuple[Path, ...]:
    """The finished `CompareWithParent` of every model but its float one, which comes first."""
    stages = [comparing(d) for d in chain.decided[1:]]
    return (chain.folders[0], *(chain.store.make(s).folder for s in stages if s))


def table(folder: Path, name: str, row_class: type) -> pd.DataFrame:
    frame: pd.DataFrame = read_table(folder / f"{name}.parquet", row_class).to_pandas()
    return frame


def comparisons(folders: tuple[Path, ...], model: int, thresholds: str) -> pd.DataFrame:
    found = table(folders[model], "comparisons", ComparisonRow)
    return found[found["thresholds"] == thresholds].reset_index(drop=True)


CALIBRATED = [r for r, d in enumerate(all_decisions()) if not isinstance(d.rule, Fixed)]


def said(chain: Chain, model: int) -> tuple[np.ndarray, np.ndarray]:
    """What a model of the chain says of test, and what is true."""
    decide = chain.decided[model]
    with np.load(chain.store.folder(decide.scored) / "logits.npz") as data:
        return data["test"], read_texts(chain.store.folder(decide.text), "test")[1]


def test_a_float_model_is_its_own_parent_and_is_not_compared(chain: Chain) -> None:
    assert float_parent(chain.decided[0]) == chain.decided[0]
    assert comparing(chain.decided[0]) is None
    with pytest.raises(ValueError, match="or a float model: name the parent of a compressed"):
        CompareWithParent.of(chain.decided[0], chain.decided[0])


@pytest.mark.parametrize("model", MODELS)
def test_every_row_stands_beside_its_parents_and_again_where_something_is_fitted_again(
    model: int, chain: Chain, folders: tuple[Path, ...]
) -> None:
    decisions = chain.decided[0].decisions
    before = np.array(point_ids(chain.decided[0].compressed, decisions))
    after = np.array(point_ids(chain.decided[model].compressed, decisions))
    scores = table(chain.folders[model], "points", MeasuredPointRow)["test_macro_f1"].to_numpy()
    parents = table(chain.folders[0], "points", MeasuredPointRow)["test_macro_f1"].to_numpy()
    for thresholds, rows in ((FROZEN, range(len(decisions))), (RETUNED, CALIBRATED)):
        found = comparisons(folders, model, thresholds)
        assert found["before"].tolist() == before[rows].tolist()
        assert found["after"].tolist() == after[rows].tolist()
        np.testing.assert_allclose(found["macro_f1_before"], parents[rows], atol=1e-12)
        assert (found["macro_f1_low"] <= found["macro_f1_high"]).all()
        assert (found["resamples"] == RESAMPLES).all()
    np.testing.assert_allclose(found["macro_f1_after"], scores[CALIBRATED], atol=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_frozen_thresholds_are_the_parents(
    model: int, chain: Chain, folders: tuple[Path, ...]
) -> None:
    test, truth = said(chain, model)
    labels = table(chain.folders[0], "labels", LabelRow)
    found = comparisons(folders, model, FROZEN)
    for r in CALIBRATED:
        cuts = labels.loc[labels["point"] == found["before"][r], "cut"].to_numpy()
        wanted = f1_score(truth, test >= cuts, average="macro", zero_division=0)
        assert found["macro_f1_after"][r] == pytest.approx(wanted, abs=1e-12)


def test_a_threshold_that_was_given_is_compared_once_and_is_not_called_fitted_again(
    chain: Chain, folders: tuple[Path, ...]
) -> None:
    given = [d for d in chain.decided[3].decisions if isinstance(d.rule, Fixed)]
    once = point_ids(chain.decided[3].compressed, given)
    found = table(folders[3], "comparisons", ComparisonRow)
    mine = found[found["after"].isin(once)]
    assert sorted(mine["after"]) == sorted(once) and set(mine["thresholds"]) == {FROZEN}
    scores = table(chain.folders[3], "points", MeasuredPointRow).set_index("point")["test_macro_f1"]
    np.testing.assert_allclose(mine["macro_f1_after"], scores[mine["after"]], atol=1e-12)


def test_rows_say_what_a_single_comparison_says(chain: Chain, folders: tuple[Path, ...]) -> None:
    (was, truth), (now, _) = said(chain, 0), said(chain, 3)
    cuts = [table(chain.folders[m], "labels", LabelRow) for m in (0, 3)]
    row = comparisons(folders, 3, RETUNED).iloc[0]
    weights_BN = stratified_weights(truth)
    pair = [
        resampled(
            (logits, frame.loc[frame["point"] == row[side], "cut"].to_numpy()[None]),
            truth,
            weights_BN,
        )
        for logits, frame, side in ((was, cuts[0], "before"), (now, cuts[1], "after"))
    ]
    wanted = compare_decisions(*pair)
    assert (row["verdict"], row["mcnemar_p"]) == (wanted.verdict, pytest.approx(wanted.mcnemar_p))
    assert row["macro_f1_low"] == pytest.approx(wanted.macro_f1.low, abs=1e-9)
    labels = table(folders[3], "label_changes", LabelChangeRow)
    mine = labels[(labels["after"] == row["after"]) & (labels["thresholds"] == RETUNED)]
    for (_, found), label in zip(mine.iterrows(), wanted.labels, strict=True):
        assert (found["lost"], found["won"], found["churn"]) == (label.lost, label.won, label.churn)
        assert found["change"] == pytest.approx(label.f1.value, abs=1e-12)
        assert (found["low"], found["high"]) == pytest.approx((label.f1.low, label.f1.high))


@pytest.mark.parametrize("model", MODELS)
def test_whatever_can_stand_on_the_front_is_told_label_by_label(
    model: int, chain: Chain, folders: tuple[Path, ...]
) -> None:
    changes = table(folders[model], "label_changes", LabelChangeRow)
    points = table(chain.folders[model], "points", MeasuredPointRow).set_index("point")
    labels = table(chain.folders[model], "labels", LabelRow)
    assert points["size_bytes"].nunique() == 1
    best = points.index[points["dev_macro_f1"] == points["dev_macro_f1"].max()]
    fitted = points.index[~points["threshold_rule"].str.startswith("fixed")]
    assert {*best, *fitted} <= set(changes["after"]) == set(labels["point"])
    for thresholds, told in ((FROZEN, set(changes["after"])), (RETUNED, set(fitted))):
        mine = changes[changes["thresholds"] == thresholds]
        assert set(mine["after"]) == told and len(mine) == 4 * len(told)
    f1 = labels.set_index(["point", "label"])["f1"]
    mine = changes[changes["after"].isin(best)].groupby(["after", "label"]).last()["f1_after"]
    np.testing.assert_allclose(mine, f1.loc[mine.index], atol=1e-12)


def test_a_rows_interval_and_its_comparison_are_of_one_draw(
    chain: Chain, folders: tuple[Path, ...]
) -> None:
    both = [read_deviations(chain.folders[m])["macro_f1"].astype(np.float32) for m in (0, 3)]
    points = table(chain.folders[3], "points", MeasuredPointRow)
    low_R = points["test_macro_f1"] - np.quantile(np.abs(both[1]), 0.95, axis=1)
    np.testing.assert_allclose(points["test_macro_f1_low"], np.maximum(low_R, 0), atol=1e-9)
    found = comparisons(folders, 3, RETUNED)
    reach_R = np.quantile(np.abs(both[1] - both[0]), 0.95, axis=1)[CALIBRATED]
    np.testing.assert_allclose(found["macro_f1_high"] - found["macro_f1_change"], reach_R)


def test_every_point_leaves_its_cuts_and_its_deviations(chain: Chain) -> None:
    for folder, decide in zip(chain.folders, chain.decided, strict=True):
        fitted = read_fitted(folder, decide.decisions)
        labels = table(folder, "labels", LabelRow).groupby("point", sort=False)["cut"]
        points = point_ids(decide.compressed, decide.decisions)
        for r in CALIBRATED:
            assert fitted.cuts_RK[r].tolist() == labels.get_group(points[r]).tolist()
        drawn = read_macro_f1(folder)
        assert list(drawn) == points
        assert {deviation_B.shape for deviation_B in drawn.values()} == {(RESAMPLES,)}


def test_the_parent_of_a_refined_model_trained_on_in_float_for_as_long(chain: Chain) -> None:
    train, decisions = chain.decided[0].compressed.trained, chain.decided[0].decisions
    schemes = [s for s in both_ways(Qat(epochs=1)).values() if isinstance(s, ModelScheme) and s.qat]
    for scheme in schemes:
        decide = deciding(train, scheme, decisions)
        parent = float_parent(decide).compressed
        assert decide.compressed.refined
        if scheme.quantized:
            assert parent.scheme == control_of(scheme) and parent.refined
            assert parent.refined.trained == train
        else:  # the control itself: what more epochs alone bring
            assert parent == chain.decided[0].compressed and parent.scheme == FLOAT


def test_models_of_other_texts_are_not_compared(chain: Chain) -> None:
    decide = chain.decided[1]
    parent = float_parent(decide)
    text = replace(parent.text, vocabulary=RECIPE.vocabulary + 1)
    with pytest.raises(ValueError, match="compared with its own training's float model"):
        CompareWithParent.of(decide, replace(parent, text=text))
