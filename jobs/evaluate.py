"""Score a finished artifact as it stands, and fail where it misses a gate."""

from emoray.workflows.settings.evaluate import Evaluate
from jobs.console import Job

app = Job()


@app.command(
    Evaluate,
    epilog="Examples:  \n"
    "`python -m jobs.evaluate --artifact results/quick-ekman/artifacts/POINT` — seconds  \n"
    "`python -m jobs.evaluate --artifact my-model --min-macro-f1 0.6 --max-ece 0.03 "
    "--max-latency-p95-ms 5 --max-size-mb 25` — the gate of a CI: exit code 1 where one fails  \n"
    "`python -m jobs.evaluate --artifact my-model --corpus my-corpus --corpus-split dev`",
)
def evaluate(settings: Evaluate) -> None:
    """Score an artifact as it stands: its own temperature, its own thresholds, its own bytes.

    Exit code 0 when every gate passes, 1 with one line on stderr for each that fails. With a gate
    the corpus must be the one that was meant: the embedded sample in place of a GoEmotions that
    was not found, or a split that is missing or too small, is an error. Latency is
    measured alone and always anew: batch 1, real texts, from token ids to logits.

    Every folder may be s3://bucket/prefix too.
    """
    from emoray.workflows.evaluate import run_evaluate

    raise SystemExit(0 if run_evaluate(settings).passed else 1)


if __name__ == "__main__":
    app()
