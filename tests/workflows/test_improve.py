"""Techniques beside one baseline, on a part of the sample; asked again, nothing is trained."""

import io
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from emoray.models.objectives import Distilled, MoreTexts, Supervised
from emoray.storage.store.local import Store
from emoray.workflows.improve import planned_techniques, run_improve
from emoray.workflows.settings.improve import Improve


def small(out: Path) -> Improve:
    return Improve(
        techniques=("focal_loss", "ensemble"),
        taxonomy="sentiment",
        seeds=2,
        members=2,
        epochs=1,
        texts=300,
        out=out.parent,
        name=out.name,
        download=False,
    )


@pytest.fixture(scope="module")
def told(local_ray: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder after two runs of the same settings, and what the first said."""
    out = tmp_path_factory.mktemp("improve") / "out"
    said = io.StringIO()
    run_improve(small(out), Console(file=said))
    run_improve(small(out), Console(file=io.StringIO()))
    return out, said.getvalue()


def test_an_ensemble_begins_with_its_seeds_baseline_and_shares_no_other_member() -> None:
    plans = {p.name: p for p in planned_techniques("glove", small(Path("x")), [50])}
    assert plans["baseline"].groups == plans["focal_loss"].groups == ((0,), (1,))
    assert plans["ensemble"].groups == ((0, 2), (1, 3))
    assert plans["ensemble"].recipe == plans["baseline"].recipe != plans["focal_loss"].recipe


def test_features_are_not_translated_unless_it_is_asked_for() -> None:
    every = replace(small(Path("x")), techniques=("all",))
    assert "augmentation" in {p.name for p in planned_techniques("glove", every, [50])}
    assert "augmentation" not in {p.name for p in planned_techniques("features", every, [64])}
    asked = replace(every, techniques=("augmentation",))
    with pytest.raises(ValueError, match="features have no words to translate"):
        planned_techniques("features", asked, [64])


def test_all_techniques_are_those_that_have_what_they_need() -> None:
    taught = {"distillation", "distillation_transfer"}
    assert not taught & set(Improve().chosen) and len(Improve().chosen) == 7
    asked = Improve(teacher="best")
    assert taught <= set(asked.chosen)
    plans = {
        p.name: p.recipe.objective
        for p in planned_techniques("glove", replace(asked, taxonomy="ekman"), [50])
    }
    assert plans["baseline"] == Supervised()
    assert plans["distillation"] == Distilled(teacher="best")
    assert plans["distillation_transfer"] == Distilled(teacher="best", transfer=MoreTexts())


def test_both_techniques_are_compared_with_one_baseline(told: tuple[Path, str]) -> None:
    rows = pd.read_parquet(told[0] / "improvements.parquet")
    whole = rows[rows.label == "macro"]
    assert sorted(zip(whole.technique, whole.members, strict=True)) == [
        ("ensemble", 2),
        ("ensemble", 2),
        ("focal_loss", 1),
        ("focal_loss", 1),
    ]
    assert whole.groupby("threshold_rule").baseline_f1.nunique().eq(1).all()
    assert (whole.change_low <= whole.change).all() and (whole.change <= whole.change_high).all()
    seeds = pd.read_parquet(told[0] / "improvement_seeds.parquet")
    assert Counter(seeds.technique) == {"baseline": 4, "focal_loss": 4, "ensemble": 4}


def test_the_paragraph_stands_in_the_log_and_in_a_file(told: tuple[Path, str]) -> None:
    folder, said = told
    text = (folder / "summary.md").read_text()
    assert "Focal loss changed macro-F1 by " in text and "with 300 train texts" in text
    assert text.strip() in said
    assert (folder / "figures" / "improvements.png").stat().st_size > 1000


def test_what_was_trained_once_is_not_trained_again(told: tuple[Path, str]) -> None:
    begun = Counter(
        e["key"] for e in Store(told[0].parent / "_store").journal() if e["event"] == "started"
    )
    assert set(begun.values()) == {1}
    assert sum(key.startswith("train-") for key in begun) == 6


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"techniques": ("prayer",)}, "a technique is one of focal_loss, .* got prayer"),
        ({"techniques": ()}, "a technique is one of .* got none"),
        ({"families": ("gpt",)}, "a family is one of glove, bert, features, got gpt"),
        ({"seeds": 1}, "seeds must be at least 2, got 1"),
        ({"members": 1}, "members must be at least 2, got 1"),
        (
            {"techniques": ("distillation",)},
            "distillation has a teacher, got none for distillation: name an artifact with --tea",
        ),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, object], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        Improve(**settings)  # type: ignore[arg-type]
