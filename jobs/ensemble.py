"""Train several models in parallel and let them answer as one, combined in every way."""

from emoray.workflows.settings.ensemble import Ensemble
from jobs.console import Job

app = Job()


@app.command(
    Ensemble,
    epilog="Examples:  \n"
    "`python -m jobs.ensemble` — five different members, minutes on two cores; then open "
    "results/ensemble-diverse5-ekman/report.html  \n"
    "`python -m jobs.ensemble --plan seeds --members 8 --combine mean --combine greedy`  \n"
    "`python -m jobs.ensemble --encoder all-MiniLM-L6-v2 --gpus-per-member 0.5` — encoders and "
    "word vectors by turns, two trainings a GPU  \n"
    "`python -m jobs.ensemble --out s3://bucket/results --data s3://bucket/data`",
)
def ensemble(settings: Ensemble) -> None:
    """Train several models in parallel and let them answer as one.

    Leaves the tables of a sweep, `members.parquet` with weights and diversity, artifacts that hold
    all members in one folder, and a report with F1 against the number of members. Members are
    weighed and chosen on dev; test is scored once.
    """
    from emoray.workflows.ensemble import run_ensemble

    run_ensemble(settings)


if __name__ == "__main__":
    app()
