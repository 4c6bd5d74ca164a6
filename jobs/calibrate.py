"""Fit temperature and thresholds of a finished artifact on dev, and show what they earn on test."""

from typing import Annotated

import typer

from jobs.console import Job, run_job
from jobs.options import (
    Artifact,
    Corpus,
    Data,
    Debug,
    Download,
    RunsOut,
    Store,
)

app = Job()


@app.command(
    epilog="Examples:  \n"
    "`python -m jobs.calibrate --artifact results/quick-ekman/artifacts/POINT` — seconds  \n"
    "`python -m jobs.calibrate --artifact my-model --corpus my-corpus --name mine` — on "
    "texts of your own  \n"
    "`python -m jobs.decide --artifact my-model --from results/mine/calibration.parquet` — save "
    "what it chose"
)
def calibrate(
    artifact: Artifact,
    corpus: Corpus = None,
    data: Data = None,
    out: RunsOut = "results",
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            "--run",
            help="Name of this run's folder in OUT.  [default: calibrate-ARTIFACT]",
        ),
    ] = None,
    store: Store = None,
    download: Download = True,
    figures: Annotated[bool, typer.Option(help="Whether to draw OUT/figures/*.png.")] = True,
    debug: Debug = False,
) -> None:
    """Fit temperature and thresholds on dev, beside what the artifact decides as it stands.

    Tries four threshold rules, each at temperature 1 and at the fitted one. Changes on test carry
    paired 95 % bootstrap intervals, label by label detail and reliability plots show where they
    come from, and a sentence says whether thresholds or temperature earned them. The taxonomy
    follows from the artifact's labels. Nothing is written into the artifact.

    Every folder may be s3://bucket/prefix too.
    """

    def work() -> None:
        from emoray.data.finding import bring_or_none
        from emoray.storage.location import place_of, place_or_none
        from emoray.workflows.calibrate import Calibrate, run_calibrate

        run_calibrate(
            Calibrate(
                artifact=place_of(artifact),
                corpus=bring_or_none(corpus),
                data=place_or_none(data),
                out=place_of(out),
                name=name,
                store=place_or_none(store),
                download=download,
                figures=figures,
            )
        )

    run_job(work, debug=debug)


if __name__ == "__main__":
    app()
