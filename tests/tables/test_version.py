from dataclasses import dataclass, fields

import pytest

from emoray.tables import version
from emoray.tables.rows import TABLES
from emoray.tables.version import tables_version, versioned


def test_a_run_records_the_version_of_its_tables() -> None:
    assert versioned({"job": "jobs.sweep"}) == {"job": "jobs.sweep", "tables": tables_version()}


def test_a_column_more_is_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Failure(TABLES["failures"]):  # type: ignore[misc, valid-type]
        """A row with one more column."""

        remedy: str

    assert [f.name for f in fields(Failure)][-1] == "remedy"
    monkeypatch.setattr(version, "TABLES", {**TABLES, "failures": Failure})
    assert tables_version.__wrapped__() != tables_version()
