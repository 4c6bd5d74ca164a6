"""Say what a run's tables hold."""

from typing import Annotated

import typer

from jobs.console import Job, run_job
from jobs.options import Debug, RunFolder

app = Job()


@app.command(
    epilog="Examples:  \n"
    "`python -m jobs.tables results/quick-ekman` — which tables there are, rows and bytes  \n"
    "`python -m jobs.tables results/quick-ekman points` — its columns, with an example of each  \n"
    "`python -m jobs.tables s3://bucket/results/quick-ekman --json` — for programs"
)
def tables(
    run: RunFolder,
    table: Annotated[
        str | None, typer.Argument(metavar="TABLE", help="One table: its columns are listed.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    debug: Debug = False,
) -> None:
    """Say what a run's tables hold: rows, bytes, and what every column means.

    Any folder that a job left tables in will do. To read them: `emoray.load_run(RUN)`, or
    anything that reads Parquet.
    """

    def work() -> None:
        from rich.console import Console

        from emoray.tables import load_run
        from emoray.tables.printing import as_json, print_tables

        found = load_run(run)
        if json:
            print(as_json(found, table))
        else:
            print_tables(found, table, Console())

    run_job(work, debug=debug)


if __name__ == "__main__":
    app()
