"""From logits of trainings to rows and a paragraph that says what was found."""

from pathlib import Path

import numpy as np
import pytest

from emoray.report.improvement import draw_improvements, improvement_figure
from emoray.stages.decision_columns import ModelLogits
from emoray.stages.fitted import fit_decisions
from emoray.tables.files import read_table, write_table
from emoray.tables.improvement_rows import ImprovementRow, ImprovementSeedRow
from emoray.workflows.improve_rows import (
    BASELINE,
    DECISIONS,
    About,
    Attempt,
    TechniqueLogits,
    improvement_rows,
    improvement_summary,
    seed_rows,
)
from tests.stages.chain import RECIPE

ABOUT = About(corpus="made", taxonomy="sentiment", labels=("a", "b", "c"), train_texts=700)
RNG = np.random.default_rng(0)
DEV, TEST = (RNG.random((500, 3)) < 0.3 for _ in range(2))


def logits(seed: int, signal: float, shift: float = 0.0) -> ModelLogits:
    rng = np.random.default_rng(seed)

    def said(labels_NK: np.ndarray) -> np.ndarray:
        noise_NK = rng.normal(size=labels_NK.shape)
        return (signal * (2 * labels_NK - 1) + noise_NK + shift).astype(np.float32)

    return ModelLogits(
        dev_NK=said(DEV),
        dev_labels_NK=DEV,
        test_NK=said(TEST),
        test_labels_NK=TEST,
        leaked_N=np.zeros(len(TEST), bool),
    )


def attempt(name: str, signal: float, *, first: int = 0, shift: float = 0.0) -> Attempt:
    said = [logits(first + s, signal, shift) for s in range(3)]
    answers = tuple(
        TechniqueLogits(
            seed=s,
            logits=each,
            fitted=fit_decisions(DECISIONS, each.dev_NK, each.dev_labels_NK),
            size_bytes=1000,
        )
        for s, each in enumerate(said)
    )
    return Attempt(name=name, family="glove", recipe=RECIPE, members=1, by_seed=answers)


BASE = attempt(BASELINE, 0.8)


@pytest.fixture(scope="module")
def rows() -> list[ImprovementRow]:
    better = attempt("focal_loss", 1.1, first=10)
    same = attempt("augmentation", 0.8, first=20)
    return list(improvement_rows([better, same], BASE, ABOUT))


def whole(rows: list[ImprovementRow], technique: str, rule: str) -> ImprovementRow:
    (row,) = (
        r for r in rows if (r.technique, r.threshold_rule, r.label) == (technique, rule, "macro")
    )
    return row


def test_each_technique_has_a_row_for_all_labels_and_for_each_under_each_rule(
    rows: list[ImprovementRow],
) -> None:
    assert len(rows) == 2 * 2 * (1 + 3)
    assert [r.label for r in rows[:4]] == ["macro", "a", "b", "c"]
    assert {r.threshold_rule for r in rows} == {"per_label", "fixed0.5"}


def test_a_real_gain_is_shown_and_none_where_there_is_none(rows: list[ImprovementRow]) -> None:
    better, same = (whole(rows, t, "per_label") for t in ("focal_loss", "augmentation"))
    assert better.change_low > 0 and better.verdict == "better"
    assert better.promise in ("found", "open", "exceeded")
    assert same.change_low < 0 < same.change_high and same.promise in ("not found", "open")
    assert same.verdict in ("undecided", "equivalent")


def test_of_a_technique_that_promises_nothing_only_the_change_is_told() -> None:
    rows = list(improvement_rows([attempt("weight_averaging", 1.1, first=10)], BASE, ABOUT))
    row = whole(rows, "weight_averaging", "per_label")
    assert (row.promise, row.expected_low, row.expected_high) == (None, None, None)
    told = improvement_summary(rows)
    assert f"Weight averaging changed macro-F1 by +{100 * (row.relative_change or 0):.1f} %" in told
    assert "a gain of" not in told


def test_a_label_has_a_verdict_and_no_promise(rows: list[ImprovementRow]) -> None:
    labels = [row for row in rows if row.label != "macro"]
    assert {row.promise for row in labels} == {None}
    assert {row.verdict for row in rows} <= {"better", "worse", "equivalent", "undecided"}


def test_a_shift_of_all_logits_matters_at_a_half_and_not_to_fitted_thresholds() -> None:
    shifted = attempt("focal_loss", 0.8, shift=-1.0)
    found = list(improvement_rows([shifted], BASE, ABOUT))
    assert abs(whole(found, "focal_loss", "per_label").change) < 1e-3
    assert whole(found, "focal_loss", "fixed0.5").change_high < 0


def test_the_paragraph_says_plainly_what_was_found(rows: list[ImprovementRow]) -> None:
    text = improvement_summary(rows)
    assert "Focal loss changed macro-F1 by +" in text
    assert "a gain of 5 to 15 % " in text and "made with 700 train texts" in text
    assert "At a fixed threshold of 0.5" in text


def test_seeds_are_kept_beside_the_means(rows: list[ImprovementRow]) -> None:
    found = [r for r in seed_rows([BASE]) if r.threshold_rule == "per_label"]
    assert [r.seed for r in found] == [0, 1, 2]
    mean = np.mean([r.test_macro_f1 for r in found])
    assert mean == pytest.approx(whole(rows, "focal_loss", "per_label").baseline_f1)
    assert all(0 < r.dev_macro_f1 < 1 for r in found)


def test_tables_and_picture_can_be_written(rows: list[ImprovementRow], tmp_path: Path) -> None:
    attempts = [BASE, attempt("focal_loss", 1.1, first=10), attempt("augmentation", 0.8, first=20)]
    write_table(rows, tmp_path / "improvements.parquet", ImprovementRow)
    seeds = list(seed_rows(attempts))
    write_table(seeds, tmp_path / "improvement_seeds.parquet", ImprovementSeedRow)
    (picture,) = draw_improvements(tmp_path)
    assert picture.read_bytes().startswith(b"\x89PNG")
    table = read_table(tmp_path / "improvements.parquet", ImprovementRow).to_pandas()
    each = read_table(tmp_path / "improvement_seeds.parquet", ImprovementSeedRow).to_pandas()
    assert len(improvement_figure(table, each).panels) == 2


def test_a_baseline_that_finds_nothing_is_said_and_not_drawn() -> None:
    nothing = attempt(BASELINE, 0.0, shift=-99.0)
    found = list(improvement_rows([attempt("ensemble", 1.0)], nothing, ABOUT))
    row = whole(found, "ensemble", "fixed0.5")
    assert row.relative_change is None and row.baseline_f1 == 0 and row.f1 > 0
    assert "none, the baseline finds nothing there" in improvement_summary(found)
