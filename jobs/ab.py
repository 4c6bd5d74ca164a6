"""Compare two artifacts on live traffic: in a shadow, on split traffic, or on saved predictions."""

from emoray.workflows.settings.ab import LiveComparison
from jobs.console import Job

app = Job()


@app.command(
    LiveComparison,
    epilog="Examples:  \n"
    "`python -m jobs.serve my-model --shadow candidate --log requests` — both answer every text; "
    "then, as often as you like:  \n"
    "`python -m jobs.ab --log requests` — where they decide otherwise, and how fast  \n"
    "`python -m jobs.ab --log requests --labels labels.csv --effect 0.02` — which is better, and "
    "how many labels it still takes  \n"
    "`python -m jobs.ab --before old --after new --labels labels.parquet` — two outputs of "
    "jobs.predict",
)
def ab(settings: LiveComparison) -> None:
    """Compare two artifacts on live traffic, at any moment and as often as you like.

    Every interval, p and verdict is always valid: it holds at all moments together, so looking
    every day and stopping when something shows is allowed. (A usual 95 % interval that is looked
    at every 50 texts calls equal models different in one stream of six or more.)

    Without labels: how often both decide alike, flips of each label in both directions, shares of
    texts with each label, latency. With labels, of as many texts as there are: the change of
    macro-F1 and of each label's F1, a verdict (better, worse, equivalent within the margin, or
    undecided) and the texts still needed to show a planned effect.

    A text that comes again counts once. Split traffic is checked against its plan, and texts of
    one key count as alike as they are. Exit code 0 whatever the verdict, 1 for a mistake.

    Writes ab (a row a look), ab_labels, ab_latency and the page ab.html.
    """
    from emoray.workflows.ab import run_ab

    run_ab(settings)


if __name__ == "__main__":
    app()
