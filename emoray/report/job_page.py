"""A page of one job: its result in a sentence, figures, tables, and what all of it rests on."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2

from emoray.report.html import drawing_code, in_script, script_safe, write_page
from emoray.report.style import ReportFigure, on_page, save_png, specs_of

SCRIPTS_OF_A_JOB = ("sorting.js", "figures.js")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageColumn:
    """The head of a column; number: whether its cells are."""

    title: str
    number: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCell:
    """What a cell shows, and what it is sorted by; an empty key stays last."""

    shown: str
    key: str | float


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTable:
    """A table of the page, sorted by whichever column one presses. name: its id."""

    name: str
    title: str
    columns: tuple[PageColumn, ...]
    rows: tuple[tuple[PageCell, ...], ...]
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    """What stands on a page.

    Attributes:
        kicker: what kind of page it is.
        title: of the page.
        result: in a sentence.
        sentences: that follow, without their last point.
        warnings: that put the result in doubt.
        figures: drawn on the page, and as PNG below `figures/`.
        tables: below them.
        facts: names and values of what it rests on.
        notes: on these.
    """

    kicker: str
    title: str
    result: str
    sentences: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    figures: tuple[ReportFigure, ...] = ()
    tables: tuple[PageTable, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def write_job_page(page: JobPage, path: Path) -> Path:
    """Write a page and its figures as PNG, in `figures/` beside it.

    Args:
        page: what stands on it.
        path: of the page, local.

    Returns:
        The path.
    """
    drawing = drawing_code()
    specs: dict[str, Any] = {}
    for figure in page.figures:
        panels = specs_of(figure)
        for k, spec in enumerate(panels):
            specs[f"{figure.name}-{k}"] = on_page(spec, figure.title)
        if panels:
            save_png(figure, panels, path.parent / "figures")
    here = files("emoray.report").joinpath("browser")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    html = environment.from_string(here.joinpath("job.html").read_text("utf-8")).render(
        page=page,
        specs=script_safe(specs),
        style=here.joinpath("style.css").read_text("utf-8"),
        script="\n".join(here.joinpath(n).read_text("utf-8") for n in SCRIPTS_OF_A_JOB),
        drawing=in_script(drawing),
    )
    return write_page(html, path)
