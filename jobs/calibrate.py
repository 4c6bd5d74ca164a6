"""Fit temperature and thresholds of a finished artifact on dev, and show what they earn on test."""

from emoray.workflows.settings.calibrate import Calibrate
from jobs.console import Job

app = Job()


@app.command(
    Calibrate,
    epilog="Examples:  \n"
    "`python -m jobs.calibrate --artifact results/quick-ekman/artifacts/POINT` — seconds  \n"
    "`python -m jobs.calibrate --artifact my-model --corpus my-corpus --name mine` — on "
    "texts of your own  \n"
    "`python -m jobs.decide --artifact my-model --from results/mine/calibration.parquet` — save "
    "what it chose",
)
def calibrate(settings: Calibrate) -> None:
    """Fit temperature and thresholds on dev, beside what the artifact decides as it stands.

    Tries four threshold rules, each at temperature 1 and at the fitted one. Changes on test carry
    paired 95 % bootstrap intervals, label by label detail and reliability plots show where they
    come from, and a sentence says whether thresholds or temperature earned them. The taxonomy
    follows from the artifact's labels. Nothing is written into the artifact.

    Every folder may be s3://bucket/prefix too.
    """
    from emoray.workflows.calibrate import run_calibrate

    run_calibrate(settings)


if __name__ == "__main__":
    app()
