"""Change the saved decision of a finished artifact, go back to an earlier one, and forth."""

from typing import Annotated

import typer

from jobs.console import Job, run_job
from jobs.options import Debug

app = Job()


@app.command(
    epilog="Examples:  \n"
    "`python -m jobs.decide --artifact my-model --temperature 1.3 --threshold 0.4 "
    "--threshold joy=0.55`  \n"
    "`python -m jobs.decide --artifact my-model --from results/calibrate-my-model/"
    "calibration.parquet` — what the calibration chose; `--rule per_label` picks another  \n"
    "`python -m jobs.decide --artifact my-model --undo` — back to the decision before; `--redo` "
    "forth again  \n"
    "`python -m jobs.decide --artifact my-model --list` — all of them; `--to 3` goes to one"
)
def decide(
    artifact: Annotated[str, typer.Option(help="Folder of the artifact, of either family.")],
    temperature: Annotated[
        float | None,
        typer.Option(
            help="Logits are divided by it before the sigmoid. Alone it changes probabilities and "
            "no label: thresholds move along."
        ),
    ] = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option(
            help="Probability from which a label is given: **0.4** for all labels, **joy=0.4** for "
            "one; repeatable. Labels not named keep deciding as they do."
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--from", help="calibration.parquet of jobs.calibrate on this very model."),
    ] = None,
    rule: Annotated[
        str | None,
        typer.Option(
            help="With --from: **fixed0.5**, **one**, **per_label** or **per_label_s20**, at the "
            "fitted temperature.  [default: what the calibration chose]"
        ),
    ] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Back to the decision that the current one was made on.")
    ] = False,
    redo: Annotated[bool, typer.Option("--redo", help="Take the last --undo back.")] = False,
    to: Annotated[
        int | None, typer.Option(min=0, help="Go to the decision of that number in --list.")
    ] = None,
    history: Annotated[
        bool,
        typer.Option(
            "--list",
            "--history",
            help="List every decision the artifact ever had, with scores where they are known.",
        ),
    ] = False,
    debug: Debug = False,
) -> None:
    """Change the temperature and thresholds that an artifact decides with.

    decision.json and manifest.json change in one moment: readers, and whoever finds the folder
    after a crash, see the old decision or the new one. Every decision is kept in the hidden folder
    `.decisions` of the artifact, which is neither read nor counted; going back and saving anew
    loses none. An artifact inside a run's folder keeps its decision when the sweep runs again.

    A calibration may lie in s3://bucket/prefix; an artifact there is not changed in place.
    """

    def work() -> None:
        from emoray.storage.location import place_of, place_or_none
        from emoray.workflows.decide import ChangeDecision, run_decide

        run_decide(
            ChangeDecision(
                artifact=place_of(artifact),
                temperature=temperature,
                thresholds=tuple(threshold or ()),
                source=place_or_none(source),
                rule=rule,
                undo=undo,
                redo=redo,
                to=to,
                history=history,
            )
        )

    run_job(work, debug=debug)


if __name__ == "__main__":
    app()
