import json
import re
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from emoray.report.page import SCRIPTS, write_report
from emoray.tables.compact import compact
from emoray.tables.parts import write_part
from emoray.tables.point_rows import MeasuredPointRow
from emoray.tables.rows import TABLES, FailureRow
from tests.tables.made import make_run, row, run_row

FIGURES = "front layers compression weights surface reliability labels training latency".split()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("runs") / "quick"
    make_run(folder, seeds=2, dims=(25, 50), bits=(32, 8, 4))
    (folder / "artifacts").mkdir()
    write_part([row(FailureRow, error="out of <memory>")], folder, "failures", "trial")
    compact(folder)
    return folder, write_report(folder)


@pytest.fixture(scope="module")
def html(run: tuple[Path, Path]) -> str:
    return run[1].read_text("utf-8")


def specs_in(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="specs">(.*?)</script>', html, re.DOTALL)
    assert found
    specs: dict[str, Any] = json.loads(found[1])
    return specs


class Links(HTMLParser):
    """What a page would fetch, and which elements it holds."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str | None] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        told = dict(attrs)
        self.fetched += [told[a] for a in ("src", "href") if a in told and tag != "a"]


def test_every_figure_is_on_the_page_and_beside_it_as_a_picture(
    run: tuple[Path, Path], html: str
) -> None:
    folder, _ = run
    drawn = {name.rsplit("-", 1)[0] for name in specs_in(html)}
    explored = set(re.findall(r'data-explorer="(\w+)"', html))
    assert explored == {"ekman"}
    assert drawn | {"ekman-front"} == {f"ekman-{name}" for name in FIGURES}
    assert {p.stem for p in (folder / "figures").glob("*.png")} == drawn | {"ekman-front"}


def test_the_page_fetches_nothing(html: str) -> None:
    page = Links()
    page.feed(html)
    assert page.fetched == ["data:,"]
    assert {"main", "figure", "figcaption", "table"} <= set(page.tags)


def test_data_stands_inside_the_figures(html: str) -> None:
    for spec in specs_in(html).values():
        assert '"url"' not in json.dumps(spec)
        assert spec["width"] == "container"
        assert spec["description"]


def test_no_panel_keeps_its_data_apart_where_several_panels_would_lose_it(html: str) -> None:
    assert all("datasets" not in spec for spec in specs_in(html).values())


def test_the_page_is_small_and_holds_the_drawing_code_once(html: str) -> None:
    assert len(html) < 6_000_000
    assert html.count("window.vegaEmbed=") == 1


def test_every_script_is_on_the_page_and_in_the_package(html: str) -> None:
    folder = files("emoray.report").joinpath("browser")
    scripts = {f.name: f.read_text("utf-8") for f in folder.iterdir() if f.name.endswith(".js")}
    assert set(scripts) == set(SCRIPTS)
    assert all(script.strip() in html for script in scripts.values())


def test_the_page_says_what_ran_and_what_to_pick(html: str) -> None:
    assert "43,410 texts to train" in html
    assert "37 test texts also stand in train" in html
    for words in ("Smallest within 1 point of the best", "Best", "Fastest"):
        assert words in html
    assert "from emoray.artifact.runtime import load" in html
    assert "embedded sample" not in html


def test_failures_are_listed_and_escaped(html: str) -> None:
    assert "out of &lt;memory&gt;" in html


def test_no_unfinished_file_is_left(run: tuple[Path, Path]) -> None:
    folder, _ = run
    known = {f"{name}.parquet" for name in TABLES}
    known |= {"_parts", "report.html", "figures", "artifacts"}
    assert {p.name for p in folder.iterdir()} == known


def test_the_sample_is_announced(tmp_path: Path) -> None:
    make_run(tmp_path, only=("runs",), corpus="sample", seeds=1, dims=(25,), bits=(32, 8))
    compact(tmp_path)
    assert "This is the small embedded sample" in write_report(tmp_path).read_text("utf-8")


def test_points_alone_make_a_page_that_says_what_is_missing(tmp_path: Path) -> None:
    make_run(tmp_path, only=("none",), seeds=1, dims=(25,), bits=(8,), temperatures=1)
    compact(tmp_path)
    for name in set(TABLES) - {"points"}:
        (tmp_path / f"{name}.parquet").unlink()
    html = write_report(tmp_path).read_text("utf-8")
    assert "Latency was not measured for the picked rows." in html
    assert "no loss can be told" in html
    assert "No start of the job was recorded." in html


def test_a_single_point_makes_a_page(tmp_path: Path) -> None:
    write_part([row(MeasuredPointRow, size_bytes=1000)], tmp_path, "points", "trial")
    compact(tmp_path)
    assert "1 operating point of" in write_report(tmp_path).read_text("utf-8")


def test_a_run_without_points_makes_a_page(tmp_path: Path) -> None:
    write_part(run_row("empty", 0), tmp_path, "runs", "start")
    compact(tmp_path)
    html = write_report(tmp_path).read_text("utf-8")
    assert "holds no operating point yet" in html


def test_a_row_that_is_asked_for_is_drawn_among_few(tmp_path: Path) -> None:
    made = make_run(tmp_path, only=("runs",), seeds=2, dims=(25, 50), bits=(32, 8))
    compact(tmp_path)
    few = write_report(tmp_path, most=200).read_text("utf-8")
    lost = next(point for point in made["point"] if point not in few)
    assert lost in write_report(tmp_path, most=200, wanted=[lost]).read_text("utf-8")
    with pytest.raises(ValueError, match="a point is an id of the run's points, got 'nowhere'"):
        write_report(tmp_path, wanted=["nowhere"])


def test_a_page_of_tables_of_another_version_says_what_is_missing(tmp_path: Path) -> None:
    make_run(tmp_path, seeds=1, dims=(25,), bits=(32, 8), temperatures=1)
    compact(tmp_path)
    path = tmp_path / "points.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["dev_ece"]), path, write_page_checksum=True)
    assert "points has no dev_ece" in write_report(tmp_path).read_text("utf-8")


def test_a_folder_without_points_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds points.parquet or parts of it, got .* neither"):
        write_report(tmp_path)


def test_a_stopped_run_is_drawn_as_far_as_it_came(tmp_path: Path) -> None:
    make_run(tmp_path / "quick", seeds=1, dims=(25,), bits=(32, 4))
    assert "160 operating points" in write_report(tmp_path / "quick").read_text("utf-8")
