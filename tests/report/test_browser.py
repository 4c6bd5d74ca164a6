"""The page in a real browser, driven. Needs Chromium; continuous integration installs it."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote, urlparse

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from emoray.report.page import write_report, write_together
from emoray.tables import load_run
from tests.report.evidence import make_compared_run
from tests.tables.made import finish

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE = 60_000  # milliseconds: a loaded machine may draw slowly, a broken page never does
DRAWN = """() => {
  const places = [...document.querySelectorAll("[data-spec], [data-explorer]")];
  return places.length > 1 && places.every((place) => place.classList.contains("drawn"));
}"""
# As just opened. Ends when the page has taken its new address in, which it is told of later.
RESET = """() => new Promise((done) => {
  history.replaceState(null, "", location.href.split("#")[0]);
  window.addEventListener("hashchange", () => done(), { once: true });
  location.hash = "#ekman-front?";
})"""
PALEST = "() => getComputedStyle(document.body).backgroundColor"
FRONT, CARD, COUNT = "#ekman-front .front", ".point-card", "#ekman-front .shown"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    run = tmp_path_factory.mktemp("runs") / "quick"
    make_compared_run(run, seeds=2, dims=(25, 50), bits=(32, 8, 4))
    return write_report(run).as_uri()


@pytest.fixture(scope="module")
def complaints() -> list[str]:
    """What the console said, and every address but a file's that the page asked for."""
    return []


@pytest.fixture(scope="module")
def opened(browser: Browser, address: str, complaints: list[str]) -> Iterator[Page]:
    def asked(url: str) -> None:
        if not url.startswith(("file:", "data:")):
            complaints.append(f"asked for {url}")

    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked(request.url))
    page.goto(address)
    yield page
    page.close()


@pytest.fixture
def page(opened: Page, complaints: list[str]) -> Iterator[Page]:
    """The report as it is when it was just opened, on a screen of a desk."""
    opened.emulate_media(media="screen", color_scheme="light")
    opened.set_viewport_size({"width": 1280, "height": 900})
    opened.mouse.move(0, 0)  # what it points at would be pointed at again
    opened.evaluate(RESET)
    opened.locator(CARD).wait_for(state="detached")
    yield opened
    assert not complaints


def shown(page: Page) -> int:
    """Rows that the line below the picture says are shown."""
    return int(page.locator(COUNT).inner_text().split()[0].replace(",", ""))


def test_every_figure_is_drawn_and_the_console_stays_silent(page: Page) -> None:
    page.wait_for_function(DRAWN)
    assert page.locator(".panel").count() >= 8
    assert page.locator(".panel svg").count() >= page.locator(".panel").count()
    assert page.locator(".plot svg").count() == 1


def test_a_click_on_a_point_opens_its_card(page: Page) -> None:
    page.locator(FRONT).last.click()
    card = page.locator(CARD)
    card.wait_for()
    said = card.inner_text()
    assert "artifacts/ekman-glove" in said
    assert "from emoray.artifact.runtime import load" in said
    assert "thresholds frozen from the parent" in said
    assert "thresholds fitted again on dev" in said
    assert card.locator("table.labels tbody tr").count() == 7
    assert page.evaluate("location.hash").startswith("#ekman-front?point=ekman-glove")
    page.keyboard.press("Escape")
    assert card.count() == 0
    assert page.evaluate("location.hash") == ""


def test_a_row_off_the_front_is_held_against_the_front(page: Page) -> None:
    page.get_by_label("Beside the front").select_option("worse than its front row")
    page.locator("#ekman-front .plot").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    said = page.locator(CARD).inner_text()
    assert "It is worse than that row, beyond chance" in said
    assert "ship_from(" in said or "load(" in said


def test_the_parent_is_one_click_away(page: Page) -> None:
    page.locator(FRONT).last.click()
    page.locator(f"{CARD} .compared a").first.click()
    assert "This is a float model" in page.locator(CARD).inner_text()


def test_another_axis_is_drawn_and_kept_in_the_address(page: Page) -> None:
    before = page.locator(FRONT).last.get_attribute("cy")
    page.get_by_label("Up", exact=True).select_option("dev_macro_f1")
    assert page.locator(FRONT).last.get_attribute("cy") != before
    assert page.evaluate("location.hash") == "#ekman-front?y=dev_macro_f1"
    assert "macro-F1 on dev" in (page.locator("#ekman-front .plot").text_content() or "")
    page.get_by_role("button", name="Reset").click()
    assert page.locator(FRONT).last.get_attribute("cy") == before
    assert page.evaluate("location.hash") == ""


def test_filters_and_the_legend_leave_fewer_rows_and_say_how_many(page: Page) -> None:
    page.get_by_label("Range", exact=True).select_option("all")
    everything = shown(page)
    assert f"{everything:,} of 1,120 rows shown" in page.locator(COUNT).inner_text()
    page.get_by_label("Weight bits").select_option("4 bits")
    four = shown(page)
    assert 0 < four < everything
    assert "only weight bits: 4 bits" in page.locator(COUNT).inner_text()
    page.get_by_role("button", name="4 bits").click()
    assert shown(page) == 0
    page.get_by_role("button", name="Reset").click()
    page.get_by_label("Range", exact=True).select_option("all")
    assert shown(page) == everything


def test_a_row_of_the_table_opens_its_card(page: Page) -> None:
    row = page.locator("tr[data-point]").nth(1)
    wanted = row.get_attribute("data-point")
    row.locator("td").nth(2).click()
    page.locator(CARD).wait_for()
    assert page.locator(CARD).get_attribute("data-point") == wanted


def test_filters_that_leave_nothing_say_so_and_offer_a_way_back(page: Page) -> None:
    page.get_by_label("Weight bits").select_option("4 bits")
    page.get_by_role("button", name="4 bits").click()
    said = page.locator("#ekman-front .none")
    assert "No row has all of this (weight bits: 4 bits; colours hidden" in said.inner_text()
    said.get_by_role("button").click()
    assert not said.is_visible() and shown(page) > 0


def test_an_address_of_a_row_that_is_not_drawn_says_how_to_have_it(page: Page) -> None:
    page.evaluate("location.hash = '#ekman-front?point=point-elsewhere'")
    said = page.locator("#ekman-front .none")
    said.wait_for()
    assert "python -m jobs.report RUN --point point-elsewhere" in said.inner_text()
    page.evaluate("location.hash = '#ekman-front?'")
    said.wait_for(state="hidden")


def test_code_names_folders_by_where_the_report_lies(page: Page, address: str) -> None:
    here = Path(unquote(urlparse(address).path)).parent
    codes = page.locator("[data-code]").all_inner_texts()
    assert codes and all(f'load("{here}/artifacts/' in code for code in codes)
    page.locator(FRONT).last.click()
    assert f'load("{here}/artifacts/' in page.locator(f"{CARD} pre").first.inner_text()


def test_no_section_is_empty(page: Page) -> None:
    page.wait_for_function(DRAWN)
    assert page.locator("main figure .missing:visible").count() == 0
    assert page.locator(".untold").count() <= 1


def test_the_keyboard_alone_reaches_points_and_their_cards(page: Page) -> None:
    page.locator("#ekman-front .plot").focus()
    page.keyboard.press("End")
    page.keyboard.press("PageDown")
    told = page.locator("#ekman-front .sr").inner_text()
    assert "macro-F1, test 0." in told
    page.keyboard.press("ArrowRight")
    assert page.locator("#ekman-front .sr").inner_text() != told
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.tagName") == "H4"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the button that closes it
    assert page.locator(CARD).count() == 0
    assert page.evaluate("document.activeElement.className") == "plot"


def test_an_address_brings_back_what_was_looked_at(page: Page, address: str) -> None:
    page.locator(FRONT).last.click()
    page.get_by_label("Across", exact=True).select_option("test_micro_f1")
    kept, title = page.url, page.locator(f"{CARD} h4").inner_text()
    page.goto("about:blank")
    page.goto(kept)
    assert page.locator(f"{CARD} h4").inner_text() == title
    assert page.get_by_label("Across", exact=True).input_value() == "test_micro_f1"
    page.goto("about:blank")
    page.goto(f"{address}#ekman-front?x=nonsense&point=nowhere&y=test_recall")
    assert page.get_by_label("Across", exact=True).input_value() == "size_bytes"
    assert page.get_by_label("Up", exact=True).input_value() == "test_recall"


def test_a_phone_shows_all_of_it_without_scrolling_sideways(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function(DRAWN)
    page.locator(FRONT).last.click()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_the_dark_page_is_dark_and_paper_is_white(page: Page, tmp_path: Path) -> None:
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(PALEST) == "rgb(17, 21, 26)"
    page.wait_for_function(DRAWN)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(PALEST) == "rgb(255, 255, 255)"
    assert not page.locator("#ekman-front .choices").first.is_visible()
    assert page.locator("#ekman-front .plot svg").is_visible()
    page.emulate_media(media="screen")
    page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


def test_on_a_page_of_several_runs_a_row_is_shipped_from_its_own_run(
    browser: Browser, tmp_path: Path
) -> None:
    runs = [tmp_path / "small", tmp_path / "large"]
    for run, dims in zip(runs, ((25,), (50,)), strict=True):
        made = make_compared_run(run, seeds=1, dims=dims, bits=(32, 8))
        finish(run, made.assign(artifact="../_stages/base"))
    address = write_together(runs).as_uri()
    for run in runs:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        point = load_run(run).points["point"].iloc[0]
        page.goto(f"{address}#ekman-front?point={quote(point)}")
        code = page.locator(CARD).locator("pre").inner_text()
        assert f'emoray.load_run("{run}").ship("{point}"' in code
        page.close()
