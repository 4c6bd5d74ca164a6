"""Hold finished models against another on the same texts: better, worse, equivalent, undecided."""

from typing import Annotated

import typer

from jobs.console import Job, run_job
from jobs.options import (
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
    "`python -m jobs.compare my-float my-int8 my-int4` — artifacts, each beside the first  \n"
    "`python -m jobs.compare point-1f… point-9c… --run results/quick-ekman` — points of a run  \n"
    "`python -m jobs.compare theirs.csv my-int8 --margin 0.01` — anyone's predictions, and one "
    "point of F1 as the margin  \n"
    "`python -m jobs.compare a.npz b.npz c.parquet --name mine` — then results/mine"
)
def compare(
    operands: Annotated[
        list[str],
        typer.Argument(
            metavar="A B [C …]",
            help="Two or more: folders of artifacts, files of saved predictions (.npz, .csv, "
            ".parquet), or with --run ids of points. The others are held against the first.",
        ),
    ],
    run: Annotated[
        str | None,
        typer.Option(
            help="Folder of the run that points are of. Predictions that it keeps are taken as "
            "they are; other points are scored again from its store."
        ),
    ] = None,
    margin: Annotated[
        float,
        typer.Option(
            help="The largest change of macro-F1, up or down, that counts as none: 0.005 is half "
            "a point."
        ),
    ] = 0.005,
    resamples: Annotated[int, typer.Option(help="Bootstrap resamples of the texts.")] = 500,
    seed: Annotated[int, typer.Option(help="Seed of the resamples.")] = 0,
    corpus_split: Annotated[
        str,
        typer.Option(
            help="**test** or **dev**: the texts that artifacts are scored on, and of which saved "
            "predictions are."
        ),
    ] = "test",
    corpus: Corpus = None,
    data: Data = None,
    out: RunsOut = "results",
    name: Annotated[
        str | None,
        typer.Option(help="Name of this run's folder in OUT.  [default: compare-A]"),
    ] = None,
    store: Store = None,
    download: Download = True,
    figures: Annotated[bool, typer.Option(help="Whether to draw OUT/figures/*.png.")] = True,
    debug: Debug = False,
) -> None:
    """Compare models in pairs: same texts, same resamples, so small differences show.

    Each change of macro-F1, micro-F1 and every label's F1 has a 95 % interval (bootstrap over
    texts, stratified so that rare labels stay). A verdict says **better** or **worse** where the
    interval leaves out 0, **equivalent** where the 90 % interval lies within the margin (two
    one-sided tests), else **undecided**. Texts lost and won are tested by McNemar's exact test.
    Two artifacts that read text alike, and two points of one training, are compared at the
    thresholds of the first as well.

    Saved predictions: in `.npz` the arrays `truth` and `logits`, `probabilities` or `decisions`
    (texts x labels), `names` (of the labels) and, if you like, `cuts` (logit from which each is
    given, else 0) or `thresholds` (probability, else 0.5). In `.csv` and `.parquet` a row a text,
    and for every label NAME the columns `truth:NAME` and `logit:NAME`, `probability:NAME` or
    `decision:NAME`, if you like `cut:NAME` or `threshold:NAME`, the same number in every row. All
    operands hold the same texts in the same order.

    Every path may be s3://bucket/prefix too.
    """

    def work() -> None:
        from emoray.data.finding import bring_or_none
        from emoray.storage.location import place_of, place_or_none
        from emoray.workflows.compare.compare import CompareModels, run_compare

        run_compare(
            CompareModels(
                operands=tuple(operands),
                run=place_or_none(run),
                split=corpus_split,
                margin=margin,
                resamples=resamples,
                seed=seed,
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
