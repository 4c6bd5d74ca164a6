"""Measure what emoray claims: readers, thresholds and the search, beside what they replace."""

from emoray.benchmarks.settings import Benchmarks
from jobs.console import Job

app = Job()


@app.command(
    Benchmarks,
    epilog="Examples:  \n"
    "`python -m jobs.benchmark` — everything, about ten minutes on two quiet cores  \n"
    "`python -m jobs.benchmark --only thresholds` — seconds  \n"
    "`python -m jobs.benchmark --only sweep --data FOLDER --points 16`  \n"
    "`python -m jobs.benchmark --peers --model results/_store/stages/finetune/KEY` — beside "
    "PyTorch, onnxruntime, Optimum and Olive; the first run installs the latter two",
)
def benchmark(settings: Benchmarks) -> None:
    """Measure what emoray claims, beside what it replaces, in one run on this machine.

    Ratios are what to compare; times are this machine's, and rough when others use it too.
    """
    from emoray.benchmarks.run import run_benchmarks

    run_benchmarks(settings)


if __name__ == "__main__":
    app()
