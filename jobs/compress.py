"""Turn a finished BERT classifier of PyTorch into integer artifacts, beside what PyTorch can do."""

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


def _list(asked: bool) -> None:
    if asked:
        from emoray.workflows.compress.compress import list_schemes

        list_schemes()
        raise typer.Exit


@app.command(
    epilog="Examples:  \n"
    "`python -m jobs.compress --model my-bert` — the usual schemes, minutes on two cores  \n"
    "`python -m jobs.compress --model my-bert --scheme int8 --scheme int4` — these two  \n"
    "`python -m jobs.compress --list` — every scheme by its short name  \n"
    "`python -m jobs.compress --model my-bert --scheme qat3 --name small` — trained on for "
    "its codes, an epoch"
)
def compress(
    model: Checkpoint,
    scheme: Annotated[
        list[str] | None,
        typer.Option(
            help="A scheme, by its short or whole name; repeatable.  [default: float, int8, "
            "int8-static, int8-emb4-group32, int4, int4-group, adaptive4]"
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="All schemes of --list, those that train too: hours.")
    ] = False,
    listed: Annotated[
        bool,
        typer.Option("--list", is_eager=True, callback=_list, help="Name the schemes and stop."),
    ] = False,
    corpus: Corpus = None,
    data: Data = None,
    out: RunsOut = "results",
    name: Annotated[
        str | None,
        typer.Option(
            "--name", "--run", help="Name of this run's folder in OUT.  [default: compress-MODEL]"
        ),
    ] = None,
    store: Store = None,
    threads: Threads = 2,
    max_tokens: MaxTokens = None,
    download: Download = True,
    debug: Debug = False,
) -> None:
    """Turn a finished BERT classifier of PyTorch into integer artifacts.

    Shows size by part, batch-1 latency and batch-32 throughput beside PyTorch float32, PyTorch's
    own quantize_dynamic and our float graph, all in one interleaved run; the change of macro-F1
    with its paired interval, and whether half a point is ruled out; what became of every tensor;
    which bytes and products are integer, and why the rest is not. Token ids and float logits must
    be transformers' on every text of dev and test. A scheme that trains (qat…) stands beside float
    weights that trained on for as long. Every artifact is a folder that runs with onnxruntime
    alone. dev fits ranges and decisions, test judges. The taxonomy follows from the model's labels.

    Every folder may be s3://bucket/prefix too.
    """

    def work() -> None:
        from emoray.data.finding import bring_or_none
        from emoray.storage.location import place_of, place_or_none
        from emoray.workflows.compress.compress import Compression, run_compress

        run_compress(
            Compression(
                model=place_of(model),
                schemes=tuple(scheme or ()),
                every=every,
                corpus=bring_or_none(corpus),
                data=place_or_none(data),
                out=place_of(out),
                name=name,
                store=place_or_none(store),
                threads=threads,
                max_tokens=max_tokens,
                download=download,
            )
        )

    run_job(work, debug=debug)


if __name__ == "__main__":
    app()
