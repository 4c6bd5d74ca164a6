"""A whole sweep on a real local Ray, and what it leaves behind."""

import io
import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock
from rich.console import Console
from sklearn.metrics import f1_score

from emoray.artifact import runtime
from emoray.labels import EKMAN
from emoray.provenance import provenance
from emoray.report.tradeoff import front_rows
from emoray.search import spaces
from emoray.stages.baselines import KINDS
from emoray.stages.point_rows import decision_id
from emoray.stages.spec import recipe_id
from emoray.stages.spec_json import read_spec as read_spec
from emoray.storage.store.local import Store
from emoray.tables import load_run
from emoray.tables.front import picks
from emoray.tables.parts import part_files
from emoray.tables.rows import TABLES
from emoray.workflows.ship_row import ship_from
from emoray.workflows.sweep import run_sweep
from tests.runs import Run, read, swept

SAME = sorted(set(TABLES) - {"runs", "latency"})  # what a second start must leave as it was


OF_DERIVED = "test_contradictions_share"  # null where a row has its model's own labels


def made(run: Run) -> list[str]:
    return [entry["key"] for entry in run.journal if entry["event"] == "made"]


def assert_same_tables(one: Run, other: Run) -> None:
    for name in SAME:
        pd.testing.assert_frame_equal(one.tables[name], other.tables[name])


def test_every_table_is_there_and_no_two_points_share_an_id(smoke: Run) -> None:
    points = smoke.searched
    wanted = spaces.smoke("ekman", [50])
    assert len(points) == wanted.models * len(wanted.decisions)
    assert points["point"].is_unique and points["artifact_sha256"].is_unique
    assert (points["run"] == "smoke-ekman").all() and (points["corpus"] == "sample").all()
    assert points["model"].nunique() == wanted.models
    assert smoke.tables["failures"].empty
    none = {"failures", "members", "augmentations", "study", "importances", "pruning"}
    none |= {"transfer_texts", "derivations", "taxonomy_comparisons"}
    for name in set(TABLES) - none:
        assert len(smoke.tables[name]), name
    assert (
        not points.drop(columns=["latency_p50_ms", "latency_p95_ms", "model_p50_ms", OF_DERIVED])
        .isna()
        .any()
        .any()
    )
    assert points["nearest_front"].isin(points["point"]).all()
    assert (points["nearest_front"] != points["point"]).all()


def test_the_sample_leaves_its_test_texts_and_what_a_row_gets_wrong(smoke: Run) -> None:
    run = load_run(smoke.folder)
    texts = run.table("texts")
    assert len(texts) == run.table("runs")["test_texts"].iloc[-1]
    point = run.best()
    wrong = run.errors(point, "joy")
    assert len(wrong) and set(wrong["kind"]) <= {"false positive", "false negative"}
    assert texts.set_index("text")["content"][wrong["text"]].tolist() == wrong["content"].tolist()
    for mistake in wrong.to_dict("records"):
        truth = json.loads(texts.set_index("text")["truth"][mistake["text"]])
        assert ("joy" in truth) == (mistake["kind"] == "false negative")
    kept = run.table("labels").query("point == @point.point").set_index("label")
    counts = run.confusion(point)
    lost = counts.loc["joy"].sum() - counts.loc["joy", "joy"]
    assert counts.loc["joy", "joy"] / kept["support"]["joy"] == pytest.approx(kept["recall"]["joy"])
    assert lost >= kept["support"]["joy"] - counts.loc["joy", "joy"]


def test_baselines_stand_beside_the_rows_and_nowhere_else(smoke: Run) -> None:
    points = smoke.tables["points"]
    own = points[points["family"] == "baseline"].set_index("recipe")
    assert sorted(own.index) == [f"ekman {kind}" for kind in sorted(map(str, KINDS))]
    assert not own["on_front"].any() and (own["artifact"] == "").all()
    assert (own["latency_p50_ms"] > 0).all() and (own["run"] == "smoke-ekman").all()
    assert own.loc["ekman all-negative", "test_macro_f1"] == 0
    assert {path.name for path in (smoke.folder / "artifacts").iterdir()}.isdisjoint(own["point"])
    for name in ("specs", "predictions", "layers", "comparisons"):
        column = "after" if name == "comparisons" else "model"
        assert set(smoke.tables[name][column]).isdisjoint({*own["point"], *own["model"]}), name
    html = (smoke.folder / "report.html").read_text("utf-8")
    assert "Beside baselines" in html and "tf-idf + logistic regression" in html
    assert not any(point in html for point in own["point"]), "no dot of the explorer"
    with pytest.raises(ValueError, match="which is a baseline: of these a run keeps"):
        ship_from(str(smoke.folder), str(own["point"].iloc[0]), smoke.folder / "never")


def test_tables_join_on_their_ids(smoke: Run) -> None:
    points = smoke.searched
    models = set(points["model"])
    for name in ("layers", "surface", "reliability"):
        assert set(smoke.tables[name]["model"]) == models, name
    beside = set(smoke.tables["points"]["model"]) - models
    assert set(smoke.tables["latency"]["model"]) == models | beside | {"baseline"}
    assert set(smoke.tables["trainings"]["training_id"]) == set(points["training_id"])
    assert set(smoke.tables["labels"]["point"]) < set(smoke.tables["points"]["point"])
    assert smoke.tables["repeats"]["seeds"].max() == 2


def test_scores_lie_within_their_intervals(smoke: Run) -> None:
    points = smoke.searched
    assert (points["test_macro_f1_low"] <= points["test_macro_f1_high"]).all()
    inside = points["test_macro_f1"].between(
        points["test_macro_f1_low"], points["test_macro_f1_high"]
    )
    assert inside.mean() > 0.99
    assert (points["test_macro_f1"] == points["test_macro_f1_unleaked"]).all(), "nothing leaked"


def test_the_front_is_what_no_other_row_beats(smoke: Run) -> None:
    points = smoke.searched
    size_N, score_N = points["size_bytes"].to_numpy(), points["dev_macro_f1"].to_numpy()
    beaten_N = np.array(
        [
            ((size_N <= size) & (score_N >= score) & ((size_N < size) | (score_N > score))).any()
            for size, score in zip(size_N, score_N, strict=True)
        ]
    )
    np.testing.assert_array_equal(points["on_front"], ~beaten_N)


def test_artifacts_of_the_front_are_the_rows_and_run(smoke: Run) -> None:
    points = smoke.searched
    front = points[points["on_front"]]
    assert len(front)
    for row in front.to_dict("records"):
        folder = smoke.folder / row["artifact"]
        assert sum(runtime.sizes(folder).values()) == row["size_bytes"]
        assert runtime.sha256((folder / "manifest.json").read_bytes()) == row["artifact_sha256"]
    found = runtime.load(smoke.folder / front.iloc[0]["artifact"])(["thanks a lot", "oh no"])
    assert found.probabilities_NK.shape == (2, 7)


def test_front_picks_table_and_artifacts_are_the_same_rows(smoke: Run) -> None:
    points = smoke.searched
    front = set(points.loc[points["on_front"], "point"])
    assert {path.name for path in (smoke.folder / "artifacts").iterdir()} == front
    shipped = points["artifact"] == "artifacts/" + points["point"]
    assert set(points.loc[shipped, "point"]) == front
    run = load_run(smoke.folder)
    assert set(run.front["point"]) == front == set(front_rows(points)["point"])
    chosen = {name: pick.row["point"] for name, pick in picks(points).items()}
    assert set(chosen.values()) <= front and set(chosen) >= {"best", "smallest within 1 point"}
    assert run.best(within=0)["point"] == chosen["best"]
    assert run.best(within=1)["point"] == chosen["smallest within 1 point"]
    html = (smoke.folder / "report.html").read_text("utf-8")
    begins = html.index("The rows of the front")
    table = html[begins : html.index("</table>", begins)]
    assert table.count("<tr") == 1 + len(front)


def test_equal_models_are_equal_in_size_and_no_two_rows_decide_alike(smoke: Run) -> None:
    points = smoke.searched
    assert (points.groupby("model")["size_bytes"].nunique() == 1).all()
    seeds = points.groupby(["recipe", "scheme"])["size_bytes"]
    sizes = (smoke.folder / a for a in points["artifact"] if a.startswith("artifacts/"))
    assert all((folder / "decision.json").stat().st_size == 7 * 34 + 128 for folder in sizes)
    assert (seeds.nunique() <= 2).all(), "seeds may keep other words"
    fixed = points["threshold_rule"].str.extract(r"fixed([\d.]+)")[0].astype(float)
    cut = points["temperature"] * np.log(fixed / (1 - fixed))
    decides = points["threshold_rule"].where(fixed.isna(), (cut + 0.0).round(8).astype(str))
    assert not pd.DataFrame({"model": points["model"], "decides": decides}).duplicated().any()
    rules = points[fixed.isna() | (fixed == 0.5)]
    assert (rules["temperature_rule"] == "fitted").all(), "of twins the calibrated one is kept"


def test_whatever_ships_is_compared_with_its_float_parent_label_by_label(smoke: Run) -> None:
    points, said = smoke.searched, smoke.tables
    shipped = points[points["artifact"].str.startswith("artifacts/")]
    assert set(shipped["point"]) <= set(said["labels"]["point"])
    compressed = shipped[shipped["scheme"] != "float32"]
    for table in ("comparisons", "label_changes"):
        assert set(compressed["point"]) <= set(said[table]["after"]), table
    told = said["label_changes"].merge(
        said["labels"], left_on=["after", "label"], right_on=["point", "label"]
    )
    own = told["thresholds"] == "retuned"
    own |= told["after"].map(points.set_index("point")["threshold_rule"]).str.startswith("fixed")
    np.testing.assert_allclose(told.loc[own, "f1_after"], told.loc[own, "f1"], atol=1e-12)


def test_whatever_ships_has_a_card_that_finds_its_row(smoke: Run) -> None:
    points = smoke.tables["points"]
    shipped = points[points["artifact"].str.startswith("artifacts/")]
    for row in shipped.to_dict("records"):
        said = runtime.card(smoke.folder / row["artifact"])
        assert said is not None
        (found,) = points[points["artifact_sha256"] == said["artifact_sha256"]].to_dict("records")
        assert (found["point"], said["run"]) == (said["point"], "smoke-ekman")
        assert said["scores"]["test_macro_f1"]["value"] == row["test_macro_f1"]
        assert said["latency"]["latency_p50_ms"] == row["latency_p50_ms"]
        assert said["latency"]["model_p50_ms"] < said["latency"]["latency_p50_ms"]
        assert said["latency"]["cpu"] and len(said["corpus_sha256"]) == 64


def test_rows_off_the_front_name_the_folder_to_ship_them_from(smoke: Run) -> None:
    points = smoke.searched
    for path in points.loc[~points["on_front"], "artifact"].unique():
        assert (smoke.folder / path / "model.onnx").is_file()


def test_the_run_is_recorded_with_what_it_took(smoke: Run) -> None:
    row = smoke.tables["runs"].iloc[0]
    assert row["stages_run"] > 40 and row["stages_failed"] == 0
    assert row["points"] == len(smoke.searched) and row["trials"] == 3
    assert (row["corpus"], row["space"], row["search"]) == ("sample", "smoke", "grid")
    assert 0 < row["search_seconds"] < row["wall_seconds"]
    assert "ray " in row["versions"] and row["cores"] == 2


def test_the_run_names_its_machine_its_data_and_its_cost(smoke: Run) -> None:
    row = smoke.tables["runs"].iloc[0]
    for library in ("torch", "transformers", "boto3", "onnxruntime"):
        assert re.search(rf"\b{library} \d", row["versions"]), library
    assert row["threads"] == 1 and row["memory_bytes"] > 2**30
    assert row["cpu"] and row["instruction_sets"] and row["platform"] == provenance().platform
    assert re.fullmatch("[0-9a-f]{64}", row["corpus_sha256"])
    assert re.fullmatch("[0-9a-f]{64}( [0-9a-f]{64})*", row["vectors_sha256"])
    assert row["command"].startswith("python -m jobs.sweep")
    assert row["started"] < row["finished"] and row["started"].endswith("+00:00")
    assert re.fullmatch("[0-9a-f]{40}|", row["git_commit"])
    assert row["cpu_seconds"] > row["stage_cpu_seconds"] > 0
    assert row["taxonomy"] == "ekman" and tuple(json.loads(row["labels"])) == EKMAN.labels


def test_every_compressed_row_stands_beside_its_float_parent(smoke: Run) -> None:
    points, rows = smoke.searched, smoke.tables["comparisons"]
    known = points.set_index("point")
    integer = points.loc[points["training"] != "none", "point"]
    fitted = integer[~known.loc[integer, "threshold_rule"].str.startswith("fixed").to_numpy()]
    for thresholds, wanted in (("frozen", integer), ("retuned", fitted)):
        assert sorted(rows.loc[rows["thresholds"] == thresholds, "after"]) == sorted(wanted)
    before, after = known.loc[rows["before"]], known.loc[rows["after"]]
    for same in ("training_id", "threshold_rule", "temperature_rule"):
        assert (before[same].to_numpy() == after[same].to_numpy()).all(), same
    assert (before["scheme"] == "float32").all()
    retuned = (rows["thresholds"] == "retuned").to_numpy()
    scores = after["test_macro_f1"].to_numpy()[retuned]
    np.testing.assert_allclose(rows["macro_f1_after"].to_numpy()[retuned], scores, atol=1e-12)
    told = smoke.tables["label_changes"]
    assert set(told["after"]) < set(integer) and set(told["label"]) == set(EKMAN.labels)


def test_what_shipped_models_say_is_kept_and_gives_their_scores(smoke: Run) -> None:
    points, said = smoke.searched, smoke.tables["predictions"]
    shipped = points[points["artifact"].str.startswith("artifacts/")]
    parents = points[points["training_id"].isin(shipped["training_id"])]
    parents = parents[parents["scheme"] == "float32"]
    assert set(said["model"]) == set(shipped["model"]) | set(parents["model"])
    row = shipped.iloc[0]
    mine = said[said["model"] == row["model"]].sort_values("text")
    assert mine["text"].tolist() == list(range(len(mine)))
    cuts = runtime.load(smoke.folder / row["artifact"]).cuts_K
    decided = np.stack(mine["logits"].to_list()) >= cuts
    found = f1_score(np.stack(mine["labels"].to_list()), decided, average="macro", zero_division=0)
    assert found == pytest.approx(row["test_macro_f1"], abs=1e-12)


def test_every_model_has_a_spec_that_is_its_own(smoke: Run) -> None:
    points, specs = smoke.searched, smoke.tables["specs"]
    assert sorted(specs["model"]) == sorted(points["model"].unique())
    for spec in specs.to_dict("records"):
        assert spec["key"].startswith(spec["model"])
        mine = points[points["model"] == spec["model"]]
        assert recipe_id(read_spec(spec["recipe"])) == mine["recipe"].iloc[0]
        ids = {decision_id(spec["key"], decision) for decision in read_spec(spec["decisions"])}
        assert ids == set(mine["point"])


def test_a_report_and_figures_stand_beside_the_tables(smoke: Run) -> None:
    html = (smoke.folder / "report.html").read_text("utf-8")
    assert "<html" in html and "smoke-ekman" in html
    assert list((smoke.folder / "figures").glob("*.png"))


def test_whatever_is_no_table_hides_or_is_named(smoke: Run) -> None:
    tables = {f"{name}.parquet" for name in TABLES}
    found = {p.name for p in smoke.folder.iterdir() if not p.name.startswith("_")}
    assert found == tables | {"report.html", "figures", "artifacts"}


@pytest.fixture(scope="module")
def again(smoke: Run) -> tuple[Run, str]:
    """The same command once more, and what it said."""
    out = io.StringIO()
    run_sweep(smoke.sweep, Console(file=out, width=200))
    return read(smoke.sweep), out.getvalue()


def test_the_same_command_again_makes_nothing(smoke: Run, again: tuple[Run, str]) -> None:
    second, _ = again
    assert made(second) == made(smoke)
    assert len(second.tables["runs"]) == 2
    last = second.tables["runs"].sort_values("finished").iloc[-1]
    assert last["stages_run"] == 0 and last["stages_cached"] > 0


def test_the_same_command_again_says_the_same(smoke: Run, again: tuple[Run, str]) -> None:
    second, _ = again
    assert_same_tables(second, smoke)
    pd.testing.assert_frame_equal(second.tables["latency"], smoke.tables["latency"])


def test_a_log_says_which_corpus_and_what_to_pick(smoke: Run, again: tuple[Run, str]) -> None:
    _, said = again
    for part in ("EMBEDDED SAMPLE", "downloads are off", "taxonomy ekman", "best:", "report.html"):
        assert part in said
    assert os.fspath(smoke.folder) in said


def test_a_second_run_in_the_same_store_shares_its_stages(smoke: Run) -> None:
    other = swept(replace(smoke.sweep, name="other"))
    assert made(other) == made(smoke)
    assert (other.tables["points"]["run"] == "other").all()
    left = other.tables["points"].drop(columns="run")
    pd.testing.assert_frame_equal(left, smoke.tables["points"].drop(columns="run"))


def test_two_sweeps_into_one_folder_are_refused(smoke: Run) -> None:
    with (
        FileLock(smoke.folder / "_lock"),
        pytest.raises(ValueError, match=r"one job writes to a folder"),
    ):
        run_sweep(smoke.sweep)
    assert pd.read_parquet(smoke.folder / "points.parquet").equals(smoke.tables["points"])


def copied(smoke: Run, out: Path) -> Run:
    shutil.copytree(smoke.sweep.out, out)
    return replace(smoke, sweep=replace(smoke.sweep, out=out))


def flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def a_model_of_the_front(run: Run) -> str:
    points = run.searched
    return str(points.loc[points["on_front"], "model"].iloc[0])


def test_damaged_stages_and_tables_are_made_again_and_nothing_else_is(
    smoke: Run, tmp_path: Path
) -> None:
    run = copied(smoke, tmp_path / "out")
    stages = run.sweep.store_place / "stages"
    model = a_model_of_the_front(run)
    (compressed,) = stages.glob(f"compress/{model}*")
    decided = next((stages / "decide").iterdir())
    flip(compressed / "artifact" / "model.onnx")
    flip(decided / "points.parquet")
    flip(run.folder / "points.parquet")
    for table in ("points", "labels"):
        flip(next(iter(part_files(run.folder, table))))
    again = swept(run.sweep)
    assert set(made(again)[len(made(smoke)) :]) == {compressed.name, decided.name}
    aside = [e["key"] for e in again.journal if e["event"] == "set_aside"]
    assert sorted(aside) == sorted([compressed.name, decided.name])
    assert_same_tables(again, smoke)


def test_a_manifest_tells_what_a_stage_read(smoke: Run) -> None:
    store = Store(smoke.sweep.store_place)
    (train,) = {p.name for p in (store.root / "stages" / "train").iterdir()} & {
        key for key in made(smoke) if key.startswith(str(smoke.searched["training_id"][0]))
    }
    manifest = json.loads((store.root / "stages" / "train" / train / "manifest.json").read_text())
    assert manifest["reads"]["recipe"]["type"] == "GloveRecipe"
