"""Change the saved decision of a finished artifact, go back to an earlier one, and forth."""

from emoray.workflows.settings.decide import ChangeDecision
from jobs.console import Job

app = Job()


@app.command(
    ChangeDecision,
    epilog="Examples:  \n"
    "`python -m jobs.decide --artifact my-model --temperature 1.3 --threshold 0.4 "
    "--threshold joy=0.55`  \n"
    "`python -m jobs.decide --artifact my-model --from results/calibrate-my-model/"
    "calibration.parquet` — what the calibration chose; `--rule per_label` picks another  \n"
    "`python -m jobs.decide --artifact my-model --undo` — back to the decision before; `--redo` "
    "forth again  \n"
    "`python -m jobs.decide --artifact my-model --list` — all of them; `--to 3` goes to one",
)
def decide(settings: ChangeDecision) -> None:
    """Change the temperature and thresholds that an artifact decides with.

    decision.json and manifest.json change in one moment: readers, and whoever finds the folder
    after a crash, see the old decision or the new one. Every decision is kept in the hidden folder
    `.decisions` of the artifact, which is neither read nor counted; going back and saving anew
    loses none. An artifact inside a run's folder keeps its decision when the sweep runs again.

    A calibration may lie in s3://bucket/prefix; an artifact there is not changed in place.
    """
    from emoray.workflows.decide import run_decide

    run_decide(settings)


if __name__ == "__main__":
    app()
