import io
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from emoray.artifact import runtime
from emoray.data.importing.settings import CorpusSource
from emoray.metrics.bootstrap import symmetric_interval, usual_weights
from emoray.metrics.resampled import resampled
from emoray.metrics.scores import score
from emoray.stages.artifact_scoring import ArtifactEvaluation
from emoray.storage.store.local import Store
from emoray.tables.files import read_table
from emoray.tables.finished_rows import EvaluationRow
from emoray.tables.rows import LatencyRow
from emoray.workflows.calibrate_tables import below_baselines
from emoray.workflows.evaluate import TEXTS, TURNS, _baselines, run_evaluate
from emoray.workflows.settings.evaluate import Evaluate, Gates
from tests.artifact.finished import bytes_of

QUIET = Console(file=sys.stderr, quiet=True)


@pytest.fixture(scope="module")
def settings(overconfident: Path, tmp_path_factory: pytest.TempPathFactory) -> Evaluate:
    return Evaluate(artifact=overconfident, out=tmp_path_factory.mktemp("out"), download=False)


@pytest.fixture(scope="module")
def row(settings: Evaluate, overconfident: Path) -> EvaluationRow:
    """What is found without any gate; the artifact stays as it was."""
    before = bytes_of(overconfident)
    found = run_evaluate(settings, QUIET)
    assert bytes_of(overconfident) == before
    return found


def test_an_artifact_is_scored_as_it_stands(
    row: EvaluationRow, evaluation: ArtifactEvaluation, overconfident: Path
) -> None:
    said = evaluation.split_logits("test")
    wanted = score(said.logits_NK, said.labels_NK, np.zeros(4))
    assert (row.macro_f1, row.micro_f1) == pytest.approx((wanted.macro_f1, wanted.micro_f1))
    assert row.macro_f1_low < row.macro_f1 < row.macro_f1_high
    assert row.size_bytes == sum(runtime.sizes(overconfident).values())
    assert row.passed and not row.failed and row.min_macro_f1 is None


def test_what_was_found_is_written_with_every_timed_call(
    settings: Evaluate, row: EvaluationRow
) -> None:
    out = settings.lands.place
    assert read_table(out / "evaluation.parquet", EvaluationRow).num_rows == 1
    samples = read_table(out / "latency.parquet", LatencyRow).to_pandas()
    assert len(samples) == TEXTS * TURNS and samples["text"].nunique() == TEXTS
    p50, p95 = np.percentile(samples["milliseconds"], [50, 95])
    assert (row.latency_p50_ms, row.latency_p95_ms) == pytest.approx((p50, p95))
    assert row.model_p50_ms == pytest.approx(samples["model_milliseconds"].median())
    assert row.model_p50_ms < row.latency_p50_ms


def test_every_failed_gate_is_one_line_with_limit_and_found(
    settings: Evaluate, capsys: pytest.CaptureFixture[str]
) -> None:
    gates = Gates(min_macro_f1=0.99, max_ece=0.001, max_latency_p95_ms=1e-4, max_size_mb=1e-4)
    judged = replace(settings, gates=gates, corpus=CorpusSource(source="sample"), name="gates")
    row = run_evaluate(judged, QUIET)
    lines = capsys.readouterr().err.splitlines()
    assert not row.passed and row.failed.count(",") == 3 and len(lines) == 4
    assert lines[0] == f"gate failed: --min-macro-f1 0.99, found macro-F1 {row.macro_f1:.4f}"
    assert "--max-latency-p95-ms 0.0001 ms, found p95 latency" in lines[2]
    assert "--max-size-mb 0.0001 MB, found size" in lines[3]
    written = read_table(judged.lands.place / "evaluation.parquet", EvaluationRow).to_pylist()[0]
    assert not written["passed"] and written["max_ece"] == 0.001


def test_a_gate_lets_its_own_value_pass(row: EvaluationRow) -> None:
    size = row.size_bytes / 1e6
    just = Gates(min_macro_f1=row.macro_f1, max_ece=row.ece, max_size_mb=size)
    assert list(just.failed(asdict(row))) == []
    more = Gates(min_macro_f1=np.nextafter(row.macro_f1, 1))
    assert [gate for gate, _ in more.failed(asdict(row))] == ["min_macro_f1"]


def test_a_gate_on_low_asks_the_worse_end_of_the_interval(
    settings: Evaluate, row: EvaluationRow
) -> None:
    assert row.gate_on == "value"
    between = Gates(
        min_macro_f1=(row.macro_f1 + row.macro_f1_low) / 2,
        max_ece=(row.ece + row.ece_high) / 2,
        max_size_mb=row.size_bytes / 1e6,
        max_latency_p95_ms=100 * row.latency_p95_ms,
    )
    assert not dict(between.failed(asdict(row)))
    asked = replace(between, on="low")
    failed = dict(asked.failed(asdict(row)))
    assert set(failed) == {"min_macro_f1", "max_ece"}, "what has no interval has its value"
    assert failed["min_macro_f1"].endswith(
        f"found macro-F1 {row.macro_f1:.4f}, lower end of its 95 % interval {row.macro_f1_low:.4f}"
    )
    assert f"upper end of its 95 % interval {row.ece_high:.4f}" in failed["max_ece"]
    ends = replace(asked, min_macro_f1=row.macro_f1_low, max_ece=row.ece_high)
    assert not dict(ends.failed(asdict(row))), "the end itself passes"
    sample = CorpusSource(source="sample")
    timeless = replace(asked, max_latency_p95_ms=None)  # another run has other times
    asked_again = replace(settings, gates=timeless, corpus=sample, name="low")
    written = run_evaluate(asked_again, QUIET)
    assert written.gate_on == "low" and written.failed == "min_macro_f1,max_ece"


def test_the_baselines_of_the_corpus_stand_beside_it_made_once(
    settings: Evaluate, tmp_path: Path
) -> None:
    out = io.StringIO()
    console = Console(file=out, width=200)
    row = run_evaluate(replace(settings, out=tmp_path), console)
    said = out.getvalue()
    assert "Beside baselines on test, thresholds from dev" in said
    assert said.index("all-negative") < said.index("label prior") < said.index("tf-idf")
    assert f"{row.macro_f1:+.4f}" in said, "so far above no label at all"
    assert "the artifact" in said and said.count("95 % interval") == 2
    events = [e["event"] for e in Store(tmp_path / "_store").journal()]
    run_evaluate(replace(settings, out=tmp_path, split="dev"), console)
    again = [e["event"] for e in Store(tmp_path / "_store").journal()]
    assert again[: len(events)] == events and again[len(events) :] == ["started", "made"]
    assert "Beside baselines on dev, thresholds cross-fitted" in out.getvalue()


def test_what_is_gained_over_a_baseline_has_a_paired_interval(
    settings: Evaluate, evaluation: ArtifactEvaluation
) -> None:
    beside = _baselines(evaluation, "test", QUIET)
    assert beside is not None
    said = evaluation.split_logits("test")
    weights_BN = usual_weights(said.labels_NK)
    mine = resampled((said.logits_NK, evaluation.subject.cuts_K[None]), said.labels_NK, weights_BN)
    (nothing,) = (row for row in beside if row["recipe"].endswith("all-negative"))
    macro_f1 = nothing["compared"].macro_f1
    # Beside no label at all, whose F1 is 0 in every resample, a gain is as sure as the score.
    wanted = symmetric_interval(mine.value("macro_f1"), mine.deviation("macro_f1"))
    assert (macro_f1.low, macro_f1.high) == pytest.approx([float(end[0]) for end in wanted])
    for row in beside:
        change = mine.value("macro_f1")[0] - row["test_macro_f1"]  # of the decisions of that row
        assert row["compared"].macro_f1.value == pytest.approx(change), row["recipe"]
    assert {row["compared"] for row in _baselines(evaluation, "dev", QUIET) or ()} == {None}


def test_an_artifact_that_beats_no_baseline_is_warned_of(row: EvaluationRow) -> None:
    row = replace(row, macro_f1=0.0)
    beside = [
        {"recipe": "sentiment all-negative", "taxonomy": "sentiment", "test_macro_f1": 0.0},
        {"recipe": "sentiment label prior", "taxonomy": "sentiment", "test_macro_f1": 0.2},
    ]
    assert "not better than all-negative and label prior in macro-F1 on test" in below_baselines(
        row, beside
    )
    assert below_baselines(replace(row, macro_f1=0.3), beside) == ""


def test_dev_is_scored_when_asked_for(settings: Evaluate, evaluation: ArtifactEvaluation) -> None:
    row = run_evaluate(replace(settings, split="dev", name="dev"), QUIET)
    assert row.texts == len(evaluation.corpus.dev) and row.macro_f1_unleaked is None


@pytest.mark.parametrize(
    ("gates", "said"),
    [
        ({"min_macro_f1": 60.0}, r"min_macro_f1 lies in \[0, 1\], got 60.0: give a share"),
        ({"max_ece": -0.1}, r"max_ece lies in \[0, 1\], got -0.1"),
        ({"max_size_mb": 0.0}, r"max_size_mb is finite and above 0, got 0.0: leave it out"),
        ({"max_latency_p95_ms": float("nan")}, "max_latency_p95_ms is finite and above 0, got nan"),
    ],
)
def test_a_gate_without_sense_is_refused(gates: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Gates(**gates)


def test_an_evaluation_without_sense_is_refused(overconfident: Path) -> None:
    with pytest.raises(ValueError, match="scored on dev or test, got 'train'"):
        Evaluate(artifact=overconfident, split="train")
    with pytest.raises(ValueError, match="threads are counted from 1, got 0"):
        Evaluate(artifact=overconfident, threads=0)
