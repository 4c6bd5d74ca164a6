"""The page of two artifacts on live traffic, in a real browser. Needs Chromium."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from emoray.report.ab import LiveWords, change_figure, write_live_page
from emoray.tables.ab_rows import AbLabelRow, AbLatencyRow, AbLookRow
from emoray.tables.files import table_of, write_table
from tests.tables.made import row

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE = 60_000
DRAWN = """() => [...document.querySelectorAll("[data-spec]")].every(
  (place) => place.classList.contains("drawn"))"""
WORDS = LiveWords(
    verdict="worse: macro-F1 −2.00 points",
    sentences=("a change of 2 points is shown",),
    warnings=("warning: traffic does not split as planned",),
    notes=("3 answers are left out",),
)


def look(number: int, texts: int, verdict: str) -> AbLookRow:
    width = 2.0 / texts**0.5
    return row(  # type: ignore[no-any-return]
        AbLookRow,
        look=number,
        time="2026-01-01T00:00:00Z",
        before="a" * 64,
        after="b" * 64,
        design="shadow",
        texts=2 * texts,
        labelled=texts,
        change=-0.02,
        low=-0.02 - width,
        high=-0.02 + width,
        equivalence_low=-0.02 - 0.9 * width,
        equivalence_high=-0.02 + 0.9 * width,
        margin=0.005,
        verdict=verdict,
    )


LOOKS = [look(1, 200, "undecided"), look(2, 5_000, "undecided"), look(3, 20_000, "worse")]
LABELS = [
    row(
        AbLabelRow,
        label=name,
        rate_change=change,
        rate_low=change - 0.01,
        rate_high=change + 0.01,
        gained=30,
        gained_low=0.0005,
        gained_high=0.002,
        lost=lost,
        lost_low=lost / 50_000,
        lost_high=lost / 30_000,
        f1_change=change,
        f1_low=change - 0.02,
        f1_high=change + 0.02,
    )
    for name, change, lost in (("joy", -0.03, 900), ("<b>anger</b>", 0.001, 20))
]
LATENCY = [
    row(AbLatencyRow, side="before", p50_ms=1.0, p99_ms=4.0),
    row(AbLatencyRow, side="after", p50_ms=0.5, p99_ms=3.0),
    row(AbLatencyRow, side="ratio", ratio=0.5, ratio_low=0.45, ratio_high=0.55),
]


def written(folder: Path, *, looks: list[AbLookRow], labels: list[AbLabelRow]) -> Path:
    write_table(looks, folder / "ab.parquet", AbLookRow)
    write_table(labels, folder / "ab_labels.parquet", AbLabelRow)
    write_table(LATENCY, folder / "ab_latency.parquet", AbLatencyRow)
    return write_live_page(folder, WORDS)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    path = written(tmp_path_factory.mktemp("ab"), looks=LOOKS, labels=LABELS)
    complaints: list[str] = []
    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_function(DRAWN)
        yield page
        browser.close()
    assert not complaints
    assert not [url for url in asked if not url.startswith(("file:", "data:"))]


def test_every_figure_is_drawn(page: Page) -> None:
    assert page.locator(".panel svg").count() == page.locator(".panel").count() == 5
    assert page.locator("#change svg path").count() > 3


def test_the_verdict_stands_first_and_what_puts_it_in_doubt_below(page: Page) -> None:
    assert page.locator("h1").inner_text() == "aaaaaaaaaaaa → bbbbbbbbbbbb"
    assert page.locator(".corpus").inner_text() == "worse: macro-F1 −2.00 points"
    assert "Warning: traffic does not split" in page.get_by_role("note").inner_text()


def test_a_table_is_sorted_by_the_column_that_is_pressed(page: Page) -> None:
    table = page.locator("table.sortable")
    table.get_by_role("button", name="lost").click()
    assert table.locator("tbody tr td").first.inner_text() == "<b>anger</b>"
    table.get_by_role("button", name="lost").click()
    assert table.locator("tbody tr td").first.inner_text() == "joy"


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_fits_its_window(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_labels_and_of_split_traffic_the_page_says_what_is_missing(tmp_path: Path) -> None:
    unknown = dict.fromkeys(("change", "low", "high", "equivalence_low", "equivalence_high"))
    looks = [replace(each, **unknown, design="split") for each in LOOKS]  # type: ignore[arg-type]
    empty = dict.fromkeys(
        "gained gained_low gained_high lost lost_low lost_high agreement "
        "f1_before f1_after f1_change f1_low f1_high".split()
    )
    labels = [replace(each, **empty) for each in LABELS]  # type: ignore[arg-type]
    html = written(tmp_path, looks=looks, labels=labels).read_text("utf-8")
    assert "No text has a true label yet: bring labels in with --labels." in html
    assert "no text was answered by both artifacts, so none can flip." in html
    assert "F1 change" not in html and not (tmp_path / "figures" / "change.png").exists()


def test_moments_before_an_interval_can_be_given_are_not_drawn() -> None:
    early = replace(LOOKS[0], low=-1.0, high=1.0, equivalence_low=-1.0, equivalence_high=1.0)
    frame = table_of([early, *LOOKS[1:]], AbLookRow).to_pandas()
    (panel,) = change_figure(frame).panels
    drawn = str(panel.to_dict(validate=False))
    assert "20000" in drawn and "\\n200," not in drawn
