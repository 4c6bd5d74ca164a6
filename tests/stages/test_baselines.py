"""Baselines as stages: rows of `points` on the embedded sample."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emoray.metrics.scores import score
from emoray.stages.baselines import KINDS, MODEL, MeasureBaselineLatency, baselines_of
from emoray.stages.spec import Data
from emoray.storage.store.keys import id_of, key_of
from emoray.storage.store.local import Store
from emoray.tables.files import read_table
from emoray.tables.point_rows import MeasuredPointRow
from emoray.tables.rows import LabelRow, LatencyRow

TAXONOMY = "sentiment"


@pytest.fixture(scope="module")
def made(data: Data, tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, dict[str, Path]]:
    store = Store(tmp_path_factory.mktemp("baselines"))
    asked = baselines_of(data.corpus, TAXONOMY)
    return store, {str(each.kind): store.make(each).folder for each in asked}


def points(folder: Path) -> pd.Series:
    return read_table(folder / "points.parquet", MeasuredPointRow).to_pandas().iloc[0]


def test_each_baseline_is_one_row_that_can_be_read_and_has_no_artifact(
    made: tuple[Store, dict[str, Path]],
) -> None:
    _, folders = made
    assert list(folders) == [str(kind) for kind in KINDS]
    rows = pd.DataFrame([points(folder) for folder in folders.values()])
    assert (rows["family"] == "baseline").all() and rows["point"].is_unique
    assert (rows["artifact_sha256"] == "").all()
    for column in ("vectors", "pooling", "scheme", "grain", "training"):
        assert (rows[column] == "none").all(), column
    assert not rows[["layers", "truncated_share", "trainable_vectors"]].to_numpy().any()
    assert (rows[["bits", "embedding_bits"]] == 32).all(axis=None) and rows["symmetric"].all()
    assert rows["recipe"].tolist() == [f"{TAXONOMY} {kind}" for kind in KINDS]


def test_no_label_at_all_earns_nothing_and_the_prior_what_always_saying_yes_earns(
    made: tuple[Store, dict[str, Path]], data: Data
) -> None:
    _, folders = made
    never, prior, _ = (points(folder) for folder in folders.values())
    assert never["dev_macro_f1"] == never["test_macro_f1"] == never["test_micro_f1"] == 0
    test = data.corpus.read(TAXONOMY).test
    always = score(np.zeros(test.labels_NK.shape), test.labels_NK, np.zeros(4)).macro_f1
    assert prior["test_macro_f1"] == pytest.approx(always)
    assert prior["test_ece"] < never["test_ece"]
    assert prior["test_nll"] < never["test_nll"]


def test_tf_idf_beats_the_prior_and_is_scored_from_what_one_would_ship(
    made: tuple[Store, dict[str, Path]], data: Data
) -> None:
    _, folders = made
    _, prior, tfidf = (points(folder) for folder in folders.values())
    assert tfidf["test_macro_f1"] > prior["test_macro_f1"] + 0.05
    assert (tfidf["threshold_rule"], tfidf["temperature_rule"]) == ("per_label", "fitted")
    folder = folders[str(KINDS[2])]
    files = sum(path.stat().st_size for path in (folder / MODEL).iterdir())
    assert files < tfidf["size_bytes"] < files + 3000, "labels, thresholds and hashes beside them"
    labels = read_table(folder / "labels.parquet", LabelRow).to_pandas()
    assert labels["label"].tolist() == list(data.corpus.taxonomy(TAXONOMY).labels)
    assert labels["f1"].mean() == pytest.approx(tfidf["test_macro_f1"])


def test_the_same_corpus_gives_the_same_bytes(
    made: tuple[Store, dict[str, Path]], data: Data, tmp_path: Path
) -> None:
    _, folders = made
    again = Store(tmp_path)
    for each in baselines_of(data.corpus, TAXONOMY):
        folder = again.make(each).folder
        for path in folder.rglob("*"):
            if path.is_file() and path.name != "manifest.json":
                kept = folders[str(each.kind)] / path.relative_to(folder)
                assert path.read_bytes() == kept.read_bytes(), path


def test_a_baseline_is_another_stage_for_another_taxonomy_or_corpus(data: Data) -> None:
    keys = {key_of(b) for t in (TAXONOMY, "ekman") for b in baselines_of(data.corpus, t)}
    assert len(keys) == 6


def test_they_are_timed_from_text_to_labels(
    made: tuple[Store, dict[str, Path]], data: Data
) -> None:
    store, _ = made
    asked = baselines_of(data.corpus, TAXONOMY)
    stage = MeasureBaselineLatency(baselines=asked, cpu="here", cpus=1, texts=10, turns=3)
    rows = read_table(store.make(stage).folder / "latency.parquet", LatencyRow).to_pandas()
    assert set(rows["model"]) == {id_of(each) for each in asked}
    assert len(rows) == 3 * 10 * 3 and (rows["milliseconds"] > 0).all()
    assert rows.groupby("model")["text"].nunique().eq(10).all()
