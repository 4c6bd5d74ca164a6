"""Many small tables read as one, with the checks of each made for all at once."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from emoray.tables.files import checked_table, read_table, stored
from emoray.tables.schema import passed_over, schema_of


def read_many(paths: Sequence[Path], row_class: type) -> tuple[pa.Table, dict[Path, str]]:
    """The rows of all tables that are whole, in the order of the paths; of others, why not."""
    schema, without = schema_of(row_class), passed_over(row_class)
    try:
        table = pa.concat_tables(stored(path, without=without) for path in paths)
        if (rows := checked_table(table, schema, paths[0].parent)) is not None:
            return rows, {}
    except (OSError, ValueError, pa.ArrowException):
        pass
    whole, wrong = [schema.empty_table()], dict[Path, str]()
    for path in paths:  # read one by one to learn which is wrong, and why
        try:
            whole.append(read_table(path, row_class))
        except ValueError as error:
            wrong[path] = str(error)
    return pa.concat_tables(whole), wrong
