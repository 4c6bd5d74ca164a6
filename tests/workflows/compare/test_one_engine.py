"""One pair has one interval, one verdict and one sentence, whoever is asked. Shapes: N texts,
K labels."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from rich.console import Console

from emoray.metrics.bootstrap import usual_weights
from emoray.metrics.change import MARGIN, Change
from emoray.metrics.comparison import Comparison
from emoray.metrics.seed_gain import seed_gain, seed_scores
from emoray.stages.artifact_scoring import ArtifactEvaluation
from emoray.stages.baselines import baseline_decisions, baselines_of
from emoray.stages.comparisons import RETUNED
from emoray.stages.encoding import read_texts
from emoray.stages.plan import comparing
from emoray.stages.point_rows import point_ids
from emoray.stages.predictions import prediction_source, write_predictions
from emoray.stages.resampled_scores import read_macro_f1
from emoray.storage.store.keys import id_of
from emoray.tables.comparing_points import compare_points
from emoray.tables.comparison_rows import ComparisonRow
from emoray.tables.evidence_rows import PredictionRow
from emoray.tables.files import read_table
from emoray.tables.nearest import with_nearest
from emoray.tables.point_rows import MeasuredPointRow
from emoray.tables.rows import LabelRow
from emoray.workflows.calibration import Calibrated, calibration_changes
from emoray.workflows.compare.compare import run_compare
from emoray.workflows.compress import judging
from emoray.workflows.evaluate import _paired
from emoray.workflows.settings.compare import CompareModels
from tests.stages.chain import RECIPE, Chain

FLOAT, SMALL, RULE = 0, 3, 2  # models of the chain, and the position of a decision on both


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What `jobs.compare` says of two files of saved predictions."""

    row: ComparisonRow
    said: str

    def agrees(self, change: Change, verdict: str) -> bool:
        """Whether another says the same, to the digits that are kept of a deviation."""
        mine = np.array(
            [
                *(self.row.macro_f1_change, self.row.macro_f1_low, self.row.macro_f1_high),
                *(self.row.equivalence_low, self.row.equivalence_high),
            ]
        )
        theirs = np.array(
            [
                *(change.value, change.low, change.high),
                *(change.equivalence_low, change.equivalence_high),
            ]
        )
        return bool(np.abs(mine - theirs).max() < 2e-5) and verdict == self.row.verdict

    def agrees_wholly(self, found: Comparison) -> bool:
        """To the last word."""
        counts = ("mcnemar_p", "texts_lost", "texts_won", "decisions_changed", "resamples")
        assert all(getattr(found, name) == getattr(self.row, name) for name in counts)
        return self.agrees(found.macro_f1, found.verdict) and found.words in self.said


@pytest.fixture
def ask(tmp_path: Path) -> Callable[..., Asked]:
    def asked(truth_NK: np.ndarray, **saved: tuple[np.ndarray, np.ndarray] | np.ndarray) -> Asked:
        names = [f"label {k}" for k in range(truth_NK.shape[1])]
        for name, side in saved.items():
            arrays = (
                {"logits": side[0], "cuts": side[1]}
                if isinstance(side, tuple)
                else {"decisions": side}
            )
            np.savez(tmp_path / f"{name}.npz", truth=truth_NK, names=np.array(names), **arrays)
        operands = tuple(str(tmp_path / f"{name}.npz") for name in saved)
        log = io.StringIO()
        settings = CompareModels(operands=operands, out=tmp_path, figures=False)
        place = run_compare(settings, Console(file=log, width=10_000))
        (row,) = read_table(Path(str(place)) / "comparisons.parquet", ComparisonRow).to_pylist()
        return Asked(row=ComparisonRow(**row), said=log.getvalue())

    return asked


def sides(chain: Chain) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]], list[str]]:
    """truth_NK; logits and cuts of the two models under one decision; their points."""
    found, points = [], []
    for m in (FLOAT, SMALL):
        decide, folder = chain.decided[m], chain.folders[m]
        points.append(point_ids(decide.compressed, decide.decisions)[RULE])
        labels = read_table(folder / "labels.parquet", LabelRow).to_pandas()
        cuts_K = labels.loc[labels["point"] == points[-1], "cut"].to_numpy()
        with np.load(chain.store.folder(decide.scored) / "logits.npz") as data:
            found.append((data["test"], cuts_K))
    truth_NK = read_texts(chain.store.folder(chain.decided[0].text), "test")[1]
    return truth_NK, found, points


def read_run(chain: Chain, folder: Path) -> Callable[[str], pa.Table]:
    """The tables of a run that keeps what both models say."""
    models = [id_of(chain.decided[m].compressed) for m in (FLOAT, SMALL)]
    write_predictions(chain.store, prediction_source(chain.decided), models, folder)
    labels = [read_table(chain.folders[m] / "labels.parquet", LabelRow) for m in (FLOAT, SMALL)]
    names = json.dumps(chain.data.corpus.taxonomy(RECIPE.taxonomy).labels)
    runs = [{"taxonomy": RECIPE.taxonomy, "labels": names}]
    tables = {
        "labels": pa.concat_tables(labels),
        "predictions": read_table(folder / "predictions.parquet", PredictionRow),
        "runs": pa.Table.from_pylist(runs),
    }
    return tables.__getitem__


def test_compare_compress_sweep_front_run_and_techniques_say_the_same_of_two_models(
    chain: Chain, ask: Callable[..., Asked], tmp_path: Path
) -> None:
    truth_NK, (float_side, small_side), points = sides(chain)
    asked = ask(truth_NK, before=float_side, after=small_side)
    assert asked.row.decisions_changed > 0

    text = chain.store.folder(chain.decided[0].text)
    folders = [chain.store.folder(chain.decided[m].scored) for m in (FLOAT, SMALL)]
    decision = chain.decided[0].decisions[RULE]
    outcomes = [judging.score_variant(judging.read_logits(f, text), decision) for f in folders]
    assert asked.agrees_wholly(judging.variant_cost(*outcomes)), "jobs.compress, and the peers"

    both = pd.concat(
        [
            read_table(chain.folders[m] / "points.parquet", MeasuredPointRow).to_pandas()
            for m in (FLOAT, SMALL)
        ]
    )
    pair = both[both["point"].isin(points)].assign(on_front=[True, False], size_bytes=[1, 2])
    read = read_run(chain, tmp_path)
    before, after = ((row, read) for _, row in pair.iterrows())
    assert asked.agrees_wholly(compare_points(before, after, MARGIN).comparison), "Run.compare"

    stage = comparing(chain.decided[SMALL])
    assert stage is not None
    rows = read_table(chain.store.make(stage).folder / "comparisons.parquet", ComparisonRow)
    (swept,) = (
        row for row in rows.to_pylist() if (row["after"], row["thresholds"]) == (points[1], RETUNED)
    )
    for column, value in swept.items():
        if column not in ("before", "after", "thresholds"):
            assert getattr(asked.row, column) == pytest.approx(value, abs=1e-12), column

    drawn = {
        id_of(chain.decided[m].compressed): read_macro_f1(chain.folders[m]) for m in (FLOAT, SMALL)
    }
    near = with_nearest(pair, lambda model: drawn[model])
    assert near["nearest_front"][1] == points[0]
    assert near["nearest_front_low"][1] == pytest.approx(asked.row.macro_f1_low, abs=1e-12)
    assert near["nearest_front_high"][1] == pytest.approx(asked.row.macro_f1_high, abs=1e-12)

    weights_BN = usual_weights(truth_NK)
    alone = [seed_scores([z >= c], truth_NK, weights_BN).macro for z, c in (float_side, small_side)]
    change = seed_gain(*alone).change
    assert asked.agrees(change, change.verdict(MARGIN)), "jobs.improve_f1 of one seed"


def test_compare_and_calibrate_say_the_same_of_two_decisions(
    calibrated: Calibrated, ask: Callable[..., Asked]
) -> None:
    logits = calibrated.logits
    for after in ("one t=fitted", "per_label t=1.0"):
        at = 0, calibrated.names.index(after)
        saved = [(logits.test_NK, calibrated.cuts_RK[r]) for r in at]
        asked = ask(logits.test_labels_NK, before=saved[0], after=saved[1])
        assert asked.agrees_wholly(calibrated.compared(*at))
        (row,) = (
            row
            for row in calibration_changes(calibrated)
            if (row.before, row.after, row.measure) == ("saved", after, "macro_f1")
        )
        assert (row.change_low, row.change_high) == (
            asked.row.macro_f1_low,
            asked.row.macro_f1_high,
        )
        assert (row.verdict, row.margin) == (asked.row.verdict, asked.row.margin)


def test_compare_and_evaluate_say_the_same_of_an_artifact_and_its_baselines(
    evaluation: ArtifactEvaluation, ask: Callable[..., Asked]
) -> None:
    said = evaluation.split_logits("test")
    corpus = evaluation.corpus_ref
    made = {
        id_of(each): evaluation.store.make(each).folder
        for each in baselines_of(corpus, evaluation.taxonomy.name)
    }
    for model, found in _paired(evaluation, made).items():
        decided_NK = baseline_decisions(made[model], said.inputs)
        artifact = said.logits_NK, evaluation.subject.cuts_K
        asked = ask(said.labels_NK, before=decided_NK, after=artifact)
        assert asked.agrees_wholly(found), model
