"""Row classes, Parquet files, the front, and a finished run as one object."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from emoray.storage.location import Place
    from emoray.tables.run import Run


def load_run(*places: "str | Path | Place") -> "Run":
    """Read a finished run, or several as one.

    Args:
        places: folders or s3://bucket/prefix of runs.

    Returns:
        The run: `points` and its other tables as pandas frames, `best`, `compare`, `ship`.

    Raises:
        ValueError: where a place holds no tables, with what it does hold.
    """
    from emoray.tables.run import Run

    return Run.of(*places)


load = load_run
