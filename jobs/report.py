"""Draw the report of a run again, or of as much as a stopped run has."""

from typing import Annotated

import typer

from jobs.console import run_job

app = typer.Typer(add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False)


@app.command(
    epilog="Example:  \n`python -m jobs.report results/quick-ekman` — then open report.html in it"
)
def report(
    run: Annotated[
        str,
        typer.Argument(
            help="Folder of a run, such as results/quick-ekman or s3://bucket/results/quick-ekman."
        ),
    ],
    debug: Annotated[bool, typer.Option(help="Show the traceback of an error.")] = False,
) -> None:
    """Draw report.html and figures/*.png anew from a run's Parquet tables.

    Nothing is trained, scored or chosen here: the report shows what the tables say.
    """

    def work() -> None:
        from emoray.storage.place import place_of
        from emoray.tables.report.page import draw_run

        print(draw_run(place_of(run)))

    run_job(work, debug=debug)


if __name__ == "__main__":
    app()
