"""Saved predictions of any model: true labels and predictions, text by text.

Two forms. `.npz`: `truth` and `logits`, `probabilities` or `decisions`, each texts x labels;
`names` of the labels; if you like `cuts`, the logit from which each label is given, or
`thresholds`, the probability. `.csv` or `.parquet`: a row a text, for each label NAME a column
`truth:NAME` and `logit:NAME`, `probability:NAME` or `decision:NAME`; if you like `cut:NAME` or
`threshold:NAME`, one number all the way down. Without them a label is given from probability one
half on, logit 0. Shapes: N texts, K labels.
"""

from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from emoray.metrics.checks import checked_labels, checked_logits
from emoray.metrics.cuts import checked_cuts, cuts_of
from emoray.workflows.compare.operand import Operand, OperandLogits, Predictions, SavedDecisions
from emoray.workflows.compare.scales import require_logits, require_probabilities

BROKEN = (ValueError, OSError, EOFError, BadZipFile, pa.ArrowException)
TRUTH, LOGIT, PROBABILITY, DECISION = "truth", "logit", "probability", "decision"
CUT, THRESHOLD = "cut", "threshold"
SAID = {LOGIT: "logits", PROBABILITY: "probabilities", DECISION: "decisions"}
FROM = {CUT: "cuts", THRESHOLD: "thresholds"}  # where a label begins to be given
PARTS = {TRUTH: "truth", **SAID, **FROM}  # kinds of columns, and what they are in a .npz


def read_saved(path: Path, name: str) -> Operand:
    """Read predictions as an operand; ValueError for a file that holds something else."""
    if not path.is_file():
        raise ValueError(f"saved predictions must be a file, got nothing at {path}: check the name")
    try:
        parts = _arrays(path) if path.suffix.lower() == ".npz" else _columns(path)
        names, truth_NK, predictions = _understood(parts)
    except BROKEN as error:
        raise ValueError(f"{name}: {error}") from error
    return Operand(name=name, labels=names, truth_NK=truth_NK, predictions=predictions)


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
    """The same parts from columns named `truth:NAME`, `logit:NAME` and so on."""
    read = csv.read_csv if path.suffix.lower() == ".csv" else pq.read_table
    try:
        table = read(path)
    except (OSError, pa.ArrowException) as error:
        raise ValueError(
            f"saved predictions must be whole, got {path.name}, which cannot be read ({error}): "
            "save them again"
        ) from error
    found: dict[str, dict[str, np.ndarray]] = {kind: {} for kind in PARTS}
    named = [column.partition(":") for column in table.column_names]
    names = [label for kind, colon, label in named if colon and kind == TRUTH]
    for kind, colon, label in named:
        if colon and kind in found:
            found[kind][label] = _numbers(table, f"{kind}:{label}")
        elif colon and label in names:
            raise ValueError(
                f"columns of a label are {', '.join(f'{known}:NAME' for known in PARTS)}, got "
                f"{kind[:40]}:{label[:40]}: rename it, or leave it out"
            )
    parts = {"names": np.array(names, dtype=str)}
    for kind, part in PARTS.items():
        if found[kind]:
            parts[part] = _matrix(found[kind], names, kind)
    return {
        part: _constant(values, names, part) if part in FROM.values() else values
        for part, values in parts.items()
    }


def _constant(values_NK: np.ndarray, names: list[str], part: str) -> np.ndarray:
    """The constant of each column; ValueError where a column has several values."""
    for label, values_N in zip(names, values_NK.T, strict=True):
        if len(different := np.unique(values_N)) > 1:
            raise ValueError(
                f"{part} are one number for each label, got {len(different)} in the column of "
                f"{label[:40]}: write the same in every row, or save decisions"
            )
    return np.asarray(values_NK[0]) if len(values_NK) else values_NK.reshape(-1)


def _numbers(table: pa.Table, column: str) -> np.ndarray:
    """A column as numbers; ValueError where some are missing."""
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


def _understood(parts: Mapping[str, np.ndarray]) -> tuple[tuple[str, ...], np.ndarray, Predictions]:
    """Check the parts of a file: names of the labels, truth_NK and predictions."""
    given = [part for part in SAID.values() if part in parts]
    missing = [part for part in ("truth", "names") if part not in parts]
    if missing or len(given) != 1:
        raise ValueError(
            "saved predictions hold truth, names and either logits, probabilities or decisions, "
            f"got {', '.join(sorted(parts)) or 'none of them'}: `python -m jobs.compare --help` "
            "shows the form"
        )
    names = tuple(str(name) for name in parts["names"])
    if not names or len(set(names)) != len(names) or parts["truth"].ndim != 2:
        raise ValueError(
            f"names say each label of truth once, got {len(names)} names, {len(set(names))} of "
            f"them different, and truth of shape {parts['truth'].shape}: one name a column"
        )
    if not len(parts["truth"]):
        raise ValueError("predictions are of texts, got none: save a row for each text")
    if len(begins := [part for part in FROM.values() if part in parts]) > 1:
        raise ValueError("a label is given from a cut or a threshold on, got both: leave one out")
    if given == ["decisions"]:
        return names, *_decided(parts, begins)
    read = _from_logits if given == ["logits"] else _from_probabilities
    return names, *read(parts, len(names))


def _decided(
    parts: Mapping[str, np.ndarray], begins: list[str]
) -> tuple[np.ndarray, SavedDecisions]:
    if begins:
        raise ValueError(
            f"decisions are made already, got {begins[0]} beside them: leave these out, or save "
            "logits or probabilities"
        )
    said_NK = parts["decisions"]
    truth_NK = checked_labels(parts["truth"], said_NK.shape, "decisions")
    return truth_NK, SavedDecisions(decided_NK=checked_labels(said_NK, said_NK.shape, "decisions"))


def _from_logits(parts: Mapping[str, np.ndarray], labels: int) -> tuple[np.ndarray, OperandLogits]:
    logits_NK, truth_NK = checked_logits(parts["logits"], parts["truth"])
    require_logits(logits_NK)
    if "thresholds" in parts:
        cuts_K = cuts_of(parts["thresholds"])
    else:
        cuts_K = np.asarray(parts.get("cuts", np.zeros(labels)))
    cuts_K = checked_cuts(np.atleast_2d(cuts_K), labels)[0]
    return truth_NK, OperandLogits(logits_NK=logits_NK, cuts_K=cuts_K)


def _from_probabilities(
    parts: Mapping[str, np.ndarray], labels: int
) -> tuple[np.ndarray, SavedDecisions]:
    """Decide by probabilities: as logits, near ones would become equal and 0 and 1 infinite."""
    probs_NK = parts["probabilities"]
    truth_NK = checked_labels(parts["truth"], probs_NK.shape, "probabilities")
    probs_NK = require_probabilities(probs_NK)
    if "cuts" in parts:
        raise ValueError(
            "probabilities have thresholds, got cuts, which are logits: save threshold:NAME "
            "(.npz: thresholds) in [0, 1]"
        )
    thresholds_K = np.asarray(parts.get("thresholds", np.full(labels, 0.5)), np.float64)
    cuts_of(thresholds_K)  # refused unless they lie in [0, 1]
    thresholds_K = checked_cuts(np.atleast_2d(thresholds_K), labels)[0]
    return truth_NK, SavedDecisions(decided_NK=probs_NK >= thresholds_K)
