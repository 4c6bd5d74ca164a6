"""Ensembles of the chain's models: rows that are their artifacts, members that add up.

The members are one training under four schemes: enough for every law but that of diversity.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score

from emoray.artifact import runtime
from emoray.artifact.loading import open_artifact
from emoray.data.corpus import read_splits
from emoray.decide.ensemble import MeanProbabilities
from emoray.decide.weighing import FittedWeights, Greedy, MeanOf
from emoray.labels import taxonomy
from emoray.stages.ensembles import Combine, Weighing, read_weights
from emoray.stages.spec import Decision, Fitted
from emoray.storage.store.keys import id_of
from emoray.tables.ensemble_rows import MemberRow
from emoray.tables.files import read_table
from emoray.tables.point_rows import MeasuredPointRow
from emoray.tables.predictions import cuts_of_row
from emoray.tables.rows import LabelRow, ReliabilityRow, SurfaceRow
from emoray.workflows.evaluate import run_evaluate
from emoray.workflows.row_decision import RowDecision
from emoray.workflows.settings.evaluate import Evaluate
from emoray.workflows.ship import ship_ensemble
from tests.stages.chain import RECIPE, Chain

LABELS = taxonomy(RECIPE.taxonomy).labels
MEAN, GREEDY = MeanOf(MeanProbabilities()), Greedy(rounds=3)
WEIGHINGS: tuple[Weighing, ...] = (MeanOf(), MEAN, FittedWeights(), GREEDY)
RULES = ("per_label", "per_label_s20", "one", "fixed0.5")


@dataclass(frozen=True, kw_only=True)
class Combined:
    """A finished ensemble and what it left."""

    chain: Chain
    combine: Combine
    folder: Path
    points: list[dict[str, Any]]
    members: list[dict[str, Any]]

    def point(self, rule: str = "per_label") -> dict[str, Any]:
        wanted = rule, "fitted"
        rows = [p for p in self.points if (p["threshold_rule"], p["temperature_rule"]) == wanted]
        return rows[0]

    def members_of(self, point: dict[str, Any]) -> list[dict[str, Any]]:
        return [m for m in self.members if m["point"] == point["point"]]

    def shipped(self, row: dict[str, Any], target: Path) -> Path:
        labels = read_table(self.folder / "labels.parquet", LabelRow).to_pylist()
        saved = {r["label"]: r["cut"] for r in labels if r["point"] == row["point"]}
        store = self.chain.store
        cuts_K = cuts_of_row(row, saved, LABELS)
        ship_ensemble(row, RowDecision.of(row, cuts_K), self.combine, store.folder, target)
        return target


def made(chain: Chain, weighing: Weighing, members: int = 4) -> Combined:
    short = tuple(d for d in chain.decided[0].decisions if str(d.rule) in RULES)
    decided = [replace(member, decisions=short) for member in chain.decided[:members]]
    combine = Combine.of(decided, weighing, plan="seeds")
    folder = chain.store.make(combine).folder
    return Combined(
        chain=chain,
        combine=combine,
        folder=folder,
        points=read_table(folder / "points.parquet", MeasuredPointRow).to_pylist(),
        members=read_table(folder / "members.parquet", MemberRow).to_pylist(),
    )


@pytest.fixture(scope="module", params=WEIGHINGS, ids=str)
def combined(request: pytest.FixtureRequest, chain: Chain) -> Combined:
    return made(chain, request.param)


def test_what_is_shipped_has_the_rows_bytes_and_the_rows_score(
    combined: Combined, tmp_path: Path
) -> None:
    corpus = combined.chain.data.corpus
    test = read_splits(corpus.folder, name="sample", taxonomy=taxonomy(RECIPE.taxonomy)).test
    for rule in RULES:
        row = combined.point(rule)
        folder = combined.shipped(row, tmp_path / rule)
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert sum(path.stat().st_size for path in files) == row["size_bytes"]
        assert runtime.sha256((folder / "manifest.json").read_bytes()) == row["artifact_sha256"]
        found = runtime.load(folder)(test.texts).labels
        found_NK = np.array([[label in labels for label in LABELS] for labels in found])
        wanted = f1_score(test.labels_NK, found_NK, average="macro", zero_division=0)
        assert row["test_macro_f1"] == pytest.approx(wanted, abs=1e-12)


def test_an_ensemble_costs_what_its_distinct_members_cost(combined: Combined) -> None:
    row = combined.point()
    members = combined.members_of(row)
    assert row["models"] == len(members) == len({m["model"] for m in members})
    alone = sum(m["size_bytes"] for m in members)
    assert 0.5 * alone < row["size_bytes"] < alone + 1000, "vocabulary and decision are kept once"
    one = read_table(combined.chain.folders[0] / "points.parquet", MeasuredPointRow).to_pylist()[0]
    assert row["parameters"] == len(members) * one["parameters"]
    assert row["family"] == "ensemble" and row["recipe"].startswith("sentiment seeds ")


def test_members_tell_weights_and_what_each_earns_alone(combined: Combined) -> None:
    weights = read_weights(combined.folder)
    for point in combined.points:
        members = combined.members_of(point)
        assert sum(m["weight"] for m in members) == pytest.approx(1)
        assert all(m["weight"] == weights[m["member"]] > 0 for m in members)
    alone = {
        row["model"]: row
        for folder in combined.chain.folders
        for row in read_table(folder / "points.parquet", MeasuredPointRow).to_pylist()
        if (row["threshold_rule"], row["temperature_rule"]) == ("per_label", "fitted")
    }
    for member in combined.members_of(combined.point()):
        row = alone[member["model"]]
        for name in ("dev_macro_f1", "test_macro_f1", "size_bytes", "seed", "training_id"):
            assert member[name] == row[name], name


def test_diversity_is_null_for_one_alone_and_else_a_share(chain: Chain) -> None:
    (one,) = made(chain, MEAN, 1).members[:1]
    assert one["disagreement"] is one["ensemble_double_fault"] is None
    for member in made(chain, MEAN).members:
        assert 0 <= member["disagreement"] < 0.5 and 0 <= member["double_fault"] < 0.5


def test_every_table_speaks_of_the_ensemble(combined: Combined) -> None:
    model = id_of(combined.combine)
    assert {p["model"] for p in combined.points} == {p["training_id"] for p in combined.points}
    for name, row_class in (("surface", SurfaceRow), ("reliability", ReliabilityRow)):
        rows = read_table(combined.folder / f"{name}.parquet", row_class)
        assert set(rows.column("model").to_pylist()) == {model}


def test_an_ensemble_of_one_scores_as_its_member(chain: Chain) -> None:
    row = made(chain, MEAN, 1).point()
    alone = read_table(chain.folders[0] / "points.parquet", MeasuredPointRow).to_pylist()
    wanted = next(
        r for r in alone if (r["threshold_rule"], r["temperature_rule"]) == ("per_label", "fitted")
    )
    for name in wanted:
        if name.startswith(("test_", "dev_", "temperature")):
            assert row[name] == wanted[name], name


def test_more_greedy_rounds_are_other_points_of_the_same_members(chain: Chain) -> None:
    one, two = made(chain, Greedy(rounds=1)), made(chain, Greedy(rounds=2))
    assert one.point()["point"] != two.point()["point"]
    assert one.point()["models"] == 1 and two.combine.size == 2
    assert one.combine.compressed == two.combine.compressed


def test_jobs_on_finished_artifacts_judge_an_ensemble(chain: Chain, tmp_path: Path) -> None:
    combined = made(chain, MEAN)
    row = combined.point()
    folder = combined.shipped(row, tmp_path / "ensemble")
    assert open_artifact(folder).size_bytes == row["size_bytes"]
    found = run_evaluate(Evaluate(artifact=folder, out=tmp_path / "out", download=False))
    assert found.macro_f1 == pytest.approx(row["test_macro_f1"], abs=1e-12)
    assert found.macro_f1_low == pytest.approx(row["test_macro_f1_low"], abs=1e-9)
    assert found.latency_p50_ms > 0


def test_models_of_two_taxonomies_are_not_combined(chain: Chain) -> None:
    first, second = chain.decided[:2]
    trained = second.compressed.trained
    other = replace(trained, recipe=replace(trained.recipe, taxonomy="ekman"))  # type: ignore[arg-type]
    strange = replace(second, compressed=replace(second.compressed, trained=other))
    with pytest.raises(ValueError, match=r"models of one corpus and taxonomy, .* 2 corpora"):
        Combine.of([first, strange], MeanOf(), plan="seeds")


def test_members_with_other_decisions_are_not_combined(chain: Chain) -> None:
    combine = Combine.of(chain.decided, MeanOf(), plan="seeds")
    with pytest.raises(ValueError, match=r"decides as its members do, got 1 decisions .*give all"):
        replace(combine, decisions=combine.decisions[:1])


def test_decisions_are_those_of_the_members(chain: Chain) -> None:
    combine = Combine.of(chain.decided, MeanOf(), plan="seeds")
    assert combine.decisions == chain.decided[0].decisions
    assert Decision(temperature=Fitted()) in combine.decisions
