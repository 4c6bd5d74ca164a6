"""`jobs.release list`, `show` and `diff`."""

from contextlib import suppress

from rich.console import Console

from emoray.releases.looking import chosen_release, differences_between
from emoray.releases.resolving import aliases_in_words, model_folder
from emoray.tables.release_tables import differences_table, release_table, releases_table
from emoray.tables.releases import (
    FILE,
    copied_records,
    repair_history,
    whole_history,
    write_releases,
)
from emoray.tables.terminal import AS_IT_IS, print_titled
from emoray.workflows.settings.release import DiffReleases, ListReleases, ShowRelease


def run_list(settings: ListReleases, console: Console | None = None) -> None:
    """Print the history; write `releases.parquet` where it is behind."""
    console = console or Console()
    if settings.repair:
        mended = repair_history(settings.model)
        said = ", ".join(map(str, mended)) or "none was damaged or lost"
        console.print(f"releases written again from {FILE}: {said}", **AS_IT_IS)
    model_folder(settings.name, settings.models)
    releases = whole_history(settings.model)
    if len(copied_records(settings.model)) < len(releases):
        with suppress(OSError):  # who only reads leaves it behind
            write_releases(settings.model)
    print_titled(console, releases_table(settings.name, releases))
    console.print(aliases_in_words(releases[-1]), **AS_IT_IS)


def run_show(settings: ShowRelease, console: Console | None = None) -> None:
    """Print everything that is kept of a release."""
    model_folder(settings.name, settings.models)
    releases = whole_history(settings.model)
    release = releases[-1] if settings.which is None else chosen_release(releases, settings.which)
    print_titled(console or Console(), release_table(releases, release))


def run_diff(settings: DiffReleases, console: Console | None = None) -> None:
    """Print what changed between two releases: figures, thresholds, scheme, bytes, labels."""
    console = console or Console()
    model_folder(settings.name, settings.models)
    releases = whole_history(settings.model)
    before = chosen_release(releases, settings.before)
    after = chosen_release(releases, settings.after)
    differ = differences_between(releases, before, after)
    if not differ:
        console.print(
            f"releases {before.number} and {after.number} are of one artifact: nothing differs",
            **AS_IT_IS,
        )
        return
    print_titled(console, differences_table(before, after, differ))
