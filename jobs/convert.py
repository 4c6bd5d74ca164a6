"""Turn a finished BERT classifier of PyTorch into float ONNX that says exactly the same."""

from typing import Annotated

import typer

from jobs.console import Job, run_job
from jobs.options import (
    Checkpoint,
    Corpus,
    Data,
    Debug,
    Download,
    MaxTokens,
    RunsOut,
    Store,
    Threads,
)

app = Job()


@app.command(
    epilog="Examples:  \n"
    "`python -m jobs.convert --model my-bert` — then results/convert-my-bert/artifact runs with "
    "onnxruntime alone  \n"
    "`python -m jobs.convert --model my-bert --name onnx --threads 1` — timed on one thread  \n"
    "`python -m jobs.compress --model my-bert` — integers, a quarter of the size and faster"
)
def convert(
    model: Checkpoint,
    corpus: Corpus = None,
    data: Data = None,
    out: RunsOut = "results",
    name: Annotated[
        str | None,
        typer.Option(
            "--name", "--run", help="Name of this run's folder in OUT.  [default: convert-MODEL]"
        ),
    ] = None,
    store: Store = None,
    threads: Threads = 2,
    max_tokens: MaxTokens = None,
    tolerance: Annotated[
        float, typer.Option(help="Largest difference of a logit from PyTorch's.")
    ] = 1e-3,
    download: Download = True,
    debug: Debug = False,
) -> None:
    """Turn a finished BERT classifier of PyTorch into float ONNX that says exactly the same.

    The graph takes any batch and length, fused by our own hand; an encoder that we have no graph
    for goes through torch.onnx.export and onnxruntime's fusions, and the coverage report says so.
    Before the artifact is written, both read real texts of many lengths: a logit further off than
    the tolerance, a changed decision, or other token ids than AutoTokenizer's for any text of dev
    and test end the job with exit code 1. Latency,
    throughput and memory are measured beside PyTorch's. With the corpus' labels thresholds are
    fitted on dev, else they are 0.5.

    Every folder may be s3://bucket/prefix too.
    """

    def work() -> None:
        from emoray.data.finding import bring_or_none
        from emoray.storage.location import place_of, place_or_none
        from emoray.workflows.convert.convert import Conversion, run_convert

        run_convert(
            Conversion(
                model=place_of(model),
                corpus=bring_or_none(corpus),
                data=place_or_none(data),
                out=place_of(out),
                name=name,
                store=place_or_none(store),
                threads=threads,
                max_tokens=max_tokens,
                tolerance=tolerance,
                download=download,
            )
        )

    run_job(work, debug=debug)


if __name__ == "__main__":
    app()
