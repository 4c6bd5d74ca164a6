"""The page of one job: what it shows, escaped, and the figures beside it."""

from pathlib import Path

import altair as alt
import pandas as pd

from emoray.report.job_page import JobPage, PageCell, PageColumn, PageTable, write_job_page
from emoray.report.style import ReportFigure, csv_of

EVIL = "<script>alert('&')</script>"


def made(folder: Path, **changes: object) -> str:
    panel = alt.Chart(csv_of(pd.DataFrame({"x": [1.0], "y": [2.0]}))).mark_point()
    figure = ReportFigure(
        name="rise", title="A rise", caption="It rises.", panels=(panel.encode(x="x:Q", y="y:Q"),)
    )
    table = PageTable(
        name="rows",
        title="Rows",
        columns=(PageColumn(title="label", number=False), PageColumn(title="share")),
        rows=((PageCell(shown=EVIL, key=EVIL), PageCell(shown="1 %", key=0.01)),),
        hint="Of all texts.",
    )
    values = {
        "kicker": "made",
        "title": EVIL,
        "result": "better",
        "warnings": ("not to be trusted",),
        "figures": (figure, ReportFigure(name="none", title="None", missing="Nothing to draw.")),
        "tables": (table,),
        "facts": (("texts", "1"),),
        "notes": ("a note",),
    }
    return write_job_page(JobPage(**values | changes), folder / "made.html").read_text("utf-8")  # type: ignore[arg-type]


def test_a_page_holds_all_it_is_given_and_no_script_of_others(tmp_path: Path) -> None:
    html = made(tmp_path)
    for part in ("better", "Not to be trusted.", "It rises.", "Nothing to draw.", "Of all texts."):
        assert part in html
    assert EVIL not in html and "&lt;script&gt;alert(" in html
    assert 'data-key="0.01" class="number">1 %' in html and "<dt>texts</dt><dd>1</dd>" in html
    assert 'data-spec="rise-0"' in html and (tmp_path / "figures" / "rise.png").stat().st_size
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["made.html"]


def test_a_page_asks_no_network_for_anything(tmp_path: Path) -> None:
    html = made(tmp_path, warnings=())
    assert 'src="http' not in html and 'href="http' not in html and 'role="note"' not in html
