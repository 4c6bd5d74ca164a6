"""Rows of a finished sweep made again, by the run's folder alone."""

import io
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from emoray.storage.location import place_of
from emoray.tables.files import write_table
from emoray.tables.parts import table_path
from emoray.tables.rows import TABLES
from emoray.workflows.reproduce.record import read_record
from emoray.workflows.reproduce.reproduce import run_reproduce
from emoray.workflows.settings.run import Reproduce
from tests.runs import Run


@pytest.fixture
def run(smoke: Run, tmp_path: Path) -> Run:
    """A copy of the run beside the store that it was made from."""
    out = tmp_path / "out"
    shutil.copytree(smoke.sweep.out, out, ignore=shutil.ignore_patterns("_tune", "_parts"))
    return replace(smoke, sweep=replace(smoke.sweep, out=out))


def told(settings: Reproduce) -> tuple[int, str]:
    """How many rows failed, and what was said."""
    out = io.StringIO()
    failed = run_reproduce(replace(settings, download=False), Console(file=out, width=200))
    return failed, " ".join(out.getvalue().split())


def rewrite(run: Run, table: str, frame: pd.DataFrame) -> None:
    write_table(frame.to_dict("series"), table_path(run.folder, table), TABLES[table])


def front(run: Run) -> str:
    points = run.tables["points"]
    return str(points.loc[points["on_front"], "point"].iloc[0])


def behind(run: Run) -> str:
    """A row whose artifact was not shipped."""
    points = run.tables["points"]
    return str(points.loc[points["artifact"].str.startswith(".."), "point"].iloc[0])


def training(run: Run, point: str) -> str:
    points = run.tables["points"]
    return str(points.loc[points["point"] == point, "training_id"].iloc[0])


def test_rows_come_out_again_to_the_last_digit(smoke: Run) -> None:
    settings = Reproduce(run=smoke.folder, points=(front(smoke), behind(smoke)), sample=3)
    failed, said = told(settings)
    assert failed == 0 and "5 of 5 rows reproduce" in said
    assert "every figure must be equal to the last digit" in said
    assert said.count("scores 9 none equal") == said.count("bytes 2 none equal") == 5
    assert said.count("thresholds 7 none equal") == 5
    assert "whole" in said and "DIFFERS" not in said


def test_a_drawn_sample_is_the_same_for_a_seed(smoke: Run) -> None:
    one, other = (told(Reproduce(run=smoke.folder, sample=2, seed=7)) for _ in range(2))
    assert one == other


def test_a_figure_that_was_changed_does_not_come_out(run: Run) -> None:
    points = run.tables["points"].copy()
    points.loc[points["point"] == front(run), "test_macro_f1"] += 1e-12
    rewrite(run, "points", points)
    failed, said = told(Reproduce(run=run.folder, points=(front(run),)))
    assert failed == 1 and "1e-12 in test_macro_f1 DIFFERS" in said
    assert "0 of 1 row reproduces" in said


def test_an_artifact_that_was_changed_is_not_run(run: Run) -> None:
    model = run.folder / "artifacts" / front(run) / "model.onnx"
    model.write_bytes(model.read_bytes()[:-1] + b"\0")
    failed, said = told(Reproduce(run=run.folder, points=(front(run),)))
    assert failed == 1 and "NOT RUN: " in said and "as its manifest says" in said


def test_a_stage_that_was_changed_is_told_and_a_gone_one_too(run: Run) -> None:
    stages = run.sweep.store_place / "stages"
    for train in (stages / "train").iterdir():
        (train / "weights.npz").write_bytes(b"other")
    failed, said = told(Reproduce(run=run.folder, points=(front(run),)))
    assert failed == 1 and "1 damaged: train-" in said and "DAMAGED" in said
    shutil.rmtree(stages / "train")
    failed, said = told(Reproduce(run=run.folder, points=(front(run),)))
    assert failed == 1 and "1 not in the store" in said and "INCOMPLETE" in said
    assert "name the run's store with --store, or leave stages unchecked with --no-stages" in said
    failed, said = told(Reproduce(run=run.folder, points=(front(run),), stages=False))
    assert failed == 0 and "1 of 1 row reproduces; stages were not checked" in said


def test_without_its_store_a_row_is_no_success(run: Run, tmp_path: Path) -> None:
    alone = Path(shutil.copytree(run.folder, tmp_path / "alone" / "run"))
    failed, said = told(Reproduce(run=alone, points=(front(run),)))
    assert failed == 1 and "stages 0 1 not in the store INCOMPLETE" in said
    assert "0 of 1 row reproduces" in said
    failed, said = told(Reproduce(run=alone, points=(front(run),), store=run.sweep.store_place))
    assert failed == 0 and "none whole" in said


WAYS = ("run", "run/", "./run/../run", "../out/run", "link", "elsewhere/link", ".")


@pytest.mark.parametrize("way", WAYS)
def test_every_stage_is_checked_however_the_run_is_named(
    run: Run, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = run.sweep.out
    run.folder.rename(out / "run")
    (out / "link").symlink_to("run")
    (out / "elsewhere").mkdir()
    (out / "elsewhere" / "link").symlink_to(out / "run")
    monkeypatch.chdir(out / "run" if way == "." else out)
    point, other = front(run), behind(run)
    failed, said = told(Reproduce(run=place_of(way), points=(point, other)))
    assert failed == 0 and said.count("none whole") == 2 and "INCOMPLETE" not in said
    (weights,) = (out / "_store" / "stages" / "train").glob(f"{training(run, point)}*/weights.npz")
    content = bytearray(weights.read_bytes())
    content[100] ^= 1
    weights.write_bytes(content)
    failed, said = told(Reproduce(run=place_of(way), points=(point,)))
    assert failed == 1 and "1 damaged: train-" in said


def test_a_store_elsewhere_is_found_from_a_row_of_the_front(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = run.sweep.out / "shared" / "stages-of-all"
    moved.parent.mkdir()
    run.sweep.store_place.rename(moved)
    points = run.tables["points"].copy()
    points["artifact"] = points["artifact"].str.replace("../_store", "../shared/stages-of-all")
    rewrite(run, "points", points)
    monkeypatch.chdir(run.sweep.out)
    failed, said = told(Reproduce(run=Path(run.folder.name), points=(front(run),)))
    assert failed == 0 and "none whole" in said


def test_a_store_that_nobody_may_write_is_enough(run: Run) -> None:
    store = run.sweep.store_place
    before = sorted(store.rglob("*"))
    folders = [store, *(path for path in before if path.is_dir())]
    try:
        for folder in folders:
            folder.chmod(0o555)
        failed, _ = told(Reproduce(run=run.folder, points=(front(run), behind(run))))
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert failed == 0 and sorted(store.rglob("*")) == before


def test_a_run_without_a_row_is_no_success(run: Run) -> None:
    rewrite(run, "points", run.tables["points"].iloc[:0])
    with pytest.raises(ValueError, match="rows to reproduce, got a table of none"):
        told(Reproduce(run=run.folder, sample=1))


def test_another_machine_is_named_and_given_a_tolerance(run: Run) -> None:
    starts = run.tables["runs"].assign(cpu="another processor")
    rewrite(run, "runs", starts)
    points = run.tables["points"].copy()
    points.loc[points["point"] == front(run), "test_macro_f1"] += 1e-6
    rewrite(run, "points", points)
    failed, said = told(Reproduce(run=run.folder, points=(front(run),)))
    assert failed == 0 and "scores may differ by 0.002" in said
    assert "cpu: another processor → " in said and "within" in said


def test_another_corpus_is_refused(run: Run) -> None:
    rewrite(run, "runs", run.tables["runs"].assign(corpus_sha256="0" * 64))
    with pytest.raises(ValueError, match=r"on the corpus of their run, sample 000000000000…"):
        told(Reproduce(run=run.folder, sample=1))


def test_a_point_of_another_run_is_refused(smoke: Run) -> None:
    with pytest.raises(ValueError, match=r"an id of the run's points, got point-0 with"):
        told(Reproduce(run=smoke.folder, points=("point-0",)))


def test_a_row_trained_anew_is_the_same_and_another_seed_is_not(smoke: Run) -> None:
    failed, said = told(
        Reproduce(run=smoke.folder, points=(front(smoke),), from_scratch=True, seeds=1)
    )
    assert failed == 0 and "trained anew" in said and "over 2 seeds: test macro-F1 " in said
    assert said.count("the row's, byte for byte") == 2, "the run's own and the one made anew"
    assert said.count("another") == 1


def test_a_baseline_is_not_drawn_and_not_made_again_from_an_artifact(smoke: Run) -> None:
    points = smoke.tables["points"]
    baseline = str(points.loc[points["family"] == "baseline", "point"].iloc[0])
    with pytest.raises(ValueError, match=f"has an artifact, got {baseline}, which is a baseline"):
        told(Reproduce(run=smoke.folder, points=(baseline,)))
    drawn = read_record(smoke.folder, (), len(points), 0).rows
    assert {row["point"] for row in drawn} == set(smoke.searched["point"])


def test_nothing_asked_for_is_refused() -> None:
    with pytest.raises(ValueError, match="points or a sample, got no point and 0 drawn"):
        Reproduce(run=Path("anywhere"))
    with pytest.raises(ValueError, match="trained from scratch, got --seeds 2"):
        Reproduce(run=Path("anywhere"), sample=1, seeds=2)
