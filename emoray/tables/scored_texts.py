"""Texts as a model scored them, from a log of `jobs.serve` or an output of `jobs.predict`.

A log keeps lists with the names of their labels beside them, since artifacts of several label sets
may share it; an output has a column a label, as its readers like it. What reads either reads both
here. Shapes: N texts, K labels.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from emoray.storage.listing import files_at
from emoray.storage.location import Place, local_copy

ROWS = 16_384  # read at once
PROBABILITY, LOGIT, GIVEN = "probability_", "logit_", "labels"  # columns of an output
SEPARATOR = "\x1f"  # the unit separator: in no label's name
ABOUT = b"emoray"  # in the metadata of an output: what stands before the names of its columns
FACTS = pa.schema(
    {
        "time": pa.timestamp("us", "UTC"),
        "request": pa.string(),
        "number": pa.int32(),
        "role": pa.string(),
        "artifact": pa.string(),
        "key": pa.string(),
        "split_share": pa.float64(),
        "text_sha256": pa.string(),
        "characters": pa.int32(),
        "tokens": pa.int32(),
        "truncated": pa.bool_(),
        "unknown_share": pa.float32(),
        "milliseconds": pa.float32(),
        "text": pa.string(),
    }
)
# Of these, an output has what jobs.predict writes; a column of a user's own, such as `key`, is not
# what the name means here. Only `time` is taken over, where it is one.
WRITTEN = ("artifact", "text_sha256", "characters", "tokens", "truncated", "unknown_share")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredTexts:
    """Some texts as one model scored them, in the order of their file.

    Attributes:
        source: the file.
        artifact: SHA-256 of the model.
        label_names: the K labels, in order.
        facts: what else is known of each text, as `FACTS`; null where the source does not tell.
        probabilities_NK: calibrated, float32.
        decided_NK: the labels given, bool.
        logits_NK: float32; None where they were not asked for.
    """

    source: Place
    artifact: str
    label_names: tuple[str, ...]
    facts: pa.Table
    probabilities_NK: np.ndarray
    decided_NK: np.ndarray
    logits_NK: np.ndarray | None

    def __len__(self) -> int:
        return self.facts.num_rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scores:
    """What differs between the two kinds of files."""

    label_names: tuple[str, ...]
    probabilities_NK: np.ndarray
    decided_NK: np.ndarray
    logits_NK: np.ndarray | None


def _refuse(source: Place, rule: str, got: str, remedy: str) -> ValueError:
    return ValueError(f"{rule}, got {got} in {source}: {remedy}")


def _texts_of(table: pa.Table, column: str) -> pa.Array:
    """A column of lists of strings, each list as one string."""
    return pc.binary_join(table.column(column).combine_chunks(), SEPARATOR)


def _matrix(table: pa.Table, column: str, labels: int, source: Place) -> np.ndarray:
    """A column of lists, N x K."""
    lists = table.column(column).combine_chunks()
    lengths = pc.unique(pc.list_value_length(lists)).to_pylist()
    if lists.null_count or lengths != [labels]:
        raise _refuse(
            source,
            f"a text has a value a label in `{column}`",
            f"{lengths} values where there are {labels} labels",
            "the file is damaged, leave it out",
        )
    return np.ascontiguousarray(lists.flatten().to_numpy(zero_copy_only=False)).reshape(-1, labels)


def _wide(table: pa.Table, start: str, names: Sequence[str], source: Place) -> np.ndarray:
    """Columns of numbers as one array, N x K."""
    columns = [table.column(f"{start}{name}") for name in names]
    if any(column.null_count for column in columns):
        raise _refuse(
            source,
            f"a scored text has all its columns `{start}…`",
            "some without a value",
            "the file is damaged, run jobs.predict again",
        )
    values = [column.to_numpy() for column in columns]
    return np.ascontiguousarray(np.stack(values, axis=1), dtype=np.float32)


def _given(table: pa.Table, names: Sequence[str], source: Place) -> np.ndarray:
    """decided_NK from the lists of labels given."""
    lists = table.column(GIVEN).combine_chunks()
    decided_NK = np.zeros((table.num_rows, len(names)), bool)
    rows_G = pc.list_parent_indices(lists).to_numpy()
    label_G = pc.index_in(lists.flatten(), value_set=pa.array(names, pa.string()))
    if label_G.null_count:
        raise _refuse(
            source,
            f"labels given are among those with a column `{PROBABILITY}…`",
            "another one",
            "the file is damaged, run jobs.predict again",
        )
    decided_NK[rows_G, label_G.to_numpy()] = True
    return decided_NK


def _facts(table: pa.Table, id_column: str | None) -> pa.Table:
    """The columns of FACTS, null where the table lacks one."""
    columns = []
    for field in FACTS:
        if field.name == "request" and id_column is not None:
            columns.append(table.column(id_column).cast(field.type))
        elif field.name in table.column_names and field.name != id_column:
            columns.append(table.column(field.name).cast(field.type, safe=False))
        else:
            columns.append(pa.nulls(table.num_rows, field.type))
    return pa.Table.from_arrays(columns, schema=FACTS)


def _of_output(part: pa.Table, source: Place, *, logits: bool) -> _Scores:
    names = tuple(
        n.removeprefix(PROBABILITY) for n in part.column_names if n.startswith(PROBABILITY)
    )
    return _Scores(
        label_names=names,
        probabilities_NK=_wide(part, PROBABILITY, names, source),
        decided_NK=_given(part, names, source),
        logits_NK=_wide(part, LOGIT, names, source) if logits else None,
    )


def _of_log(part: pa.Table, source: Place, *, logits: bool) -> _Scores:
    names = tuple(part.column("label_names")[0].as_py())
    lists = pc.unique(_texts_of(part, "label_names")).to_pylist()
    if lists != [SEPARATOR.join(names)]:
        raise _refuse(
            source,
            "a model has the same labels in all rows",
            f"{len(lists)} kinds of them",
            "the file is damaged, leave it out",
        )
    return _Scores(
        label_names=names,
        probabilities_NK=_matrix(part, "probabilities", len(names), source),
        decided_NK=_matrix(part, "decided", len(names), source),
        logits_NK=_matrix(part, "logits", len(names), source) if logits else None,
    )


def _by_artifact(
    table: pa.Table, source: Place, read: Callable[[pa.Table], _Scores], id_column: str | None
) -> Iterator[ScoredTexts]:
    """The rows of each model, in the order in which models first occur."""
    artifacts = table.column("artifact").combine_chunks()
    for artifact in pc.unique(artifacts).to_pylist():
        if artifact is None:
            raise _refuse(
                source,
                "a scored text names its model in `artifact`",
                "rows without",
                "the file is damaged, leave it out",
            )
        part = table.filter(pc.equal(artifacts, artifact))
        scores = read(part)
        yield ScoredTexts(
            source=source,
            artifact=artifact,
            label_names=scores.label_names,
            facts=_facts(part, id_column),
            probabilities_NK=scores.probabilities_NK,
            decided_NK=scores.decided_NK,
            logits_NK=scores.logits_NK,
        )


def _prefix(schema: pa.Schema) -> str:
    """What stands before the names of columns that `jobs.predict` added."""
    try:
        return str(json.loads((schema.metadata or {})[ABOUT])["prefix"])
    except (KeyError, TypeError, ValueError):
        return ""


def _columns(
    schema: pa.Schema, source: Place, *, logits: bool, id_column: str | None
) -> tuple[list[str], bool]:
    """The columns to read, without a prefix, and whether the file is a log's."""
    if id_column is not None and id_column not in schema.names:
        raise _refuse(
            source,
            "a column that names texts is one of the file's own",
            f"no {id_column!r} among {', '.join(schema.names[:8])}",
            "name another, or leave it out: texts are known by their hash",
        )
    start = _prefix(schema)
    names = [name.removeprefix(start) for name in schema.names if name.startswith(start)]
    shared = {"artifact", "text_sha256"} <= set(names)
    if shared and {"label_names", "probabilities", "decided"} <= set(names):
        lists = ["label_names", "probabilities", "decided", *(["logits"] if logits else [])]
        return [*(name for name in FACTS.names if name in names), *lists], True
    wide = [name for name in names if name.startswith(PROBABILITY)]
    if not (shared and wide and GIVEN in names):
        raise _refuse(
            source,
            "scored texts are a request log of jobs.serve or an output of jobs.predict",
            f"the columns {', '.join(names[:8])}",
            "name such a folder or file",
        )
    kept = [f"{LOGIT}{name.removeprefix(PROBABILITY)}" for name in wide]
    if logits and not set(kept) <= set(names):
        raise _refuse(
            source,
            f"logits are needed, in columns `{LOGIT}…`",
            "none",
            "run jobs.predict with --logits",
        )
    facts = [name for name in WRITTEN if name in names]
    if "time" in schema.names and pa.types.is_timestamp(schema.field("time").type):
        facts.append("time")
    named = [id_column] if id_column is not None and id_column not in facts else []
    return [*facts, *named, GIVEN, *wide, *(kept if logits else [])], False


def scored_texts(
    place: str, *, logits: bool = False, id_column: str | None = None
) -> Iterator[ScoredTexts]:
    """Read texts with their scores, some thousand at once.

    Args:
        place: a file, a folder or a pattern, here or in a bucket: a request log of `jobs.serve`
            (files that are still being written do not count) or an output of `jobs.predict`.
        logits: whether they are wanted too.
        id_column: of an output, that names its texts; it becomes `request` of the facts.

    Yields:
        Texts of one model each, file by file in the order of names (those of a log: of their time).
        A text of an output that could not be scored is left out.

    Raises:
        ValueError: nothing there, a file of another kind, or a damaged one.
    """
    for source in files_at(place, endings=(".parquet",)):
        try:
            with pq.ParquetFile(local_copy(source), page_checksum_verification=True) as file:
                columns, is_log = _columns(
                    file.schema_arrow, source, logits=logits, id_column=id_column
                )
                kind = partial(_of_log if is_log else _of_output, source=source, logits=logits)
                start = _prefix(file.schema_arrow)
                stored = [n if n in ("time", id_column) else f"{start}{n}" for n in columns]
                for batch in file.iter_batches(ROWS, columns=stored):
                    table = pa.Table.from_batches([batch]).select(stored).rename_columns(columns)
                    table.validate(full=True)
                    if not is_log:
                        table = table.filter(pc.is_valid(table.column(GIVEN)))
                    yield from _by_artifact(table, source, kind, id_column)
        except (OSError, pa.ArrowException) as error:
            raise ValueError(
                f"a Parquet file must be whole, {source} is not ({error}): leave it out, or bring "
                "it here again"
            ) from error
