"""Labels that came in later, found again by the SHA-256 of a text's UTF-8.

Shapes: N texts, T texts with labels, K labels.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.json as pj
import pyarrow.parquet as pq

from emoray.storage.listing import files_at
from emoray.storage.location import Place, local_copy

ENDINGS = (".parquet", ".csv", ".tsv", ".jsonl")
SHA, TEXT, LABELS = "text_sha256", "text", "labels"
LONGEST_LINE = 2**24  # bytes of a row of JSON lines


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrueLabels:
    """What is true of some texts. sha256: of each text, once."""

    sha256: pa.Array
    labels_TK: np.ndarray

    def __len__(self) -> int:
        return len(self.sha256)

    def of(self, text_sha256: pa.ChunkedArray | pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """Find the labels of some texts.

        Args:
            text_sha256: of N texts.

        Returns:
            known_N, bool, and the labels of those that are known, in their order, bool.
        """
        place = pc.index_in(text_sha256, value_set=self.sha256)
        if isinstance(place, pa.ChunkedArray):
            place = place.combine_chunks()
        at_N = pc.fill_null(place, -1).to_numpy()
        return at_N >= 0, self.labels_TK[at_N[at_N >= 0]]


def _read(source: Place) -> pa.Table:
    """The rows of a file, by its ending; ValueError for a damaged one."""
    path = local_copy(source)
    try:
        if source.name.endswith(".parquet"):
            return pq.read_table(path, page_checksum_verification=True)
        if source.name.endswith(".jsonl"):
            return pj.read_json(path, pj.ReadOptions(block_size=LONGEST_LINE))
        separator = "\t" if source.name.endswith(".tsv") else ","
        return csv.read_csv(
            path,
            parse_options=csv.ParseOptions(delimiter=separator, newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                column_types={name: pa.string() for name in (SHA, TEXT, LABELS)}
            ),
        )
    except (OSError, pa.ArrowException) as error:
        raise ValueError(
            f"a file of labels must be readable, {source} is not ({error}): mend it, or bring it "
            "here again"
        ) from error


def _lists(column: pa.ChunkedArray, source: Place) -> pa.Array:
    """Labels as lists of strings; as text they are separated by commas."""
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):  # of no chunk at all
        whole = pa.array([], whole.type)
    if pa.types.is_null(whole.type):
        return pa.array([[]] * len(whole), pa.list_(pa.string()))
    if pa.types.is_string(whole.type) or pa.types.is_large_string(whole.type):
        parts = pc.split_pattern(pc.fill_null(whole, ""), ",")
        return pa.array(
            [[name.strip() for name in names if name.strip()] for names in parts.to_pylist()],
            pa.list_(pa.string()),
        )
    if pa.types.is_list(whole.type) or pa.types.is_large_list(whole.type):
        return whole.cast(pa.list_(pa.string()))
    raise ValueError(
        f"`{LABELS}` are lists of names, or names separated by commas, got {whole.type} in "
        f"{source}: write the names"
    )


def _column_of_texts(table: pa.Table, source: Place) -> str:
    name = next((n for n in (SHA, TEXT) if n in table.column_names), None)
    if name is None:
        raise ValueError(
            f"a file of labels has a column `{SHA}` or `{TEXT}`, got "
            f"{', '.join(table.column_names)} in {source}: add the one that a log keeps, {SHA}"
        )
    kind = table.schema.field(name).type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise ValueError(f"`{name}` holds text, got {kind} in {source}: write it as text")
    return name


def _hashes(table: pa.Table, name: str) -> list[str]:
    values = table.column(name).to_pylist()
    if name == SHA:
        return [value.lower() for value in values]
    return [hashlib.sha256(value.encode()).hexdigest() for value in values]


def true_labels(place: str, label_names: Sequence[str]) -> TrueLabels:
    """Read labels: columns `text_sha256` (or `text`) and `labels`.

    Args:
        place: a file, a folder or a pattern: Parquet, CSV, TSV or JSON lines, here or in a bucket.
        label_names: the K labels, in the order in which they are wanted.

    Returns:
        The labels; of a text that comes more than once the last row counts. A row without a text,
        or whose labels are null, is of no text that anybody labelled.

    Raises:
        ValueError: nothing there, a damaged file, missing columns, or a label that is not known.
    """
    known = pa.array(label_names, pa.string())
    rows: dict[str, int] = {}
    parts = [np.zeros((0, len(label_names)), bool)]
    for source in files_at(place, endings=ENDINGS):
        table = _read(source)
        if LABELS not in table.column_names:
            raise ValueError(
                f"a file of labels has a column `{LABELS}`, got {', '.join(table.column_names)} in "
                f"{source}: lists of names, or names separated by commas"
            )
        name = _column_of_texts(table, source)
        table = table.filter(
            pc.and_(pc.is_valid(table.column(LABELS)), pc.is_valid(table.column(name)))
        )
        lists = _lists(table.column(LABELS), source)
        label_G = pc.index_in(lists.flatten(), value_set=known)
        if label_G.null_count:
            strange = lists.flatten().filter(pc.is_null(label_G))[0].as_py()
            raise ValueError(
                f"a label is one of {', '.join(label_names)}, got {strange!r} in {source}: name "
                "labels as the artifact does"
            )
        labels_NK = np.zeros((table.num_rows, len(label_names)), bool)
        labels_NK[pc.list_parent_indices(lists).to_numpy(), label_G.to_numpy()] = True
        start = sum(map(len, parts))
        rows.update(zip(_hashes(table, name), range(start, start + len(labels_NK)), strict=True))
        parts.append(labels_NK)
    labels_TK = np.concatenate(parts)[list(rows.values())]
    return TrueLabels(sha256=pa.array(rows, pa.string()), labels_TK=labels_TK)
