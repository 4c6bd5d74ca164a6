"""Draw the report of a run again, of as much as a stopped run has, or one page of several runs."""

from typing import Annotated

import typer

from jobs.console import Job, run_job
from jobs.options import Debug

app = Job()


@app.command(
    epilog="Example:  \n`python -m jobs.report results/quick-ekman` — then open report.html in it"
)
def report(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...",
            help="Folder of a run, such as results/quick-ekman or s3://bucket/results/quick-ekman; "
            "several local ones for one page of them all.",
        ),
    ],
    out: Annotated[
        str | None,
        typer.Option(
            help="Of several runs: the page, a file that ends in .html, or a folder for it. Else "
            "report-RUN1-RUN2.html beside the first run."
        ),
    ] = None,
    point: Annotated[
        list[str] | None,
        typer.Option(
            help="Id of a row that must be drawn, where a run has more than a page holds; "
            "repeatable."
        ),
    ] = None,
    debug: Debug = False,
) -> None:
    """Draw report.html and figures/*.png anew from a run's Parquet tables.

    Of several runs one page is drawn, without figures/*.png; rows are compared across runs where
    corpus and labels are the same.

    Nothing is trained or scored here: the report shows what the tables say.
    """

    def work() -> None:
        from emoray.report.page import draw_runs
        from emoray.storage.location import place_of, place_or_none

        print(draw_runs([place_of(run) for run in runs], place_or_none(out), point or ()))

    run_job(work, debug=debug)


if __name__ == "__main__":
    app()
