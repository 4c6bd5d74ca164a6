"""Put the artifact of any row of a run on disk."""

from typing import Annotated

import typer

from jobs.console import Job, run_job
from jobs.options import Debug, RunFolder

app = Job()


@app.command(
    epilog="Examples:  \n"
    "`python -m jobs.ship results/quick-ekman my-model` — the smallest within 1 point of the "
    "best  \n"
    "`python -m jobs.ship results/quick-ekman my-model --point point-f154e145797f209b`  \n"
    "`python -m jobs.ship results/quick-ekman my-model --within 2 --by latency_p50_ms "
    '--where "size_bytes < 200_000 and dev_ece < 0.01"`'
)
def ship(
    run: RunFolder,
    folder: Annotated[
        str, typer.Argument(metavar="FOLDER", help="Where it goes: a folder that is not there yet.")
    ],
    point: Annotated[
        str | None,
        typer.Option(help="Id of the row, from the report or the column point.  [default: chosen]"),
    ] = None,
    within: Annotated[
        float, typer.Option(help="Choose among rows within so many points of the best dev score.")
    ] = 1.0,
    by: Annotated[
        str, typer.Option(help="The column of points that the choice is best in.")
    ] = "size_bytes",
    where: Annotated[
        str | None,
        typer.Option(help="Choose among rows for which this holds, on columns known before test."),
    ] = None,
    debug: Debug = False,
) -> None:
    """Put the artifact of any row of a run on disk, with the bytes that were scored.

    The row is named with --point, or chosen on dev as the picks of a sweep are. Rows off the front
    are put together from the run's store.
    """

    def work() -> None:
        from emoray.tables import load_run
        from emoray.tables.run import chosen
        from emoray.workflows.ending import shipped_words

        found = load_run(run)
        row = chosen(found, point, within=within, by=by, where=where)
        print(shipped_words(row, found.ship(row, folder)))

    run_job(work, debug=debug)


if __name__ == "__main__":
    app()
