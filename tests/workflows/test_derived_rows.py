"""A sweep whose models decide in groups of the labels too: rows beside the others, never mixed."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from emoray.artifact import runtime
from emoray.data.importing.settings import CorpusSource
from emoray.search import spaces
from emoray.tables import load_run
from emoray.tables.run import Run as Notebook
from emoray.workflows.reproduce.reproduce import run_reproduce
from emoray.workflows.settings.run import Reproduce
from emoray.workflows.settings.sweep import Sweep
from tests.data.importing.made import as_separated, rows, texts_and
from tests.runs import GOOD, Run, of, swept

MOOD = {"slow": ["late"], "bad": ["broken", "rude"]}


@pytest.fixture(scope="module")
def grouped(local_ray: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One training on 60 texts of three labels, decided in two groups of them too."""
    folder = tmp_path_factory.mktemp("grouped")
    joined = ["|".join(labels) for _, labels in rows()]
    path = as_separated(folder / "parcels.csv", texts_and(joined))
    (folder / "mood.json").write_text(json.dumps(MOOD), "utf-8")

    def one(taxonomy: str, dims: object) -> spaces.Space:
        return of(replace(GOOD, taxonomy=taxonomy))

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(spaces.GRIDS, "one", one)
        settings = Sweep(
            space="one",
            corpus=CorpusSource(source=str(path)),
            derive=(str(folder / "mood.json"),),
            out=folder / "out",
            download=False,
        )
        yield swept(settings)


@pytest.fixture
def notebook(grouped: Run) -> Notebook:
    return load_run(grouped.folder)


def test_a_derived_row_has_its_models_bytes_and_time(grouped: Run) -> None:
    points = grouped.searched
    own = points[points["derived_from"] == ""].set_index(["model", "threshold_rule"])
    derived = points[points["derived_from"] != ""]
    assert len(own) == len(derived) == 4
    assert set(derived["taxonomy"]) == {"mood"} and set(own["taxonomy"]) == {"own"}
    assert derived["test_contradictions_share"].between(0, 1).all()
    assert own["test_contradictions_share"].isna().all()
    for row in derived.to_dict("records"):
        of_model = own.loc[(row["derived_from"], row["threshold_rule"])]
        assert row["latency_p50_ms"] == of_model["latency_p50_ms"]
        assert 0 < row["size_bytes"] - of_model["size_bytes"] < 1000


def test_fronts_and_nearest_rows_are_of_one_taxonomy(grouped: Run) -> None:
    points = grouped.tables["points"]
    kinds = points.set_index("point")["taxonomy"]
    assert set(points.loc[points["on_front"], "taxonomy"]) == {"own", "mood"}
    near = points[points["nearest_front"] != ""]
    assert (near["nearest_front"].map(kinds) == near["taxonomy"]).all()
    assert near.loc[near["taxonomy"] == "mood", "nearest_front_change"].notna().all()


def test_labels_predictions_and_calibration_are_joined(grouped: Run, notebook: Notebook) -> None:
    best = notebook.best(taxonomy="mood")
    assert notebook.thresholds(best)["label"].tolist() == list(MOOD)
    assert notebook.confusion(best).shape == (3, 3)
    model = grouped.tables["reliability"]["model"]
    assert (model == best["model"]).any() and (
        grouped.tables["surface"]["model"] == best["model"]
    ).any()
    assert notebook.compare(best, best).comparison.macro_f1.value == 0
    assert notebook.best()["taxonomy"] == "own", "unless another is asked for"


def test_any_row_is_shipped_and_decides_in_both(
    grouped: Run, notebook: Notebook, tmp_path: Path
) -> None:
    points = grouped.searched.query("taxonomy == 'mood'")
    texts = [text for text, _ in rows(8)]
    for number, row in enumerate(points.to_dict("records")):
        folder = notebook.ship(row["point"], tmp_path / str(number))
        both = runtime.load(folder)
        assert both.labels == ("broken", "late", "rude")
        mood = both.in_taxonomy("mood")
        cuts = notebook.thresholds(row["point"])["cut"].to_numpy()
        given = [
            [g for g, there in zip(MOOD, r, strict=True) if there]
            for r in mood.logits(texts) >= cuts
        ]
        assert mood(texts).labels == given
    shipped = points[points["artifact"].str.startswith("artifacts/")]
    assert len(shipped) and (grouped.folder / shipped["artifact"].iloc[0]).is_dir()


def test_rows_are_reproduced_to_the_last_digit(grouped: Run) -> None:
    points = grouped.searched
    said = io.StringIO()
    failed = run_reproduce(
        Reproduce(
            run=grouped.folder,
            points=tuple(points["point"]),
            corpus=grouped.sweep.corpus,
            download=False,
        ),
        Console(file=said, width=200),
    )
    assert failed == 0 and "8 of 8 rows reproduce" in " ".join(said.getvalue().split())


def test_the_report_has_a_section_of_each_and_says_how_to_load(grouped: Run) -> None:
    page = (grouped.folder / "report.html").read_text("utf-8")
    assert page.index('id="own"') < page.index('id="mood"')
    assert ", taxonomy=&#34;mood&#34;" in page or ', taxonomy="mood"' in page
