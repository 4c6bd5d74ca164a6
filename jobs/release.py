"""Release versions of a model: a history, gates, and names that every job takes."""

from emoray.workflows.settings.release import (
    AddRelease,
    DiffReleases,
    ListReleases,
    PromoteRelease,
    RollBack,
    ShowRelease,
)
from jobs.console import Job

app = Job(
    epilog="Examples:  \n"
    "`python -m jobs.release add emotions results/quick-ekman/artifacts/POINT` — the candidate  \n"
    "`python -m jobs.release promote emotions --min-macro-f1 0.55` — into production, if it has "
    "earned it  \n"
    "`python -m jobs.release COMMAND --help` tells more"
)


@app.command(
    AddRelease,
    epilog="Examples:  \n"
    "`python -m jobs.release add emotions results/quick-ekman/artifacts/POINT`  \n"
    "`python -m jobs.release add emotions POINT --run results/quick-ekman --why 'fewer bytes'`",
)
def add(settings: AddRelease) -> None:
    """Add an artifact to a model: it becomes the candidate.

    Its files are copied below MODELS/NAME/artifacts/SHA-256, whole before the history names them;
    its card, labels, thresholds and bytes go into the history. What is there already is not added
    again. Then every job takes it as model:NAME@candidate.
    """
    from emoray.promotion.adding import run_add

    run_add(settings)


@app.command(
    PromoteRelease,
    epilog="Examples:  \n"
    "`python -m jobs.release promote emotions --min-macro-f1 0.55 --max-size-mb 1`  \n"
    "`python -m jobs.release promote emotions --texts labelled.csv --margin 0.01`  \n"
    "`python -m jobs.release promote emotions 5f2c1a --force --why 'the other one is unsafe'`",
)
def promote(settings: PromoteRelease) -> None:
    """Put the candidate, or another artifact, into production, if it has earned it.

    It must pass every gate, and be better than what is in production or equivalent to it: paired,
    on the same texts. These are dev of the corpus, or --texts of your own; the test split steers
    nothing. Gates are kept: the next promotion asks for the same unless it says otherwise. Of two
    who promote at once one wins, and the other is told.
    """
    from emoray.promotion.promoting import run_promote

    run_promote(settings)


@app.command(
    RollBack,
    epilog="Example:  \n`python -m jobs.release rollback emotions --why 'complaints about irony'`",
)
def rollback(settings: RollBack) -> None:
    """Put back what was in production before; once more goes further back.

    Nothing is measured: it was in production already. What was rolled back stays in the history,
    and `promote` takes it again by its number.
    """
    from emoray.promotion.promoting import run_rollback

    run_rollback(settings)


@app.command(
    ListReleases,
    name="list",
    epilog="Example:  \n`python -m jobs.release list emotions`",
)
def list_releases(settings: ListReleases) -> None:
    """List the releases of a model, what is in production, and the candidate.

    The same stands in MODELS/NAME/releases.parquet, which is made from the records in history/.
    """
    from emoray.promotion.showing import run_list

    run_list(settings)


@app.command(
    ShowRelease,
    epilog="Examples:  \n`python -m jobs.release show emotions production`  \n"
    "`python -m jobs.release show emotions 3`",
)
def show(settings: ShowRelease) -> None:
    """Show everything that is kept of one release: gates, figures, verdict, decision, card."""
    from emoray.promotion.showing import run_show

    run_show(settings)


@app.command(
    DiffReleases,
    epilog="Examples:  \n`python -m jobs.release diff emotions` — from production to the "
    "candidate  \n`python -m jobs.release diff emotions 1 3`",
)
def diff(settings: DiffReleases) -> None:
    """Show what changed between two releases: figures, thresholds, scheme, bytes, labels."""
    from emoray.promotion.showing import run_diff

    run_diff(settings)


if __name__ == "__main__":
    app()
