"""Score a finished artifact as it stands, and fail where it misses a gate."""

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
    "`python -m jobs.evaluate --artifact results/quick-ekman/artifacts/POINT` — seconds  \n"
    "`python -m jobs.evaluate --artifact my-model --min-macro-f1 0.6 --max-ece 0.03 "
    "--max-latency-p95-ms 5 --max-size-mb 25` — the gate of a CI: exit code 1 where one fails  \n"
    "`python -m jobs.evaluate --artifact my-model --corpus my-corpus --corpus-split dev`"
)
def evaluate(
    artifact: Artifact,
    corpus: Corpus = None,
    corpus_split: Annotated[str, typer.Option(help="The texts to score: **test** or **dev**.")] = (
        "test"
    ),
    min_macro_f1: Annotated[
        float | None, typer.Option(help="Gate: macro-F1 is at least this, 0 to 1.")
    ] = None,
    max_ece: Annotated[
        float | None, typer.Option(help="Gate: expected calibration error is at most this, 0 to 1.")
    ] = None,
    max_latency_p95_ms: Annotated[
        float | None,
        typer.Option(help="Gate: 95 % of texts take at most so many milliseconds, batch 1."),
    ] = None,
    max_size_mb: Annotated[
        float | None,
        typer.Option(help="Gate: the artifact's files are at most so many MB (1,000,000 bytes)."),
    ] = None,
    gate_on: Annotated[
        str,
        typer.Option(
            help="Hold gates against the **value** found, or **low**: the worse end of its 95 % "
            "interval, lower of macro-F1 and upper of ECE; latency and size have none."
        ),
    ] = "value",
    min_texts: Annotated[
        int, typer.Option(help="Texts of the split below which a gate is an error.")
    ] = 100,
    threads: Annotated[int, typer.Option(min=1, help="Threads of the timed session.")] = 1,
    data: Data = None,
    out: RunsOut = "results",
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            "--run",
            help="Name of this run's folder in OUT.  [default: evaluate-ARTIFACT]",
        ),
    ] = None,
    store: Store = None,
    download: Download = True,
    debug: Debug = False,
) -> None:
    """Score an artifact as it stands: its own temperature, its own thresholds, its own bytes.

    Exit code 0 when every gate passes, 1 with one line on stderr for each that fails. With a gate
    the corpus must be the one that was meant: the embedded sample in place of a GoEmotions that
    was not found, or a split that is missing or too small, is an error. Latency is
    measured alone and always anew: batch 1, real texts, from token ids to logits.

    Every folder may be s3://bucket/prefix too.
    """

    def work() -> None:
        from emoray.data.finding import bring_or_none
        from emoray.storage.location import place_of, place_or_none
        from emoray.workflows.evaluate import Evaluate, Gates, run_evaluate

        gates = Gates(
            min_macro_f1=min_macro_f1,
            max_ece=max_ece,
            max_latency_p95_ms=max_latency_p95_ms,
            max_size_mb=max_size_mb,
            on=gate_on,
            least_texts=min_texts,
        )
        row = run_evaluate(
            Evaluate(
                artifact=place_of(artifact),
                split=corpus_split,
                corpus=bring_or_none(corpus),
                data=place_or_none(data),
                out=place_of(out),
                name=name,
                store=place_or_none(store),
                threads=threads,
                gates=gates,
                download=download,
            )
        )
        raise SystemExit(0 if row.passed else 1)

    run_job(work, debug=debug)


if __name__ == "__main__":
    app()
