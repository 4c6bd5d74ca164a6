"""Run rows of a finished run again: hashes, artifact, scores, bytes; or train them anew."""

from emoray.workflows.settings.run import Reproduce
from jobs.console import Job

app = Job()


@app.command(
    Reproduce,
    epilog="Examples:  \n"
    "`python -m jobs.reproduce --run results/quick-ekman --sample 20` — twenty rows, drawn by "
    "--seed  \n"
    "`python -m jobs.reproduce --run s3://bucket/results/quick-ekman --point point-1f…`  \n"
    "`python -m jobs.reproduce --run results/quick-ekman --point point-1f… --from-scratch "
    "--seeds 4` — trained anew, and four more seeds beside it",
)
def reproduce(settings: Reproduce) -> None:
    """Check that rows of a run come out again: exit code 0 where all do, 1 where one does not.

    Each row's artifact is checked by its hashes (one off the front is put together from the store
    first) and run on dev and test from raw text; its thresholds are fitted anew; every score and
    the bytes are held against the row. Every stage that it was made by is checked in the store,
    file by file, and one that is not there is a failure; nothing is written there. On the run's
    machine, processor and library versions alike, scores must be equal to the last digit. Elsewhere
    they may differ by 0.002 and the differences of the machines are named; bytes and hashes must be
    equal anywhere.
    """
    from emoray.workflows.reproduce.reproduce import run_reproduce

    raise SystemExit(1 if run_reproduce(settings) else 0)


if __name__ == "__main__":
    app()
