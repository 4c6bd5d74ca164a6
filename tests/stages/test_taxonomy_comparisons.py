"""Trainings on a taxonomy beside those that derive it, on the same texts."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from emoray.labels import GOEMOTIONS, SENTIMENT, coarser
from emoray.quant.scheme import FLOAT
from emoray.report.taxonomies import bytes_words, shown_rows, taxonomies_figure
from emoray.stages.compression import LOGITS
from emoray.stages.derived_decisions import DecideDerived
from emoray.stages.encoding import read_texts
from emoray.stages.fitted import read_fitted
from emoray.stages.plan import deciding, deriving, training
from emoray.stages.spec import RULES, Decision
from emoray.stages.taxonomy_comparisons import DERIVED, HEADS, CompareTrainings
from tests.stages.chain import RECIPE, Chain

DECISIONS = tuple(Decision(rule=rule) for rule in RULES)


@pytest.fixture(scope="module")
def compared(chain: Chain) -> tuple[CompareTrainings, pd.DataFrame]:
    """A model of 28 labels that decides in sentiment, beside one trained on it."""
    native = deciding(chain.decided[0].compressed.trained, FLOAT, DECISIONS)
    fine = deciding(training(replace(RECIPE, taxonomy="goemotions"), chain.data), FLOAT, DECISIONS)
    derived = deriving(fine, [coarser(SENTIMENT, GOEMOTIONS)])
    assert derived is not None
    stage = CompareTrainings.of("sentiment", [(native, derived)])
    folder = chain.store.make(stage).folder
    return stage, pd.read_parquet(folder / "taxonomy_comparisons.parquet")


def test_both_are_scored_on_the_same_texts_at_their_own_thresholds(
    chain: Chain, compared: tuple[CompareTrainings, pd.DataFrame]
) -> None:
    stage, rows = compared
    (native,), (derived,) = stage.before, stage.after
    assert isinstance(derived, DecideDerived)
    store = chain.store
    truth_NK = read_texts(store.folder(native.text), "test")[1]
    at = store.folder(derived) / "sentiment"
    given = []
    for folder, logits in ((store.folder(native), store.folder(native.scored)), (at, at)):
        cuts_K = read_fitted(folder, native.decisions).cuts_RK[2]
        given.append(np.load(logits / LOGITS)["test"] >= cuts_K)
    before, after = (f1_score(truth_NK, g, average="macro", zero_division=0) for g in given)
    row = rows[rows["threshold_rule"] == str(native.decisions[2].rule)].iloc[0]
    assert row["test_macro_f1_before"] == pytest.approx(before)
    assert row["change"] == pytest.approx(after - before)
    assert row["change_low"] < row["change"] < row["change_high"]
    apart = (given[0] != given[1]).any(axis=1).mean()
    assert row["test_contradictions_share"] == pytest.approx(apart)


def test_a_row_for_each_rule_says_what_artifacts_take(
    compared: tuple[CompareTrainings, pd.DataFrame],
) -> None:
    _, rows = compared
    assert set(rows["threshold_rule"]) == {str(rule) for rule in RULES}
    assert set(rows["what"]) == {DERIVED} and set(rows["seeds"]) == {1}
    more = rows["after_size_bytes"] - rows["own_size_bytes"]
    assert more.between(1, 1500).all() and (rows["before_size_bytes"] > 10_000).all()


def test_the_figure_draws_the_rule_that_is_best_on_dev_and_tells_the_bytes(
    compared: tuple[CompareTrainings, pd.DataFrame],
) -> None:
    _, rows = compared
    shown = shown_rows(rows)
    best = rows.loc[rows["dev_macro_f1_before"].idxmax(), "threshold_rule"]
    assert shown["threshold_rule"].tolist() == [best]
    figure = taxonomies_figure(rows, "sentiment", "sentiment")
    assert figure.panels and "decides in 2 taxonomies takes" in figure.caption
    assert bytes_words(rows, "ekman") == ""


def test_trainings_of_the_same_labels_are_compared_as_heads(chain: Chain) -> None:
    one, other = (chain.decided[i] for i in (0, 1))
    stage = CompareTrainings.of("sentiment", [(one, other)])
    rows = pd.read_parquet(chain.store.make(stage).folder / "taxonomy_comparisons.parquet")
    assert set(rows["what"]) == {HEADS}
    assert (rows["after_size_bytes"] == rows["own_size_bytes"]).all()
    with pytest.raises(ValueError, match="compared seed by seed, got 0 and 0"):
        replace(stage, before=(), after=())
