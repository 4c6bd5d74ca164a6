"""Read what was released: the records of a model, on a disk or in a bucket.

Reading needs the standard library alone, and boto3 for a bucket: a service reads here too.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

from emoray.releases.record import HISTORY, RECORD, Release, parsed_record, record_name
from emoray.storage.objects import DamagedError
from emoray.storage.s3 import S3Folder

Folder: TypeAlias = Path | S3Folder
AT_ONCE = 16  # records that are read from a bucket in parallel


def names_in(folder: Folder) -> list[str]:
    """What a folder holds, first parts of the names only; empty where there is no folder."""
    if isinstance(folder, S3Folder):
        return sorted({name.partition("/")[0] for name in folder.names()})
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def models_in(root: Folder) -> list[str]:
    """The models that have a history."""
    if isinstance(root, S3Folder):
        parts = [name.split("/") for name in root.names()]
        return sorted({p[0] for p in parts if len(p) == 3 and p[1] == HISTORY})
    return [name for name in names_in(root) if (root / name / HISTORY).is_dir()]


def numbers_of(model: Folder) -> list[int]:
    """Numbers of a model's releases, the newest last; refuse a history with a gap."""
    found = [RECORD.fullmatch(name) for name in names_in(model / HISTORY)]
    numbers = [int(one[1]) for one in found if one]
    missing = sorted(set(range(1, len(numbers) + 1)) - set(numbers))
    if missing:
        raise damaged(model, missing[0], "it is not there, and later ones are")
    return numbers


def damaged(model: Folder, number: int, what: str) -> ValueError:
    """The error of a record that cannot be read, and how to go on."""
    at = model / HISTORY / record_name(number)
    return ValueError(
        f"a release is kept as it was written, {at} is not: {what}. `python -m jobs.release list "
        f"{model.name} --models {model.parent} --repair` writes it again from releases.parquet; "
        "else bring the file back from a copy"
    )


def read_record(model: Folder, number: int) -> bytes | None:
    """The bytes of a record as they lie there; None where there is none."""
    folder, name = model / HISTORY, record_name(number)
    try:
        return folder.read(name) if isinstance(folder, S3Folder) else (folder / name).read_bytes()
    except FileNotFoundError:
        return None
    except DamagedError:
        return b""


def release_at(model: Folder, number: int) -> Release:
    """One release; ValueError where its file is damaged or not there."""
    data = read_record(model, number)
    if data is None:
        raise damaged(model, number, "it is not there")
    try:
        return parsed_record(data, number)
    except ValueError as error:
        raise damaged(model, number, str(error)) from None


def newest_release(model: Folder) -> Release | None:
    """The newest release, which carries the aliases; None of a model without any."""
    numbers = numbers_of(model)
    return release_at(model, numbers[-1]) if numbers else None


def releases_of(model: Folder) -> list[Release]:
    """Every release of a model, the newest last."""
    numbers = numbers_of(model)
    if isinstance(model, Path):
        return [release_at(model, number) for number in numbers]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda number: release_at(model, number), numbers))
