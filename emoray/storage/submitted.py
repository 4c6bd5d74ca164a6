"""Checks of paths in a job that was submitted with `ray job submit`.

It runs in Ray's copy of the code, or in a folder of the head: both go with the cluster, and hold
nothing of the folder where the user submitted it.
"""

import os
from pathlib import Path

from emoray.storage.names import shown
from emoray.storage.s3 import S3Folder

RAY_JOB_VARIABLE = "RAY_JOB_CONFIG_JSON_ENV_VAR"  # the variable's own name
COPIES = "/runtime_resources/working_dir_files/"  # below Ray's session
WAY_OUT = "name an absolute folder that every node reaches, or s3://bucket/prefix"


def _in_copy(path: Path) -> bool:
    return COPIES in path.absolute().as_posix()


def is_submitted() -> bool:
    """Whether this process is a submitted job."""
    return RAY_JOB_VARIABLE in os.environ or _in_copy(Path())


def check_outlives(place: Path | S3Folder, option: str) -> None:
    """Refuse an output of a submitted job where Ray deletes it."""
    if isinstance(place, S3Folder) or not is_submitted():
        return
    if _in_copy(place) or not place.is_absolute():
        raise ValueError(
            "what a submitted job writes must outlive its Ray, got "
            f"{option} {shown(str(place))}, in a folder that goes with the cluster: {WAY_OUT}"
        )


def check_travelled(path: Path) -> None:
    """Refuse an input that was not copied along with a submitted job."""
    if path.is_absolute() or any(sign in str(path) for sign in "*?["):
        return
    if is_submitted() and not path.exists():
        raise ValueError(
            "what a submitted job reads must be where it runs, got "
            f"{shown(str(path))}, which did not come along, as only code does: {WAY_OUT}"
        )
