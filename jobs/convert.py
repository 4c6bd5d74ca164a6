"""Turn a finished BERT classifier of PyTorch into float ONNX that says exactly the same."""

from emoray.workflows.settings.convert import Conversion
from jobs.console import Job

app = Job()


@app.command(
    Conversion,
    epilog="Examples:  \n"
    "`python -m jobs.convert --model my-bert` — then results/convert-my-bert/artifact runs with "
    "onnxruntime alone  \n"
    "`python -m jobs.convert --model my-bert --name onnx --threads 1` — timed on one thread  \n"
    "`python -m jobs.compress --model my-bert` — integers, a quarter of the size and faster",
)
def convert(settings: Conversion) -> None:
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
    from emoray.workflows.convert.convert import run_convert

    run_convert(settings)


if __name__ == "__main__":
    app()
