import html
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from emoray.artifact.runtime import write
from emoray.report.page import draw_runs, write_report
from emoray.report.several import joined_runs
from emoray.tables import load_run
from emoray.tables.compact import compact
from emoray.tables.front import on_front
from emoray.tables.parts import write_part
from emoray.tables.rows import RunRow
from jobs import report as report_job
from tests.artifact.shipped import files
from tests.conftest import ROOT
from tests.report.evidence import make_compared_run
from tests.tables.made import blanks, run_row


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two runs that share the trainings of 50 dimensions; both hold rows of the front of both."""
    folder = tmp_path_factory.mktemp("runs")
    for name, dims in (("small", (25, 50)), ("large", (50, 100))):
        make_compared_run(folder / name, seeds=1, dims=dims, bits=(32, 8))
    return folder / "small", folder / "large"


@pytest.fixture(scope="module")
def page(runs: tuple[Path, Path]) -> Path:
    drawn = draw_runs(runs)
    assert isinstance(drawn, Path)
    return drawn


def explored(page: Path) -> dict[str, Any]:
    found = re.search(r'id="explorer-ekman">(.*?)</script>', page.read_text("utf-8"), re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def column(data: dict[str, Any], name: str) -> list[Any]:
    packed = data["columns"][name]
    if "all" in packed:
        return [packed["all"]] * data["rows"]
    if "words" in packed:
        return [packed["words"][code] for code in packed["codes"]]
    return list(packed["values"])


def codes_of_cards(page: Path) -> list[str]:
    """The code of each pick as it stands on the page."""
    found = re.findall(r'<code data-code="[^"]*"[^>]*>(.*?)</code>', page.read_text("utf-8"), re.S)
    return [html.unescape(code) for code in found]


def test_the_page_lies_beside_the_first_run_and_no_own_report_is_touched(
    runs: tuple[Path, Path], page: Path
) -> None:
    assert page == runs[0].parent / "report-small-large.html"
    assert not any((run / "report.html").exists() for run in runs)


def test_the_front_is_that_of_all_runs(runs: tuple[Path, Path], page: Path) -> None:
    data = explored(page)
    points = load_run(*runs).points.drop_duplicates("point", ignore_index=True)
    assert data["rows"] == len(points)
    assert "run" in data["filters"] and "run" in data["colours"]
    ids, run = column(data, "point"), column(data, "run")
    front = {ids[row] for row in data["front"]}
    assert front == set(points.loc[on_front(points), "point"])
    assert {run[row] for row in data["front"]} == {"small", "large"}, "else this shows nothing"
    on_own = {name: set(rows.loc[on_front(rows), "point"]) for name, rows in points.groupby("run")}
    assert front < set.union(*on_own.values())


def test_a_row_of_two_runs_is_that_of_the_run_named_first(page: Path) -> None:
    data = explored(page)
    told = pd.DataFrame({"point": column(data, "point"), "run": column(data, "run")})
    assert told["point"].is_unique
    small = pd.DataFrame(load_run(page.parent / "small").points)
    assert set(told.loc[told["run"] == "small", "point"]) == set(small["point"])


def test_what_holds_within_one_run_only_is_left_out_and_said(page: Path) -> None:
    text = page.read_text("utf-8")
    assert "Left out, as they hold within one run only" in text
    assert "ekman-latency" not in text
    assert "Latency was not measured" not in text, "it was, by each run"
    assert set(column(explored(page), "standing")) == {
        "on the front",
        "not compared with the front",
    }


def test_cards_name_their_run(page: Path) -> None:
    assert '<p class="built">Run: large</p>' in page.read_text("utf-8")


def test_a_row_that_is_not_shipped_is_fetched_from_its_own_run(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(page.parent)
    data = explored(page)
    homes, points = column(data, "home"), column(data, "point")
    assert homes == column(data, "run") and set(homes) == {"small", "large"}
    for home in ("small", "large"):
        assert load_run(home).point(points[homes.index(home)])["run"] == home


@pytest.mark.parametrize("several", [False, True], ids=["one run", "several runs"])
def test_the_code_of_a_card_runs_where_the_report_lies(tmp_path: Path, several: bool) -> None:
    runs = [tmp_path / "small", tmp_path / "large"][: 1 + several]
    for run, dims in zip(runs, ((25, 50), (100,)), strict=False):
        made = make_compared_run(run, seeds=1, dims=dims, bits=(32, 8))
        for artifact in made.loc[on_front(made), "artifact"].unique():
            write(run / artifact, files())
    page = draw_runs(runs, tmp_path / "elsewhere" / "all") if several else write_report(runs[0])
    assert isinstance(page, Path)
    codes = codes_of_cards(page)
    assert codes and all("load(" in code for code in codes)
    loaded = [code.splitlines()[-1] for code in codes]
    imports = ["\n".join(code.splitlines()[:-1]) for code in codes]
    shown = "\n".join(f"{i}\nprint({c})" for i, c in zip(imports, loaded, strict=True))
    ran = subprocess.run(
        [sys.executable, "-c", shown],
        cwd=page.parent,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert len(ran.stdout.splitlines()) >= len(codes)


def test_runs_of_other_labels_are_sections_of_their_own(
    runs: tuple[Path, Path], tmp_path: Path
) -> None:
    other = tmp_path / "other"
    make_compared_run(other, seeds=1, dims=(25,), bits=(32, 8), taxonomies=("sentiment",))
    page = draw_runs([runs[0], other], tmp_path / "both.html")
    assert isinstance(page, Path) and page == tmp_path / "both.html"
    assert re.findall(r'data-explorer="(\w+)"', page.read_text("utf-8")) == ["ekman", "sentiment"]
    assert set(column(explored(page), "run")) == {"small"}
    assert "worse than its front row" in column(explored(page), "standing"), "known within one run"


def test_texts_that_differ_are_not_compared_under_one_name(
    runs: tuple[Path, Path], tmp_path: Path
) -> None:
    other = tmp_path / "other"
    make_compared_run(other, seeds=1, dims=(25,), bits=(32, 8))
    told = blanks(RunRow) | run_row("other", 8) | {"corpus_sha256": "f" * 64}
    write_part(told, other, "runs", "trial-0")
    compact(other)
    with pytest.raises(ValueError, match=r"two corpora called goemotions.*draw a report of each"):
        joined_runs([runs[0], other])


def test_bad_runs_and_places_are_one_clear_line(runs: tuple[Path, Path], tmp_path: Path) -> None:
    small, large = runs
    empty = tmp_path / "empty"
    make_compared_run(empty, seeds=1, dims=(25,), bits=(32, 8))
    (empty / "points.parquet").unlink()
    for words, said in (
        ([small, small.parent / "large" / ".." / "small"], "named once"),
        ([small, tmp_path], "a run's folder holds tables"),
        ([small, tmp_path / "nowhere"], "which does not exist"),
        ([small, empty], "at least one point of each run"),
        ([small, large, "--out", small / "report.html"], "no run's own report"),
        ([small, large, "--out", "s3://bucket/page.html"], "local folders"),
        ([small, "--out", small / "report.html"], "no run's own report"),
        ([small, "--out", "s3://bucket/page.html"], "a local file or folder"),
        ([small, large, "--point", "nowhere"], "a point is an id"),
    ):
        result = CliRunner().invoke(report_job.app, [str(word) for word in words])
        assert result.exit_code == 1, result.output
        (line,) = result.stderr.splitlines()
        assert line.startswith("error: ") and said in line
    assert not (small / "report.html").exists()


def test_the_page_of_one_run_lies_where_out_says_and_the_run_is_only_read(
    runs: tuple[Path, Path], tmp_path: Path
) -> None:
    before = {path: path.stat().st_mtime_ns for path in runs[0].rglob("*")}
    page = draw_runs([runs[0]], tmp_path / "new" / "page.html")
    assert page == tmp_path / "new" / "page.html" and explored(page)["rows"]
    assert [*(tmp_path / "new" / "figures").glob("*.png")]
    assert {path: path.stat().st_mtime_ns for path in runs[0].rglob("*")} == before
    stopped = tmp_path / "stopped"
    make_compared_run(stopped, seeds=1, dims=(25,), bits=(32, 8))
    (stopped / "points.parquet").unlink()
    with pytest.raises(ValueError, match=r"drawn of merged tables, got .*leave --out out"):
        draw_runs([stopped], tmp_path / "page.html")
