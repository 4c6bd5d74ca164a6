from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emoray.tables.compact import Compacted, compact
from emoray.tables.front import on_front
from emoray.tables.parts import part_path, write_part
from emoray.tables.point_rows import MeasuredPointRow
from emoray.tables.rows import TABLES, FailureRow, LatencyRow, TrainingRow
from tests.tables.made import make_run, row, run_table


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame, Compacted]:
    folder = tmp_path_factory.mktemp("runs") / "quick"
    points = make_run(folder, taxonomies=("ekman", "sentiment"), dims=(25, 50), bits=(32, 8, 4))
    return folder, points, compact(folder)


def test_plain_pandas_reads_every_table(run: tuple[Path, pd.DataFrame, Compacted]) -> None:
    folder, _, done = run
    for name in TABLES:
        assert len(pd.read_parquet(folder / f"{name}.parquet")) == done.rows[name]


def test_all_points_of_all_parts_are_there_once(run: tuple[Path, pd.DataFrame, Compacted]) -> None:
    folder, points, _ = run
    read = pd.read_parquet(folder / "points.parquet")
    assert read["point"].is_unique
    assert set(read["point"]) == set(points["point"])


def test_whatever_is_no_table_starts_with_an_underscore(
    run: tuple[Path, pd.DataFrame, Compacted],
) -> None:
    folder, _, _ = run
    others = [p.name for p in folder.iterdir() if p.suffix != ".parquet"]
    assert all(name.startswith("_") for name in others)


def test_the_same_parts_give_the_same_bytes(run: tuple[Path, pd.DataFrame, Compacted]) -> None:
    folder, _, _ = run
    before = {name: (folder / f"{name}.parquet").read_bytes() for name in TABLES}
    compact(folder)
    assert before == {name: (folder / f"{name}.parquet").read_bytes() for name in TABLES}


def test_the_front_is_set_by_taxonomy_and_on_dev(run: tuple[Path, pd.DataFrame, Compacted]) -> None:
    folder, _, _ = run
    read = pd.read_parquet(folder / "points.parquet")
    assert (read["on_front"] == on_front(read)).all()
    for _, rows in read.groupby("taxonomy"):
        best = rows.loc[rows["dev_macro_f1"].idxmax()]
        assert rows["on_front"].any()
        assert best["on_front"]


def test_latency_is_the_percentile_of_the_raw_samples(
    run: tuple[Path, pd.DataFrame, Compacted],
) -> None:
    folder, _, _ = run
    read = pd.read_parquet(folder / "points.parquet").set_index("model")
    models = pd.read_parquet(folder / "latency.parquet").groupby("model")
    samples = models["milliseconds"]
    for model in list(samples.groups)[:4]:
        if model != "baseline":
            raw = samples.get_group(model)
            assert read.loc[[model], "latency_p50_ms"].iloc[0] == np.percentile(raw, 50)
            assert read.loc[[model], "latency_p95_ms"].iloc[0] == np.percentile(raw, 95)
            alone = models.get_group(model)["model_milliseconds"]
            assert read.loc[[model], "model_p50_ms"].iloc[0] == np.percentile(alone, 50)
    untimed = ~read.index.isin(list(samples.groups))
    assert read.loc[untimed, "latency_p50_ms"].isna().all()


def test_repeats_are_mean_and_sample_deviation_over_seeds(
    run: tuple[Path, pd.DataFrame, Compacted],
) -> None:
    folder, _, _ = run
    repeats = pd.read_parquet(folder / "repeats.parquet")
    points = pd.read_parquet(folder / "points.parquet")
    one = repeats[repeats["temperature"] == "fitted"].iloc[7]
    same = points[
        (points["recipe"] == one["recipe"])
        & (points["scheme"] == one["scheme"])
        & (points["threshold_rule"] == one["threshold_rule"])
        & (points["temperature_rule"] == "fitted")
    ]
    assert one["seeds"] == len(same) == 3
    assert one["dev_macro_f1_mean"] == pytest.approx(same["dev_macro_f1"].mean())
    assert one["test_macro_f1_std"] == pytest.approx(same["test_macro_f1"].std(ddof=1))


def test_fixed_temperatures_are_no_repeats_of_each_other(tmp_path: Path) -> None:
    rows = [
        row(MeasuredPointRow, point=f"p{k}", temperature=k / 2, temperature_rule="fixed", seed=0)
        for k in (1, 2)
    ]
    write_part(rows, tmp_path, "points", "trial")
    compact(tmp_path)
    repeats = run_table(tmp_path, "repeats").to_pandas()
    assert list(repeats["temperature"]) == ["0.5", "1"]
    assert repeats["dev_macro_f1_std"].isna().all(), "one seed has no spread"


def test_a_row_of_two_parts_counts_once_and_the_later_part_wins(tmp_path: Path) -> None:
    for part, loss in (("a", 0.5), ("b", 0.25)):
        rows = [row(TrainingRow, epoch=e, train_loss=loss) for e in (1, 2)]
        write_part(rows, tmp_path, "trainings", part)
    compact(tmp_path)
    assert run_table(tmp_path, "trainings").column("train_loss").to_pylist() == [0.25, 0.25]


def test_latency_at_the_fewest_threads_counts(tmp_path: Path) -> None:
    write_part([row(MeasuredPointRow, model="m")], tmp_path, "points", "trial")
    samples = [row(LatencyRow, model="m", turn=t, milliseconds=2.0) for t in range(9)]
    samples += [row(LatencyRow, model="m", turn=0, threads=2, milliseconds=1.0)]
    write_part(samples, tmp_path, "latency", "trial")
    compact(tmp_path)
    assert run_table(tmp_path, "points").column("latency_p50_ms").to_pylist() == [2.0]


def test_a_damaged_part_is_named_and_the_rest_is_kept(tmp_path: Path) -> None:
    for part in ("good", "bad"):
        write_part([row(FailureRow, trial=part)], tmp_path, "failures", part)
    bad = part_path(tmp_path, "failures", "bad")
    bad.write_bytes(bad.read_bytes()[:-20])
    done = compact(tmp_path)
    assert done.damaged == (bad,)
    assert "must pass its checksums" in done.errors[0]
    assert run_table(tmp_path, "failures").column("trial").to_pylist() == ["good"]


def test_damaged_parts_of_several_tables_are_all_named(tmp_path: Path) -> None:
    for table, row_class in (("failures", FailureRow), ("trainings", TrainingRow)):
        write_part([row(row_class)], tmp_path, table, "good")
        part_path(tmp_path, table, "bad").write_bytes(b"PAR1")
    done = compact(tmp_path)
    assert {path.parent.name for path in done.damaged} == {"failures", "trainings"}
    assert done.rows["failures"] == done.rows["trainings"] == 1


def test_a_row_without_a_score_stands_on_no_front(tmp_path: Path) -> None:
    scores = {"a": 0.5, "b": float("nan")}
    rows = [row(MeasuredPointRow, point=p, dev_macro_f1=score) for p, score in scores.items()]
    write_part(rows, tmp_path, "points", "trial")
    compact(tmp_path)
    assert run_table(tmp_path, "points").column("on_front").to_pylist() == [True, False]


def test_a_folder_without_parts_is_refused_and_its_tables_are_kept(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"a run's folder holds _parts/, .* does not: run the sweep"
    ):
        compact(tmp_path)
