"""Measure what focal loss, augmentation and ensembles earn over one baseline."""

from emoray.workflows.settings.improve import Improve
from jobs.console import Job

app = Job()


@app.command(
    Improve,
    epilog="Examples:  \n"
    "`python -m jobs.improve_f1 --technique all` — word vectors, some minutes on two cores  \n"
    "`python -m jobs.improve_f1 --technique focal_loss --seeds 5`  \n"
    "`python -m jobs.improve_f1 --family bert --texts 4000 --members 3` — an encoder, as far as a "
    "small machine goes  \n"
    "`cluster/submit.sh -- python -m jobs.improve_f1 --technique all --family bert "
    "--out s3://bucket/improve`",
)
def improve_f1(settings: Improve) -> None:
    """Measure what each technique earns over the same baseline.

    The baseline is plain cross-entropy. Every seed trains all sides; thresholds are fitted on dev,
    test is scored once. Changes carry 95 % intervals over test texts and seeds, in all and label by
    label, and a paragraph says plainly whether the gains that are often promised (focal loss
    10-20 %, augmentation 5-15 %, ensembles 15-25 %) were found. Leaves `improvements.parquet`,
    `improvement_seeds.parquet`, `summary.md` and a figure.
    """
    from emoray.workflows.improve import run_improve

    run_improve(settings)


if __name__ == "__main__":
    app()
