"""Fit temperature and thresholds of a finished artifact on dev, and show what they earn on test."""

from typing import Annotated

import typer

from jobs.console import run_job

app = typer.Typer(add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False)


@app.command(
    epilog="Examples:  \n"
    "`python -m jobs.calibrate --artifact results/quick-ekman/artifacts/POINT` — seconds  \n"
    "`python -m jobs.calibrate --artifact my-model --corpus my-corpus --out results/mine` — on "
    "texts of your own  \n"
    "`python -m jobs.decide --artifact my-model --from results/mine/calibration.parquet` — save "
    "what it chose"
)
def calibrate(
    artifact: Annotated[
        str, typer.Option(help="Folder of the artifact, of either family. It is only read.")
    ],
    corpus: Annotated[
        str | None,
        typer.Option(
            help="Folder with train.tsv, dev.tsv and test.tsv in GoEmotions' form: text, label "
            "ids, comment id.  [default: what a sweep would take]"
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            envvar="EMORAY_DATA",
            help="Folder that holds `goemotions/`. Without it: the cache, the official download, "
            "the embedded sample, in this order.",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(help="Folder of the tables.  [default: results/calibrate-NAME]"),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            help="Folder of finished stages: logits are kept there, and a second call scores "
            "nothing.  [default: OUT/_store]"
        ),
    ] = None,
    download: Annotated[
        bool, typer.Option(help="Whether GoEmotions may be downloaded when it is not found.")
    ] = True,
    figures: Annotated[bool, typer.Option(help="Whether to draw OUT/figures/*.png.")] = True,
    debug: Annotated[bool, typer.Option(help="Show the traceback of an error.")] = False,
) -> None:
    """Fit temperature and thresholds on dev, beside what the artifact decides as it stands.

    Tries four threshold rules, each at temperature 1 and at the fitted one. Changes on test carry
    paired 95 % bootstrap intervals, label by label detail and reliability plots show where they
    come from, and a sentence says whether thresholds or temperature earned them. The taxonomy
    follows from the artifact's labels. Nothing is written into the artifact.

    Every folder may be s3://bucket/prefix too.
    """

    def work() -> None:
        from emoray.storage.place import place_of, place_or_none
        from emoray.trial.finished.calibrate import Calibrate, run_calibrate

        run_calibrate(
            Calibrate(
                artifact=place_of(artifact),
                corpus=place_or_none(corpus),
                data=place_or_none(data),
                out=place_or_none(out),
                store=place_or_none(store),
                download=download,
                figures=figures,
            )
        )

    run_job(work, debug=debug)


if __name__ == "__main__":
    app()
