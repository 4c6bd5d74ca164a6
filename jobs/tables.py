"""Say what a run's tables hold."""

from emoray.workflows.settings.run import Tables
from jobs.console import Job

app = Job()


@app.command(
    Tables,
    epilog="Examples:  \n"
    "`python -m jobs.tables results/quick-ekman` — which tables there are, rows and bytes  \n"
    "`python -m jobs.tables results/quick-ekman points` — its columns, with an example of each  \n"
    "`python -m jobs.tables s3://bucket/results/quick-ekman --json` — for programs",
)
def tables(settings: Tables) -> None:
    """Say what a run's tables hold: rows, bytes, and what every column means.

    Any folder that a job left tables in will do. To read them: `emoray.load_run(RUN)`, or
    anything that reads Parquet.
    """
    from rich.console import Console

    from emoray.tables import load_run
    from emoray.tables.printing import as_json, print_tables

    found = load_run(settings.run)
    if settings.json:
        print(as_json(found, settings.table))
    else:
        print_tables(found, settings.table, Console())


if __name__ == "__main__":
    app()
