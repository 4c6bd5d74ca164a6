"""Score texts in files, at any scale, with an artifact."""

from emoray.workflows.settings.predict import Predict
from jobs.console import Job

app = Job()


@app.command(
    Predict,
    epilog="Examples:  \n"
    "`python -m jobs.predict --artifact my-model --texts comments.csv --text-column body --out "
    "scored`  \n"
    "`python -m jobs.predict --artifact my-model --texts 's3://bucket/comments/*.parquet' "
    "--text-column body --id comment_id --out s3://bucket/scored --address auto` — on a cluster  \n"
    "`python -m jobs.predict --artifact my-model-decided-anew --texts comments.csv --text-column "
    "body --out scored-anew --redecide scored` — other thresholds, nothing is scored again",
)
def predict(settings: Predict) -> None:
    """Score texts in files: each file has an output of its own, with the same rows in order.

    An output has your columns, `labels` (those given), `probability_LABEL` for each label, and what
    is known of each text: `text_sha256`, `characters`, `tokens`, `truncated`, `unknown_share`, and
    the SHA-256 of the `artifact`. Beside them: `_summary.parquet`, a row a label, and
    `_failures.parquet`, the texts that have no scores, each with its file, row and reason; their
    rows stand in the output too, with nulls.

    Files are cut into parts that all CPUs score. The same command again does nothing twice,
    whatever ended it: it goes on where it was, and takes up files that are new or have grown. Ray
    is started for it, or joined with --address; there, files and --out are in a bucket or on a
    disk that all nodes share.
    """
    from emoray.workflows.predict.predict import run_predict

    run_predict(settings)


if __name__ == "__main__":
    app()
