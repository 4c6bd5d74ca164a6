"""Draw the report of a run again, of as much as a stopped run has, or one page of several runs."""

from emoray.workflows.settings.run import Report
from jobs.console import Job

app = Job()


@app.command(
    Report,
    epilog="Example:  \n`python -m jobs.report results/quick-ekman` — then open report.html in it",
)
def report(settings: Report) -> None:
    """Draw report.html and figures/*.png anew from a run's Parquet tables.

    Of several runs one page is drawn, without figures/*.png; rows are compared across runs where
    corpus and labels are the same.

    Nothing is trained or scored here: the report shows what the tables say.
    """
    from emoray.report.page import draw_runs

    print(draw_runs(settings.runs, settings.out, settings.points))


if __name__ == "__main__":
    app()
