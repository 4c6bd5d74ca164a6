"""Predictions that anyone saved, of whatever model: what is true and what was said, text by text.

Two forms. `.npz`: `truth` and `logits` or `decisions`, each texts x labels; `names` of the labels;
if you like `cuts`, the logit from which each label is given. `.csv` or `.parquet`: a row a text,
for each label NAME a column `truth:NAME` and `logit:NAME` or `decision:NAME`. Without cuts a label
is given from logit 0 on, probability one half. Shapes: N texts, K labels.
"""

from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from emoray.decide.cuts import checked_cuts
from emoray.decide.matrices import checked, checked_labels
from emoray.trial.comparing.operand import Cut, Decided, Operand, Said

ENDINGS = (".npz", ".csv", ".parquet")
BROKEN = (ValueError, OSError, EOFError, BadZipFile, pa.ArrowException)
TRUTH, LOGIT, DECISION = "truth", "logit", "decision"


def is_saved(text: str) -> bool:
    """Whether an operand names a file of predictions."""
    return text.lower().endswith(ENDINGS)


def read_saved(path: Path, name: str) -> Operand:
    """Predictions as an operand; ValueError for a file that holds something else."""
    if not path.is_file():
        raise ValueError(f"saved predictions must be a file, got nothing at {path}: check the name")
    try:
        parts = _arrays(path) if path.suffix.lower() == ".npz" else _columns(path)
        names, truth_NK, said = _understood(parts)
    except BROKEN as error:
        raise ValueError(f"{name}: {error}") from error
    return Operand(name=name, labels=names, truth_NK=truth_NK, said=said)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    with path.open("rb") as file:
        try:
            data = np.load(file, allow_pickle=False)
        except ValueError as error:  # what is no file of NumPy it takes for a pickle
            raise ValueError(
                "saved predictions in .npz are what np.savez writes, got a file of another kind: "
                "save arrays by name"
            ) from error
        if isinstance(data, np.ndarray):
            raise ValueError(
                f"a .npz holds arrays by name, got one of shape {data.shape}: save it with np.savez"
            )
        return dict(data)


def _columns(path: Path) -> dict[str, np.ndarray]:
    """The same parts from columns named `truth:NAME`, `logit:NAME`, `decision:NAME`."""
    read = csv.read_csv if path.suffix.lower() == ".csv" else pq.read_table
    try:
        table = read(path)
    except (OSError, pa.ArrowException) as error:
        raise ValueError(
            f"saved predictions must be whole, got {path.name}, which cannot be read ({error}): "
            "save them again"
        ) from error
    found: dict[str, dict[str, np.ndarray]] = {TRUTH: {}, LOGIT: {}, DECISION: {}}
    for column in table.column_names:
        kind, colon, label = column.partition(":")
        if colon and kind in found:
            found[kind][label] = _numbers(table, column)
    names = list(found[TRUTH])
    parts = {"names": np.array(names, dtype=str)}
    for kind, part in ((TRUTH, "truth"), (LOGIT, "logits"), (DECISION, "decisions")):
        if found[kind]:
            parts[part] = _matrix(found[kind], names, kind)
    return parts


def _numbers(table: pa.Table, column: str) -> np.ndarray:
    """A column without gaps, as numbers."""
    values = table.column(column)
    kinds = pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating
    if values.null_count or not any(kind(values.type) for kind in kinds):
        raise ValueError(
            f"a column of predictions holds numbers without gaps, got {values.type} with "
            f"{values.null_count} empty cells in {column}: fill or rename it"
        )
    return np.asarray(values.to_numpy())


def _matrix(found: Mapping[str, np.ndarray], names: list[str], kind: str) -> np.ndarray:
    if sorted(found) != sorted(names):
        raise ValueError(
            f"every label has a column truth:NAME and {kind}:NAME, got {len(names)} of truth and "
            f"{len(found)} of {kind}: name them alike"
        )
    return np.column_stack([found[label] for label in names])


def _understood(parts: Mapping[str, np.ndarray]) -> tuple[tuple[str, ...], np.ndarray, Said]:
    """(names, truth_NK, what was said), checked."""
    given = [part for part in ("logits", "decisions") if part in parts]
    missing = [part for part in ("truth", "names") if part not in parts]
    if missing or len(given) != 1:
        raise ValueError(
            "saved predictions hold truth, names and either logits or decisions, got "
            f"{', '.join(sorted(parts)) or 'none of them'}: `python -m jobs.compare --help` shows "
            "the form"
        )
    names = tuple(str(name) for name in parts["names"])
    said_NK = parts[given[0]]
    if not names or len(set(names)) != len(names) or parts["truth"].ndim != 2:
        raise ValueError(
            f"names say each label of truth once, got {len(names)} names, {len(set(names))} of "
            f"them different, and truth of shape {parts['truth'].shape}: one name a column"
        )
    if "decisions" in parts:
        truth_NK = checked_labels(parts["truth"], said_NK.shape, "decisions")
        decided_NK = checked_labels(said_NK, said_NK.shape, "decisions")
        return names, truth_NK, Decided(decided_NK=decided_NK)
    logits_NK, truth_NK = checked(said_NK, parts["truth"])
    cuts_K = checked_cuts(np.atleast_2d(parts.get("cuts", np.zeros(len(names)))), len(names))[0]
    return names, truth_NK, Cut(logits_NK=logits_NK, cuts_K=cuts_K)
