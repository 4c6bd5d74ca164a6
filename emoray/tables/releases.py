"""`releases.parquet` of a model, made from its records: they are the truth, it is their copy.

It is behind for a moment, or until the next release where a process was killed; it can be made
again from the records, and a record that was damaged from it.
"""

import json
from collections.abc import Sequence
from typing import Any

from emoray.releases.history import numbers_of, read_record, releases_of
from emoray.releases.looking import about
from emoray.releases.names import CANDIDATE, PRODUCTION
from emoray.releases.record import Release, parsed_record, record_bytes
from emoray.releases.writing import write_again
from emoray.storage.location import Place
from emoray.storage.s3 import S3Folder
from emoray.tables.files import read_table, write_table
from emoray.tables.release_rows import ReleaseRow

FILE = "releases.parquet"
WRITES = 10  # of the table, while others release


def _row(releases: Sequence[Release], release: Release) -> ReleaseRow:
    added = about(releases, release.artifact)
    card, decision = added.get("card") or {}, added.get("decision") or {}
    figures: dict[str, Any] = dict(release.figures or {})
    verdict: dict[str, Any] = dict(release.verdict or {})
    return ReleaseRow(
        release=release.number,
        time=release.time,
        who=release.who,
        why=release.why,
        action=release.action,
        artifact_sha256=release.artifact,
        production=release.aliases.get(PRODUCTION),
        candidate=release.aliases.get(CANDIDATE),
        forced=release.forced,
        scheme=card.get("scheme"),
        size_bytes=added.get("size_bytes"),
        temperature=decision.get("temperature"),
        threshold_rule=decision.get("threshold_rule"),
        gates=None if release.gates is None else json.dumps(release.gates),
        texts_of=figures.get("corpus"),
        **{n: figures.get(n) for n in ("split", "texts", "macro_f1", "ece")},
        latency_p95_ms=figures.get("latency_p95_ms"),
        **{n: verdict.get(n) for n in ("verdict", "against", "macro_f1_change")},
        macro_f1_low=verdict.get("macro_f1_low"),
        macro_f1_high=verdict.get("macro_f1_high"),
        record=record_bytes(release).decode(),
    )


def _is_there(model: Place) -> bool:
    if isinstance(model, S3Folder):
        return model.entry(FILE) is not None
    return (model / FILE).is_file()


def copied_records(model: Place) -> dict[int, bytes]:
    """The records that the table holds, by number; empty where there is none that can be read."""
    if not _is_there(model):
        return {}
    try:
        rows = read_table(model / FILE, ReleaseRow).select(["release", "record"]).to_pylist()
    except (ValueError, OSError):
        return {}
    return {row["release"]: row["record"].encode() for row in rows}


def whole_history(model: Place) -> list[Release]:
    """Every release of a model; refuse (ValueError) a history that lost one its table has."""
    copied = copied_records(model)  # first: it never knows more than is there
    releases = releases_of(model)
    known = {release.number: record_bytes(release) for release in releases}
    if lost := [number for number, data in copied.items() if known.get(number) != data]:
        raise ValueError(
            f"a history only grows, got {model} without the release {lost[0]} that its {FILE} has: "
            f"`python -m jobs.release list {model.name} --models {model.parent} --repair` writes "
            f"it again; where it was taken away on purpose, delete {model / FILE}"
        )
    return releases


def write_releases(model: Place) -> None:
    """Write the table of a model's releases, until the newest one is in it."""
    for _ in range(WRITES):
        releases = whole_history(model)
        write_table([_row(releases, each) for each in releases], model / FILE, ReleaseRow)
        if numbers_of(model) == [release.number for release in releases]:
            return


def repair_history(model: Place) -> list[int]:
    """Write records that are damaged or lost again, from the table; return their numbers."""
    mended = []
    for number, data in sorted(copied_records(model).items()):
        try:
            parsed_record(read_record(model, number) or b"", number)
        except ValueError:
            parsed_record(data, number)
            write_again(model, number, data)
            mended.append(number)
    return mended
