"""Documentation of the columns: the part of `results/README.md` generated from the row classes.

`python -m emoray.tables.describe` rewrites what lies between the two marks; the rest is written by
hand and stays as it is.
"""

import sys
from pathlib import Path

import pyarrow as pa

from emoray.tables.parts import KEYS
from emoray.tables.rows import FINISHED_TABLES, TABLES
from emoray.tables.schema import schema_of

README = Path("results/README.md")
BEGIN = "<!-- tables: written by `python -m emoray.tables.describe` -->"
END = "<!-- end of tables -->"
FINISHED = (
    "Of the jobs on finished models, in the folder that each makes in `--out`; `releases` in that "
    "of its model:"
)
ARROWS = {"maximize": "higher", "minimize": "lower"}
KINDS = {
    "int64": "integer",
    "double": "float",
    "list<item: int64>": "list of integers",
    "list<item: uint8>": "list of 8-bit integers",
    "list<item: float>": "list of 32-bit floats",
}


def _line(field: pa.Field) -> str:
    metadata = {k.decode(): v.decode() for k, v in (field.metadata or {}).items()}
    kind = KINDS.get(str(field.type), str(field.type)) + (", may be null" if field.nullable else "")
    words = metadata["description"].replace("|", "\\|")
    better = ARROWS.get(metadata.get("direction", ""), "")
    return f"| `{field.name}` | {kind} | {words} | {better} |"


def _section(name: str, row_class: type) -> str:
    schema = schema_of(row_class)
    about = (schema.metadata or {})[b"description"].decode()
    key = ", ".join(f"`{column}`" for column in KEYS.get(name, ()))
    head = ["| column | type | what it holds | better |", "| --- | --- | --- | --- |"]
    about += f" One row per {key}." if key else ""
    lines = [f"### `{name}.parquet`", "", about, "", *head]
    return "\n".join([*lines, *(_line(field) for field in schema)])


def tables_part() -> str:
    """All tables as Markdown: a sweep's, then those of the jobs on finished models."""
    sections = [_section(name, row_class) for name, row_class in TABLES.items()]
    finished = [_section(name, row_class) for name, row_class in FINISHED_TABLES.items()]
    return "\n\n".join([*sections, FINISHED, *finished])


def described(text: str) -> str:
    """Replace the part of `text` between the marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(
            f"the page must hold the marks {BEGIN} and {END} in this order, got a page without: "
            "put them where the tables go"
        )
    return f"{before}{BEGIN}\n\n{tables_part()}\n\n{END}{after}"


def rewrite(path: Path = README) -> Path:
    """Rewrite the tables' part of the page at `path`."""
    path.write_text(described(path.read_text("utf-8")), "utf-8")
    return path


if __name__ == "__main__":
    rewrite(*map(Path, sys.argv[1:2]))
