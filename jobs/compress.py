"""Turn a finished BERT classifier of PyTorch into integer artifacts, beside what PyTorch can do."""

from emoray.workflows.settings.compress import Compression
from jobs.console import Job

app = Job()


def _list_schemes() -> None:
    from emoray.workflows.compress.compress import list_schemes

    list_schemes()


@app.command(
    Compression,
    at_once={"listed": _list_schemes},
    epilog="Examples:  \n"
    "`python -m jobs.compress --model my-bert` — the usual schemes, minutes on two cores  \n"
    "`python -m jobs.compress --model my-bert --scheme int8 --scheme int4` — these two  \n"
    "`python -m jobs.compress --list` — every scheme by its short name  \n"
    "`python -m jobs.compress --model my-bert --scheme qat3 --name small` — trained on for "
    "its codes, an epoch",
)
def compress(settings: Compression) -> None:
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
    from emoray.workflows.compress.compress import run_compress

    run_compress(settings)


if __name__ == "__main__":
    app()
