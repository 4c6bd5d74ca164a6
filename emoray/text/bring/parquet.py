"""Parquet and Arrow tables, with the names of class ids where `datasets` left them."""

import json
from pathlib import Path
from typing import Any

from emoray.text.bring.table import Table


def class_names(said: bytes | None) -> dict[str, tuple[str, ...]]:
    """Names of ids by column, from what the `datasets` library writes into a schema."""
    try:
        features: Any = json.loads(said or b"{}")["info"]["features"]
    except (KeyError, TypeError, ValueError):
        return {}
    found = {}
    for column, feature in features.items():
        if isinstance(feature, list) and feature:  # as older versions write a list of ids
            feature = feature[0]
        inner = feature.get("feature", feature) if isinstance(feature, dict) else {}
        names = inner.get("names") if isinstance(inner, dict) else None
        if isinstance(names, list):
            found[column] = tuple(map(str, names))
    return found


def table_of(arrow: Any, where: str) -> Table:
    """A pyarrow table as columns of Python values."""
    names = [n for n in arrow.column_names if not n.startswith("__index_level_")]
    said = (arrow.schema.metadata or {}).get(b"huggingface")
    columns = {name: arrow.column(name).to_pylist() for name in names}
    return Table(where=where, columns=columns, names=class_names(said))


def read_parquet(path: Path, where: str) -> Table:
    """One file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        arrow = pq.read_table(path, page_checksum_verification=True)
    except (pa.ArrowException, OSError) as error:
        raise ValueError(
            f"{where}: a Parquet file must be whole, got one that cannot be read "
            f"({str(error).splitlines()[0]}): copy it again"
        ) from None
    return table_of(arrow, where)
