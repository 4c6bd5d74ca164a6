"""A sweep of several taxonomies: derived beside native, heads beside none, in one run."""

import io
from collections.abc import Iterator
from dataclasses import replace

import pandas as pd
import pytest
from rich.console import Console

from emoray.models.heads import Head
from emoray.quant.scheme import FLOAT
from emoray.search import spaces
from emoray.search.grid import Space
from emoray.stages.spec import Decision
from emoray.workflows.reproduce.reproduce import run_reproduce
from emoray.workflows.settings.run import Reproduce
from emoray.workflows.settings.sweep import Sweep
from tests.runs import GOOD, Run, swept

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def several(local_ray: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """28 labels plainly and with a head, each deciding in Ekman too, and Ekman itself."""

    def two(taxonomy: str, dims: object) -> Space:
        plain = replace(GOOD, taxonomy=taxonomy)
        return Space(
            recipes=(plain, replace(plain, heads=(Head("ekman"),))),
            schemes=(FLOAT,),
            decisions=(Decision(),),
            derive=("ekman",),
            native=("ekman",),
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(spaces.GRIDS, "two", two)
        out = tmp_path_factory.mktemp("several") / "out"
        yield swept(Sweep(space="two", taxonomy="goemotions", out=out, download=False))


def test_rows_are_of_three_kinds(several: Run) -> None:
    points = several.searched
    kinds = points.groupby(["taxonomy", points["derived_from"] != ""]).size().to_dict()
    assert kinds == {("ekman", False): 1, ("ekman", True): 2, ("goemotions", False): 2}
    known = several.tables["taxonomies"].set_index("taxonomy")["finer"].to_dict()
    assert known == {"goemotions": "", "ekman": "goemotions"}
    baselines = several.tables["points"].query("family == 'baseline'")
    assert set(baselines["taxonomy"]) == {"goemotions", "ekman"}


def test_derived_is_compared_with_native_and_heads_with_none(several: Run) -> None:
    rows = several.tables["taxonomy_comparisons"]
    assert rows.groupby(["taxonomy", "what"]).size().to_dict() == {
        ("ekman", "derived"): 2,
        ("goemotions", "heads"): 1,
    }
    points = several.searched.set_index(["taxonomy", "recipe"])
    for row in rows[rows["what"] == "derived"].to_dict("records"):
        native, derived = (points.loc[("ekman", row[side])] for side in ("before", "after"))
        assert isinstance(native, pd.Series) and isinstance(derived, pd.Series)
        assert row["test_macro_f1_before"] == pytest.approx(native["test_macro_f1"])
        assert row["test_macro_f1_after"] == pytest.approx(derived["test_macro_f1"])
        assert row["after_size_bytes"] == derived["size_bytes"]


def test_every_row_is_reproduced_and_the_page_shows_the_comparison(several: Run) -> None:
    said = io.StringIO()
    points = tuple(several.searched["point"])
    settings = Reproduce(run=several.folder, points=points, download=False)
    failed = run_reproduce(settings, Console(file=said, width=200))
    assert failed == 0, said.getvalue()
    assert (several.folder / "figures" / "ekman-taxonomies.png").is_file()
