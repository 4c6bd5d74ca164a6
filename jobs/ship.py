"""Put the artifact of any row of a run on disk."""

from emoray.workflows.settings.run import Ship
from jobs.console import Job

app = Job()


@app.command(
    Ship,
    epilog="Examples:  \n"
    "`python -m jobs.ship results/quick-ekman my-model` — the smallest within 1 point of the "
    "best  \n"
    "`python -m jobs.ship results/quick-ekman my-model --point point-f154e145797f209b`  \n"
    "`python -m jobs.ship results/quick-ekman my-model --within 2 --by latency_p50_ms "
    '--where "size_bytes < 200_000 and dev_ece < 0.01"`',
)
def ship(settings: Ship) -> None:
    """Put the artifact of any row of a run on disk, with the bytes that were scored.

    The row is named with --point, or chosen on dev as the picks of a sweep are. Rows off the front
    are put together from the run's store.
    """
    from emoray.tables import load_run
    from emoray.tables.run import chosen_point
    from emoray.workflows.ending import shipped_words

    found = load_run(settings.run)
    row = chosen_point(
        found,
        settings.point,
        within=settings.within,
        by=settings.by,
        where=settings.where,
        taxonomy=settings.taxonomy,
    )
    print(shipped_words(row, found.ship(row, settings.folder)))


if __name__ == "__main__":
    app()
