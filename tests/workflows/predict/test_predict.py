"""Texts in files are scored as the artifact itself scores them, once, and go on where they were."""

import io
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from emoray.labels import SENTIMENT
from emoray.prediction import scoring
from emoray.storage.store.local import Store
from emoray.tables.scored_texts import scored_texts
from emoray.workflows.predict.predict import run_predict
from emoray.workflows.settings.predict import Predict
from tests.artifact.finished import make_artifact
from tests.prediction.made import (
    decided_anew,
    ensemble_of,
    in_sentiment,
    lines_of,
    parquet_of,
    said,
    some_texts,
)

pytestmark = pytest.mark.usefixtures("local_ray")

QUIET = Console(quiet=True)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "PART_ROWS", {"words": 16, "pieces": 16})


def rows(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return found


def begun(store: Path) -> Counter[str]:
    """How often stages of each name were begun."""
    events = Store(store).journal()
    return Counter(e["key"].rpartition("-")[0] for e in events if e["event"] == "started")


@pytest.fixture
def wanted(tmp_path: Path, overconfident: Path) -> Predict:
    return Predict(artifact=overconfident, texts=str(tmp_path / "in"), out=tmp_path / "out")


def test_every_text_has_what_the_artifact_says_of_it_in_its_row(
    wanted: Predict, tmp_path: Path, overconfident: Path
) -> None:
    texts = some_texts(60)
    parquet_of(tmp_path / "in" / "a.parquet", texts[:37], stars=pa.array(range(37), pa.int8()))
    lines_of(tmp_path / "in" / "b.jsonl", texts[37:])
    total, *labels = run_predict(replace(wanted, logits=True), QUIET)
    expected = said(overconfident, texts)
    for name, start, stop in (("a", 0, 37), ("b", 37, 60)):
        found = rows(tmp_path / "out" / f"{name}.parquet")
        assert [row["text"] for row in found] == texts[start:stop]
        for row, one in zip(found, expected[start:stop], strict=True):
            # Whom a text shares a batch with moves its last digit.
            near = {k: pytest.approx(v, abs=1e-6) if "prob" in k else v for k, v in one.items()}
            assert {k: row[k] for k in one} == near
    assert pq.read_schema(tmp_path / "out" / "a.parquet").field("stars").type == pa.int8()
    assert (total.files, total.texts, total.scored, total.failures) == (2, 60, 60, 0)
    for row in labels:
        assert row.positives == sum(row.label in each["labels"] for each in expected)
    assert pq.read_table(tmp_path / "out" / "_summary.parquet").num_rows == 1 + len(labels)
    read = [found for found in scored_texts(str(tmp_path / "out"), logits=True)]
    assert sum(map(len, read)) == 60


def test_the_same_command_again_does_nothing_and_a_grown_input_adds_what_is_new(
    wanted: Predict, tmp_path: Path
) -> None:
    texts = some_texts(80)
    lines_of(tmp_path / "in.jsonl", texts[:40])
    wanted = replace(wanted, texts=str(tmp_path / "in.jsonl"))
    run_predict(wanted, QUIET)
    store = tmp_path / "out" / "_store"
    before = begun(store)
    assert before["score_texts"] == 3
    again = run_predict(wanted, QUIET)
    assert begun(store) == before and again[0].texts == 40
    lines_of(tmp_path / "in.jsonl", texts)
    assert run_predict(wanted, QUIET)[0].texts == 80
    assert begun(store)["score_texts"] - before["score_texts"] == 3, "two parts were whole before"
    assert [row["text"] for row in rows(tmp_path / "out" / "in.parquet")] == texts


def test_other_thresholds_need_no_inference(
    wanted: Predict, tmp_path: Path, overconfident: Path
) -> None:
    texts = some_texts(40)
    parquet_of(tmp_path / "in" / "a.parquet", texts)
    run_predict(wanted, QUIET)
    before = begun(tmp_path / "out" / "_store")
    other = decided_anew(overconfident, tmp_path / "other", cut=0.7)
    anew = replace(wanted, artifact=other, out=tmp_path / "anew", redecide=tmp_path / "out")
    run_predict(anew, QUIET)
    after = begun(tmp_path / "out" / "_store")
    assert after - before == Counter({"write_shard": 1})
    found = rows(tmp_path / "anew" / "a.parquet")
    assert [row["labels"] for row in found] == [row["labels"] for row in said(other, texts)]
    parquet_of(tmp_path / "in" / "b.parquet", ["never seen"])
    with pytest.raises(ValueError, match=r"was scored before.*b\.parquet without kept logits"):
        run_predict(anew, QUIET)


def test_a_derived_taxonomy_is_decided_in_and_its_output_is_its_own(
    wanted: Predict, tmp_path: Path
) -> None:
    artifact, texts = in_sentiment(tmp_path / "ekman"), some_texts(40)
    parquet_of(tmp_path / "in" / "a.parquet", texts)
    coarse = replace(wanted, artifact=artifact, taxonomy="sentiment", logits=True)
    _, *labels = run_predict(coarse, QUIET)
    expected = said(artifact, texts, "sentiment")
    assert any(each["labels"] for each in expected)
    for row, one in zip(rows(tmp_path / "out" / "a.parquet"), expected, strict=True):
        near = {k: pytest.approx(v, abs=1e-6) if "prob" in k else v for k, v in one.items()}
        assert {k: row[k] for k in one} == near
    positives = Counter(label for each in expected for label in each["labels"])
    assert {row.label: row.positives for row in labels} == {
        k: positives[k] for k in SENTIMENT.labels
    }
    with pytest.raises(ValueError, match=r"--taxonomy .*sentiment"):
        run_predict(replace(coarse, taxonomy=None), QUIET)
    own = replace(coarse, taxonomy=None, out=tmp_path / "own", redecide=tmp_path / "out")
    before = begun(tmp_path / "out" / "_store")
    run_predict(own, QUIET)
    assert begun(tmp_path / "out" / "_store") - before == Counter({"write_shard": 1})
    found = rows(tmp_path / "own" / "a.parquet")
    assert [row["labels"] for row in found] == [one["labels"] for one in said(artifact, texts)]


def test_a_text_without_scores_keeps_its_row_and_stands_among_failures(
    wanted: Predict, tmp_path: Path, overconfident: Path
) -> None:
    texts = [*some_texts(20), None, "x" * 100_000, *some_texts(3)]
    parquet_of(tmp_path / "in" / "a.parquet", texts)
    total, *_ = run_predict(wanted, QUIET)
    assert (total.texts, total.scored, total.failures) == (25, 24, 1)
    [failure] = rows(tmp_path / "out" / "_failures.parquet")
    assert (failure["output"], failure["row"]) == ("a.parquet", 20)
    assert failure["reason"].startswith("a text is a string, got null")
    found = rows(tmp_path / "out" / "a.parquet")
    assert found[20]["id"] == "a-20" and found[20]["labels"] is None
    assert found[21]["characters"] == 100_000
    [scored] = scored_texts(str(tmp_path / "out"))
    assert len(scored) == 24


def test_how_many_texts_there_are_is_known_from_the_first_file_on(
    wanted: Predict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emoray.console.progress.LOG_SECONDS", 0.0)
    for number in range(3):
        texts = [f"{text} {number}" for text in some_texts(40)]
        lines_of(tmp_path / "in" / f"{number}.jsonl", texts)
    console = Console(file=io.StringIO(), width=400)
    run_predict(replace(wanted, workers=1), console)
    said = console.file.getvalue()  # type: ignore[attr-defined]
    lines = [line for line in said.splitlines() if line.startswith("scored ")]
    first = next(line for line in lines if not line.startswith("scored 0"))
    assert first.startswith("scored 16/120 texts") and "ETA" in first
    assert lines[-1].startswith("scored 120/120 texts")


def test_an_ensemble_scores_as_its_artifact_does(
    wanted: Predict, tmp_path: Path, overconfident: Path
) -> None:
    other = make_artifact(tmp_path / "other", seed=1)
    ensemble = ensemble_of(tmp_path / "both", overconfident, other)
    texts = some_texts(40)
    parquet_of(tmp_path / "in" / "a.parquet", texts)
    run_predict(replace(wanted, artifact=ensemble), QUIET)
    expected = said(ensemble, texts)
    alone = said(overconfident, texts)
    found = rows(tmp_path / "out" / "a.parquet")
    for row, one in zip(found, expected, strict=True):
        near = {k: pytest.approx(v, abs=1e-6) if "prob" in k else v for k, v in one.items()}
        assert {k: row[k] for k in one} == near
    assert [row["labels"] for row in found] != [one["labels"] for one in alone]
