"""Draw the report of a run again, or of as much as a stopped run has."""

from typing import Annotated

import typer

from jobs.console import Job, run_job
from jobs.options import Debug, RunFolder

app = Job()


@app.command(
    epilog="Example:  \n`python -m jobs.report results/quick-ekman` — then open report.html in it"
)
def report(
    run: RunFolder,
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

    Nothing is trained, scored or chosen here: the report shows what the tables say.
    """

    def work() -> None:
        from emoray.storage.place import place_of
        from emoray.tables.report.page import draw_run

        print(draw_run(place_of(run), point or ()))

    run_job(work, debug=debug)


if __name__ == "__main__":
    app()
