"""Decisions in a coarser taxonomy as points: fitted on dev, of the same bytes, in one artifact."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from emoray.artifact import runtime
from emoray.data.groups import grouped
from emoray.labels import EKMAN, SENTIMENT
from emoray.stages.decisions import read_logits
from emoray.stages.derived_decisions import DecideDerived
from emoray.stages.deriving import derivation_on_dev
from emoray.stages.fitted import read_fitted
from emoray.stages.plan import deriving
from emoray.stages.predictions import Resamples, prediction_source
from emoray.stages.spec_json import spec_rows
from emoray.storage.store.keys import id_of
from tests.stages.chain import Chain

FELT = grouped(
    "felt", {"some": ["positive", "negative"], "none": ["ambiguous", "neutral"]}, SENTIMENT.labels
)
CLEAR = grouped(
    "clear", {"good": ["positive"], "other": ["negative", "ambiguous", "neutral"]}, SENTIMENT.labels
)


@dataclass(frozen=True, kw_only=True)
class Derived:
    """One int8 model of the chain, decided in two coarser taxonomies."""

    chain: Chain
    stage: DecideDerived
    folder: Path

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.folder / f"{name}.parquet")


@pytest.fixture(scope="module")
def derived(chain: Chain) -> Derived:
    stage = deriving(chain.decided[1], (FELT, CLEAR))
    assert stage is not None
    return Derived(chain=chain, stage=stage, folder=chain.store.make(stage).folder)


def test_every_decision_has_a_row_in_each_taxonomy(derived: Derived) -> None:
    points = derived.table("points")
    decisions = len(derived.stage.decided.decisions)
    assert points.groupby("taxonomy").size().to_dict() == {"clear": decisions, "felt": decisions}
    assert points["point"].is_unique and points["model"].nunique() == 2
    assert set(derived.table("labels")["label"]) == {"some", "none", "good", "other"}


def test_scores_are_those_of_thresholds_fitted_on_dev_and_scored_once(derived: Derived) -> None:
    store, stage = derived.chain.store, derived.stage
    logits = read_logits(store.folder(stage.scored), store.folder(stage.text))
    found = derivation_on_dev(FELT, logits)
    test_NG = found.logits(logits.test_NK)
    fitted = read_fitted(derived.folder / "felt", stage.decided.decisions)
    rows = derived.table("points").query("taxonomy == 'felt'").reset_index(drop=True)
    for r in (0, 1, 2, len(rows) - 1):
        expected = f1_score(
            FELT.project(logits.test_labels_NK),
            test_NG >= fitted.cuts_RK[r],
            average="macro",
            zero_division=0,
        )
        assert rows.loc[r, "test_macro_f1"] == pytest.approx(expected)


def test_contradictions_are_counted_by_their_definition(derived: Derived) -> None:
    store, stage = derived.chain.store, derived.stage
    logits = read_logits(store.folder(stage.scored), store.folder(stage.text))
    own = read_fitted(store.folder(stage.decided), stage.decided.decisions)
    cuts = read_fitted(derived.folder / "clear", stage.decided.decisions).cuts_RK
    test_NG = derivation_on_dev(CLEAR, logits).logits(logits.test_NK)
    rows = derived.table("derivations").query("taxonomy == 'clear'").reset_index(drop=True)
    for r in (1, 2):
        given = [set(np.flatnonzero(row)) for row in test_NG >= cuts[r]]
        union = [
            {g for g, group in enumerate(CLEAR.members) if set(group) & set(np.flatnonzero(row))}
            for row in logits.test_NK >= own.cuts_RK[r]
        ]
        share = np.mean([a != b for a, b in zip(given, union, strict=True)])
        assert rows.loc[r, "test_contradictions_share"] == pytest.approx(share)
    assert set(rows["way"]) <= set(runtime.WAYS)
    assert json.loads(rows.loc[0, "ways"]).keys() == set(runtime.WAYS)


def test_one_artifact_decides_in_all_taxonomies(derived: Derived) -> None:
    points = derived.table("points").merge(derived.table("derivations")[["point", "own_point"]])
    assert (points.groupby("own_point")["artifact_sha256"].nunique() == 1).all()
    assert points["size_bytes"].nunique() == 1
    own = pd.read_parquet(derived.chain.store.folder(derived.stage.decided) / "points.parquet")
    assert set(points["own_point"]) == set(own["point"])
    more = points["size_bytes"].iloc[0] - own["size_bytes"].iloc[0]
    assert 0 < more < 1500, "two decisions more, and no second model"


def test_resamples_and_specs_are_found_by_the_derived_models_id(derived: Derived) -> None:
    chain, stage = derived.chain, derived.stage
    sources = prediction_source([stage.decided], (), [stage])
    felt = next(model for model, taxonomy in stage.models.items() if taxonomy == FELT)
    drawn = Resamples.of(chain.store, sources)(felt)
    assert set(drawn) == set(derived.table("points").query("taxonomy == 'felt'")["point"])
    specs = {row.model: row for row in spec_rows([stage.decided], (), [stage])}
    assert specs[felt].recipe == specs[id_of(stage.compressed)].recipe


def test_a_model_of_other_labels_is_not_decided_in_the_taxonomy(chain: Chain) -> None:
    assert deriving(chain.decided[0], (EKMAN,)) is None
    with pytest.raises(ValueError, match="in the order of their names, each once, got"):
        DecideDerived(
            decided=chain.decided[0],
            scored=chain.decided[0].scored,
            compressed=chain.decided[0].compressed,
            text=chain.decided[0].text,
            taxonomies=(FELT, CLEAR),
        )
