"""The version of the tables: a digest of their columns."""

import hashlib
import json
from functools import cache

from emoray.storage.run_folder import TABLES as RECORDED
from emoray.tables.rows import TABLES
from emoray.tables.schema import schema_of


@cache
def tables_version() -> str:
    """SHA-256 of every table's columns and their types: it changes with them by itself."""
    columns = {
        name: [[field.name, str(field.type), field.nullable] for field in schema_of(row_class)]
        for name, row_class in TABLES.items()
    }
    return hashlib.sha256(json.dumps(columns, sort_keys=True).encode()).hexdigest()


def versioned(inputs: dict[str, str]) -> dict[str, str]:
    """Add the version of the tables to a run's inputs.

    A later start adds rows to the tables, so a run of another version is another run.

    Args:
        inputs: digests by name.

    Returns:
        The inputs and the version.
    """
    return {**inputs, RECORDED: tables_version()}
