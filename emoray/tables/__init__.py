"""Row classes, Parquet files, the front and the report. `load` reads a run for a notebook."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from emoray.storage.location import Place
    from emoray.tables.run import Run


def load(*places: "str | Path | Place") -> "Run":
    """The run in a folder or s3://bucket/prefix, or several read as one.

    `load("results/quick-ekman").points` is a pandas frame; see `emoray.tables.run.Run`. ValueError
    where a place holds no tables, with what it does hold.
    """
    from emoray.tables.run import load as load_run

    return load_run(*places)
