"""A whole ensemble on a real local Ray: trained on actors, a member lost, combined, resumed."""

import io
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from emoray.artifact import runtime
from emoray.distributed.actor_pool import StageLimits
from emoray.models.sampling import Bootstrap
from emoray.search import ensemble_plans
from emoray.search.ensemble_plans import EnsemblePlan
from emoray.search.spaces import FROZEN
from emoray.search.trials import RunContext
from emoray.storage.store.local import Store
from emoray.tables.parts import current_token
from emoray.tables.rows import TABLES
from emoray.workflows.ensemble import _look, planned_members, require_two, run_ensemble
from emoray.workflows.reproduce.reproduce import run_reproduce
from emoray.workflows.settings.ensemble import Ensemble
from emoray.workflows.settings.run import Reproduce

TINY = replace(
    FROZEN, taxonomy="sentiment", embedding_dim=16, vocabulary=500, hidden_units=16, epochs=3
)
BROKEN = replace(TINY, learning_rate=1e30)
MEMBERS = (TINY, BROKEN, replace(TINY, seed=1, sample=Bootstrap()), replace(TINY, layers=2))


@dataclass(frozen=True, kw_only=True)
class Run:
    """A finished run: what it said, its tables, what it made."""

    settings: Ensemble
    said: str
    tables: dict[str, pd.DataFrame]
    journal: list[dict[str, str]]

    @property
    def folder(self) -> Path:
        place = self.settings.run_place
        assert isinstance(place, Path)
        return place

    def events(self, event: str, stage: str) -> list[str]:
        keys = [e["key"] for e in self.journal if e["event"] == event]
        return [key for key in keys if key.startswith(f"{stage}-")]

    def together(self) -> pd.DataFrame:
        """One row an ensemble: calibrated, a threshold per label."""
        points = self.tables["points"]
        same = (points["threshold_rule"] == "per_label") & (points["temperature_rule"] == "fitted")
        told = self.tables["members"][["point", "combination", "size"]].drop_duplicates("point")
        return points[same].merge(told, on="point")


def ran(settings: Ensemble) -> Run:
    out = io.StringIO()
    run_ensemble(settings, Console(file=out, width=200))
    assert isinstance(settings.run_place, Path) and isinstance(settings.store_place, Path)
    return Run(
        settings=settings,
        said=out.getvalue(),
        tables={n: pd.read_parquet(settings.run_place / f"{n}.parquet") for n in TABLES},
        journal=list(Store(settings.store_place).journal()),
    )


@pytest.fixture(scope="module")
def run(local_ray: None, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Four members, of which one diverges; the plan stands among the others meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(
            ensemble_plans.PLANS,
            "tiny",
            lambda members, bases: EnsemblePlan(name="tiny", recipes=MEMBERS),
        )
        settings = Ensemble(
            plan="tiny",
            members=len(MEMBERS),
            taxonomy="sentiment",
            out=tmp_path_factory.mktemp("ensemble") / "out",
            limits=StageLimits(attempts=1),
            download=False,
        )
        return ran(settings)


@pytest.fixture(scope="module")
def again(run: Run) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(
            ensemble_plans.PLANS,
            "tiny",
            lambda members, bases: EnsemblePlan(name="tiny", recipes=MEMBERS),
        )
        return ran(run.settings)


def test_a_member_that_fails_is_a_row_and_the_others_go_on(run: Run) -> None:
    (failure,) = run.tables["failures"].to_dict("records")
    assert failure["stage"] == "train" and "training loss is" in failure["error"]
    assert len(run.tables["trainings"]["training_id"].unique()) == 3
    assert "member 4/4" in run.said and "failed: FloatingPointError" in run.said


def test_every_size_has_a_row_by_every_combination(run: Run) -> None:
    together = run.together()
    found = set(zip(together["combination"], together["size"], strict=True))
    kinds = ("mean-logits", "mean-probabilities", "weights-logits", "greedy-probabilities")
    assert found == {(kind, size) for kind in kinds for size in (1, 2, 3)}
    means = together[together["combination"] == "mean-logits"].sort_values("size")
    assert list(means["models"]) == [1, 2, 3]
    assert means["size_bytes"].is_monotonic_increasing
    points = run.tables["points"]
    assert points["point"].is_unique and set(points["family"]) == {"glove", "ensemble"}


def test_an_ensemble_takes_as_long_as_its_members(run: Run) -> None:
    latency = run.tables["latency"]
    mean = run.together().query("combination == 'mean-logits' and size == 3").iloc[0]
    members = run.tables["members"].query(f"point == '{mean['point']}'")
    per_text = {
        model: rows.set_index(["turn", "text"])["milliseconds"].sort_index()
        for model, rows in latency[latency["beside"] == latency["model"]].groupby("model")
    }
    total = sum(per_text[model] for model in members["model"])
    np.testing.assert_allclose(per_text[mean["model"]], total)
    assert mean["latency_p50_ms"] == pytest.approx(total.quantile(0.5))
    assert 0 < mean["model_p50_ms"] < mean["latency_p50_ms"]


def test_the_best_of_every_size_is_shipped_and_runs_as_one(run: Run) -> None:
    points = run.tables["points"].set_index("point")
    by_size = run.tables["members"].drop_duplicates("point").set_index("point")["size"]
    for size in (1, 2, 3):
        rows = points.loc[by_size[by_size == size].index]
        best = rows.loc[rows["dev_macro_f1"] == rows["dev_macro_f1"].max(), "artifact"]
        folder = run.folder / next(path for path in best if path.startswith("artifacts/"))
        assert runtime.load(folder)(["thanks a lot", "oh no"]).probabilities_NK.shape == (2, 4)
    shipped = points[points["artifact"].str.startswith("artifacts/")]
    for row in shipped.reset_index().to_dict("records"):
        folder = run.folder / row["artifact"]
        assert sum(runtime.sizes(folder).values()) == row["size_bytes"]
        said = runtime.card(folder)
        assert said is not None and said["point"] == row["point"]


def test_a_picture_of_f1_against_the_members_stands_beside_the_tables(run: Run) -> None:
    assert (run.folder / "figures" / "sentiment-ensembles.png").is_file()
    assert "Several models as one" in (run.folder / "report.html").read_text("utf-8")


def test_the_run_is_recorded_with_its_trainings(run: Run) -> None:
    (row,) = run.tables["runs"].to_dict("records")
    assert (row["search"], row["space"], row["trials"]) == ("ensemble", "tiny", 4)
    assert row["command"].startswith("python -m jobs.ensemble")
    assert row["stages_run"] == len([e for e in run.journal if e["event"] == "made"])


def test_the_same_command_again_trains_nothing_and_says_the_same(run: Run, again: Run) -> None:
    assert again.events("made", "train") == run.events("made", "train")
    assert again.events("made", "combine") == run.events("made", "combine")
    assert again.said.count("found finished") == 3
    for name in set(TABLES) - {"runs"}:
        pd.testing.assert_frame_equal(again.tables[name], run.tables[name])


def test_rows_of_ensembles_come_out_again_shipped_or_not(run: Run) -> None:
    points = run.tables["points"]
    together = points[points["family"] == "ensemble"]
    shipped = together["artifact"].str.startswith("artifacts/")
    chosen = together[shipped]["point"].iloc[0], together[~shipped]["point"].iloc[0]
    out = io.StringIO()
    settings = Reproduce(run=run.settings.run_place, points=chosen, download=False)
    assert run_reproduce(settings, Console(file=out, width=200)) == 0, out.getvalue()
    assert "2 of 2 rows reproduce" in out.getvalue()


def test_one_member_left_is_no_ensemble(run: Run) -> None:
    look = _look(run.settings)
    plan = replace(run.settings, plan="seeds", members=2)
    _, asked = planned_members(plan, look)
    token = current_token(run.folder)
    context = RunContext(
        stages=None, run_folder=run.folder, store=run.folder, data=look.data, token=token
    )
    with pytest.raises(ValueError, match=r"two finished members, got 1 of 2: train failed with"):
        require_two(context, asked[:1], asked)
    require_two(context, asked, asked)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"plan": "boosting"}, r"a plan is one of seeds, .* got 'boosting'"),
        ({"combine": ("vote",)}, r"a combination is one of mean, .* got vote"),
        ({"combine": ()}, r"a combination is one of mean, .* got none"),
        ({"cpus_per_member": 0.0}, r"more than 0 CPUs, got 0: say"),
        (
            {"gpus_per_member": -1.0},
            r"gpus_per_member is a share of one GPU .* got -1: 0.5 lets",
        ),
        ({"name": "../elsewhere"}, r"a run's name is .* got '../elsewhere'"),
    ],
    ids=["plan", "combination", "no combination", "no cpu", "negative gpu", "run"],
)
def test_a_mistake_is_refused_before_any_worker_starts(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Ensemble(**changes)  # type: ignore[arg-type]


def test_an_unknown_scheme_is_refused_before_any_worker_starts(tmp_path: Path) -> None:
    settings = Ensemble(scheme="int1", out=tmp_path, taxonomy="sentiment", download=False)
    with pytest.raises(ValueError, match=r"a scheme is one that --list names, .* got 'int1'"):
        run_ensemble(settings, Console(quiet=True))
    assert not list(tmp_path.iterdir())
