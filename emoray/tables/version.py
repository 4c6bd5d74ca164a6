"""What tells this version's tables from another's."""

import hashlib
import json
from functools import cache

from emoray.storage.run_folder import TABLES as RECORDED
from emoray.tables.rows import TABLES
from emoray.tables.schema import schema_of


@cache
def tables_version() -> str:
    """SHA-256 of every table's columns and their types: nobody has to remember to raise it."""
    columns = {
        name: [[field.name, str(field.type), field.nullable] for field in schema_of(row_class)]
        for name, row_class in TABLES.items()
    }
    return hashlib.sha256(json.dumps(columns, sort_keys=True).encode()).hexdigest()


def versioned(inputs: dict[str, str]) -> dict[str, str]:
    """What a run is made of, with the version of its tables: a later start adds rows to them, so
    another version's run is another run."""
    return {**inputs, RECORDED: tables_version()}
