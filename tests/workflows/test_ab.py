"""Two artifacts on live traffic, from log to tables, words and page."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from emoray.storage.s3 import S3Folder
from emoray.tables.ab_rows import AbLabelRow, AbLatencyRow, AbLookRow
from emoray.tables.files import read_table
from emoray.workflows.ab import run_ab
from emoray.workflows.settings.ab import LiveComparison
from tests.experiments.made import (
    MINUTE,
    NAMES,
    ONE,
    START,
    TWO,
    decisions,
    write_labels,
    write_log,
    write_output,
)

LABELS, BEFORE, AFTER = decisions(1, 3_000, loses=0.08)


def shadow_log(folder: Path) -> Path:
    write_log(folder, BEFORE)
    write_log(folder, AFTER, artifact=TWO, role="shadow", milliseconds=0.5)
    return folder


def compared(out: Path, **settings: Any) -> tuple[Any, str]:
    console = Console(file=io.StringIO(), width=300)
    place = run_ab(LiveComparison(out=out, figures=False, **settings), console)
    return place, " ".join(console.file.getvalue().split())  # type: ignore[attr-defined]


def test_a_shadow_tells_where_both_decide_otherwise_and_how_fast(tmp_path: Path) -> None:
    place, said = compared(tmp_path / "out", log=str(shadow_log(tmp_path / "log")))
    now = read_table(place / "ab.parquet", AbLookRow).to_pandas().iloc[-1]
    assert now["texts"] == 3_000 and now["design"] == "shadow" and now["verdict"] == "undecided"
    assert now["agreement"] == pytest.approx((BEFORE == AFTER).mean())
    assert now["texts_changed"] == (BEFORE != AFTER).any(axis=1).sum()
    labels = read_table(place / "ab_labels.parquet", AbLabelRow).to_pandas().set_index("label")
    assert labels.index.tolist() == list(NAMES) and labels["f1_before"].isna().all()
    assert labels["lost"].tolist() == (BEFORE & ~AFTER).sum(axis=0).tolist()
    assert labels.loc["joy", "rate_high"] < 0 and labels.loc["joy", "rate_p"] < 0.01
    share = labels["lost"] / 3_000
    assert ((labels["lost_low"] < share) & (share < labels["lost_high"])).all()
    latency = read_table(place / "ab_latency.parquet", AbLatencyRow).to_pandas().set_index("side")
    assert latency.loc["after", "p50_ms"] == pytest.approx(0.5, rel=0.05)
    assert latency.loc["ratio", "ratio_low"] <= 0.5 <= latency.loc["ratio", "ratio_high"] + 1e-6
    assert (
        "undecided: no text has a true label yet, so nobody knows which is better; --labels" in said
    )
    assert f"{100 * (BEFORE == AFTER).mean():.3f}% of label decisions agree" in said
    assert not (place / "ab.html").exists(), "no figures were asked for"


def test_labels_that_came_in_give_a_verdict_and_the_texts_still_needed(tmp_path: Path) -> None:
    log = str(shadow_log(tmp_path / "log"))
    settings: dict[str, Any] = {"log": log, "name": "same"}
    labels = tmp_path / "labels.parquet"
    verdicts, needed = [], []
    for rows in (range(150), range(250), range(3_000)):
        write_labels(labels, LABELS, rows=rows)
        place, said = compared(tmp_path / "out", labels=str(labels), effect=0.01, **settings)
        looks = read_table(place / "ab.parquet", AbLookRow).to_pandas()
        verdicts.append(looks["verdict"].iloc[-1])
        needed.append("texts still needed" in said)
        if len(rows) == 150:
            assert "undecided: 150 labelled texts, and an interval needs 200" in said
            assert "150 of 3,000 texts have true labels (5.0%)" in said
    assert verdicts == ["undecided", "undecided", "worse"] and needed == [False, True, True]
    assert "worse: macro-F1 −" in said and "always-valid 95 % interval −" in said
    assert (looks["labelled"].diff().dropna() > 0).all() and looks["labelled"].iloc[-1] == 3_000
    width = (looks["high"] - looks["low"]).to_numpy()
    assert width[-1] < width[0] / 2
    assert looks["needed"].iloc[-1] > 0 and looks["change"].iloc[-1] < 0


def test_a_label_with_too_few_texts_is_named(tmp_path: Path) -> None:
    labels_NK = LABELS.copy()
    labels_NK[np.flatnonzero(labels_NK[:, 2])[2:], 2] = False
    write_labels(tmp_path / "labels.parquet", labels_NK)
    _, said = compared(
        tmp_path / "out",
        log=str(shadow_log(tmp_path / "log")),
        labels=str(tmp_path / "labels.parquet"),
    )
    assert "needs 3 texts of every label that occurs, seen by each artifact" in said
    assert "there are fewer of fear" in said


def split_log(folder: Path, share: float, *, keys: int = 1_500, told: float | None = None) -> Path:
    rng = np.random.default_rng(0)
    second_U = rng.random(keys) < share
    unit_N = rng.integers(keys, size=3_000)
    for artifact, role, decided_NK, mine_U in (
        (ONE, "primary", BEFORE, ~second_U),
        (TWO, "split", AFTER, second_U),
    ):
        rows = np.flatnonzero(mine_U[unit_N])
        named = [f"user {unit_N[row]}" for row in rows]
        write_log(
            folder,
            decided_NK[rows],
            artifact=artifact,
            role=role,
            rows=rows.tolist(),
            keys=named,
            split_share=told,
        )
    return folder


def test_split_traffic_is_held_against_its_plan(tmp_path: Path) -> None:
    log = str(split_log(tmp_path / "log", 0.5))
    write_labels(tmp_path / "labels.parquet", LABELS)
    settings: dict[str, Any] = {"log": log, "labels": str(tmp_path / "labels.parquet")}
    place, said = compared(tmp_path / "out", share=0.5, **settings)
    now = read_table(place / "ab.parquet", AbLookRow).to_pandas().iloc[-1]
    assert now["design"] == "split" and pd.isna(now["agreement"]) and now["split_p"] > 0.05
    assert now["key_effect"] >= 1 and now["texts_before"] + now["texts_after"] == now["texts"]
    assert "traffic splits as planned" in said and "warning" not in said
    labels = read_table(place / "ab_labels.parquet", AbLabelRow).to_pandas()
    assert labels["gained"].isna().all() and labels["f1_change"].notna().all()
    _, said = compared(tmp_path / "out", share=0.1, name="other", **settings)
    assert "warning: traffic does not split as planned" in said
    assert "--split-share says what was planned" in said


def test_the_share_of_a_split_is_what_the_log_says_of_it(tmp_path: Path) -> None:
    log = split_log(tmp_path / "log", 0.5, told=0.5)
    _, said = compared(tmp_path / "out", log=str(log))
    assert "traffic splits as planned" in said and "warning" not in said
    _, said = compared(tmp_path / "out", log=str(log), share=0.1, name="other")
    assert "warning: traffic does not split as planned" in said, "what is asked for counts first"
    write_log(log, BEFORE[:9], role="split", artifact=TWO, split_share=0.25, request="later")
    with pytest.raises(ValueError, match=r"by one share, the log has 0\.25 and 0\.5: name"):
        compared(tmp_path / "out", log=str(log), name="third")


def test_split_traffic_of_few_keys_and_of_keys_that_both_answered_is_warned_of(
    tmp_path: Path,
) -> None:
    log = split_log(tmp_path / "log", 0.5, keys=60)
    _, said = compared(tmp_path / "out", log=str(log), share=0.5)
    assert "keys or requests came to the two artifacts: of fewer than 50 each nobody knows" in said
    assert "answered by both" not in said
    for artifact, role, rows in ((ONE, "primary", [0, 2]), (TWO, "split", [1, 3])):
        write_log(
            tmp_path / "mixed",
            BEFORE[rows],
            artifact=artifact,
            role=role,
            rows=rows,
            keys=["u"] * 2,
        )
    _, said = compared(tmp_path / "out", log=str(tmp_path / "mixed"), share=0.5)
    assert "warning: 1 keys or requests were answered by both artifacts: a key should" in said


def test_outputs_of_batch_inference_are_compared_by_their_texts(tmp_path: Path) -> None:
    for name, decided_NK, artifact in (("old", BEFORE, ONE), ("new", BEFORE, TWO)):
        write_output(tmp_path / name / "part.parquet", decided_NK, artifact=artifact)
    write_labels(tmp_path / "labels.parquet", LABELS)
    place, said = compared(
        tmp_path / "out",
        before=str(tmp_path / "old"),
        after=str(tmp_path / "new"),
        labels=str(tmp_path / "labels.parquet"),
        margin=0.02,
    )
    assert "equivalent within ±2 points: macro-F1 0.00 points" in said
    assert read_table(place / "ab_latency.parquet", AbLatencyRow).num_rows == 0
    assert "milliseconds" not in said
    assert place.name == "ab-new"


def test_outputs_of_rewritten_texts_are_joined_by_a_column_that_names_them(tmp_path: Path) -> None:
    ids = np.arange(3_000)
    write_output(tmp_path / "old.parquet", BEFORE, artifact=ONE, row_id=ids)
    write_output(
        tmp_path / "new.parquet", AFTER[::-1], artifact=TWO, row_id=ids[::-1], words="rewritten"
    )
    settings = {"before": str(tmp_path / "old.parquet"), "after": str(tmp_path / "new.parquet")}
    place, _ = compared(tmp_path / "out", id_column="row_id", **settings)
    now = read_table(place / "ab.parquet", AbLookRow).to_pandas().iloc[-1]
    assert now["texts"] == 3_000 and now["agreement"] == pytest.approx((BEFORE == AFTER).mean())
    with pytest.raises(ValueError, match=r"got none in both of 3,000 and 3,000: run jobs.predict"):
        compared(tmp_path / "out", **settings)
    with pytest.raises(ValueError, match=r"got no 'id' among body, labels, .*: name another, or l"):
        compared(tmp_path / "out", id_column="id", **settings)


def test_labels_of_other_texts_are_refused(tmp_path: Path) -> None:
    log = shadow_log(tmp_path / "log")
    (tmp_path / "labels.csv").write_text("text,labels\nanother text,joy\n")
    with pytest.raises(ValueError, match=r"got 1 in .*labels.csv of which none is among 3,000"):
        compared(tmp_path / "out", log=str(log), labels=str(tmp_path / "labels.csv"))


def test_a_damaged_file_of_the_log_is_named(tmp_path: Path) -> None:
    log = shadow_log(tmp_path / "log")
    path = sorted(log.iterdir())[0]
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=rf"a Parquet file must be whole, .*{path.name} is not"):
        compared(tmp_path / "out", log=str(log))
    assert not (tmp_path / "out").exists(), "nothing is written"


def test_a_log_in_a_bucket_is_compared_into_a_bucket(tmp_path: Path, s3: S3Folder) -> None:
    for path in shadow_log(tmp_path / "log").iterdir():
        (s3 / "log").upload(path.name, path)
    console = Console(file=io.StringIO(), width=300)
    place = run_ab(LiveComparison(out=s3 / "out", log=f"{s3}/log", figures=False), console)
    assert read_table(place / "ab.parquet", AbLookRow).num_rows > 10


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, r"answers of two artifacts are compared, got none: name a request log with --log"),
        ({"before": "x"}, r"answers of two artifacts are compared, got one"),
        ({"log": "x", "after": "ab"}, r"both artifacts are named or none, got one"),
        ({"log": "x", "id_column": "id"}, r"a log joins texts by their requests, got --id-column"),
        ({"log": "x", "effect": 2.0}, r"a planned effect lies in \(0, 1\), got 2.0"),
        ({"log": "x", "margin": 0.0}, r"a margin of equivalence lies in \(0, 1\), got 0.0"),
        ({"log": "x", "planned": 10}, r"planned texts are 200 or more, got 10"),
        ({"log": "x", "share": 1.0}, r"a split's share lies in \(0, 1\), got 1.0"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        LiveComparison(**settings)


def test_times_are_those_of_the_texts(tmp_path: Path) -> None:
    place, _ = compared(tmp_path / "out", log=str(shadow_log(tmp_path / "log")))
    times = pd.to_datetime(read_table(place / "ab.parquet", AbLookRow)["time"].to_pandas())
    last = pd.Timestamp(START + 2_999 * MINUTE, unit="us", tz="UTC").floor("s")
    assert times.is_monotonic_increasing and times.iloc[-1] == last
