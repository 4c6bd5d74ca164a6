"""Hold finished models against another on the same texts: better, worse, equivalent, undecided."""

from emoray.workflows.settings.compare import CompareModels
from jobs.console import Job

app = Job()


@app.command(
    CompareModels,
    epilog="Examples:  \n"
    "`python -m jobs.compare my-float my-int8 my-int4` — artifacts, each beside the first  \n"
    "`python -m jobs.compare point-1f… point-9c… --run results/quick-ekman` — points of a run  \n"
    "`python -m jobs.compare theirs.csv my-int8 --margin 0.01` — anyone's predictions, and one "
    "point of F1 as the margin  \n"
    "`python -m jobs.compare a.npz b.npz c.parquet --name mine` — then results/mine",
)
def compare(settings: CompareModels) -> None:
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
    from emoray.workflows.compare.compare import run_compare

    run_compare(settings)


if __name__ == "__main__":
    app()
