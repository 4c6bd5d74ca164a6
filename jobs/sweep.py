"""Search embedding dimension, layers, quantization, temperature and thresholds in one Ray job."""

from emoray.workflows.settings.sweep import Sweep
from jobs.console import Job

app = Job()


@app.command(
    Sweep,
    epilog="Examples:  \n"
    "`python -m jobs.sweep` — minutes on two cores, then open results/quick-ekman/report.html  \n"
    "`python -m jobs.sweep --dim 16 --dim 32 --layers 0 --seeds 3` — a grid of your own  \n"
    "`python -m jobs.sweep --space joint --trials 200` — Optuna over all five knobs at once  \n"
    "`python -m jobs.sweep --corpus reviews.csv` — labels and texts of your own  \n"
    "`python -m jobs.sweep --space features --corpus rows.parquet --feature-column vector` — rows "
    "of numbers in place of texts  \n"
    "`python -m jobs.sweep --vectors given --vectors own-ppmi` — Stanford's vectors, and vectors "
    "trained on the corpus  \n"
    "`cluster/submit.sh -- python -m jobs.sweep --space seed --out /shared/results`",
)
def sweep(settings: Sweep) -> None:
    """Search embedding dimension, layers, quantization, temperature and thresholds in one job.

    Leaves Parquet tables of every operating point, artifacts that run with onnxruntime alone, and a
    report to open. Interrupt it whenever you like: the same command goes on where it stopped.
    """
    from emoray.workflows.sweep import run_sweep

    run_sweep(settings)


if __name__ == "__main__":
    app()
