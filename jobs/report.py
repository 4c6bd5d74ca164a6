"""Draw the report of a run again, or of as much as a stopped run has."""

from jobs.console import Job, run_job
from jobs.options import Debug, RunFolder

app = Job()


@app.command(
    epilog="Example:  \n`python -m jobs.report results/quick-ekman` — then open report.html in it"
)
def report(
    run: RunFolder,
    debug: Debug = False,
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
