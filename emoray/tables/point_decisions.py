"""Decisions of one operating point on each test text: its thresholds and its errors.

Shapes: N texts, K labels.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from emoray.metrics.cuts import probabilities, thresholds_of
from emoray.tables.conditions import short
from emoray.tables.predictions import (
    Read,
    cuts_of_point,
    kept_predictions,
    label_names,
    where,
)

NOTHING = "(nothing)"
LOST, WRONG = "false negative", "false positive"


@dataclass(frozen=True, slots=True, kw_only=True)
class PointDecisions:
    """A point's logits and cuts on test, and the true labels."""

    names: tuple[str, ...]
    cuts_K: np.ndarray
    logits_NK: np.ndarray
    truth_NK: np.ndarray
    temperature: float

    @property
    def given_NK(self) -> np.ndarray:
        """Labels that the point gives, as booleans."""
        return self.logits_NK >= self.cuts_K

    @property
    def probabilities_NK(self) -> np.ndarray:
        """Probabilities at the point's temperature."""
        return probabilities(self.logits_NK, self.temperature)


def _cuts(point: pd.Series, read: Read, names: tuple[str, ...]) -> np.ndarray:
    try:
        return cuts_of_point(read, point, names)
    except (KeyError, ValueError) as error:
        raise ValueError(
            f"labels.parquet keeps the thresholds of fitted rules, got none of {point['point']} "
            f"({point['threshold_rule']}): name a row of run.front"
        ) from error


def thresholds(point: pd.Series, read: Read) -> pd.DataFrame:
    """Each label's threshold as a probability, and as the exact logit cut that is compared with."""
    names = label_names(read, point["taxonomy"])
    cuts_K = _cuts(point, read, names)
    return pd.DataFrame(
        {"label": names, "threshold": thresholds_of(cuts_K, point["temperature"]), "cut": cuts_K}
    )


def read_decisions(point: pd.Series, read: Read) -> PointDecisions:
    """A point's decisions on test; ValueError where the run does not keep its predictions."""
    names = label_names(read, point["taxonomy"])
    kept = kept_predictions(read, point["model"])
    if kept is None:
        raise ValueError(
            "a run keeps the predictions of its front and of their float parents, got "
            f"{point['point']} of another model: name a row of run.front"
        )
    truth_NK, logits_NK = kept
    return PointDecisions(
        names=names,
        cuts_K=_cuts(point, read, names),
        logits_NK=logits_NK,
        truth_NK=truth_NK.astype(bool),
        temperature=point["temperature"],
    )


def _contents(point: pd.Series, read: Read, texts: int) -> list[str]:
    """The texts in order; ValueError where the run does not keep them."""
    try:
        kept = where(where(read("texts"), "corpus", point["corpus"]), "taxonomy", point["taxonomy"])
        rows = kept.sort_by("text").column("content").to_pylist()
    except ValueError:
        rows = []
    if len(rows) != texts:
        raise ValueError(
            f"errors are read in texts.parquet, got {len(rows)} of {texts} texts of "
            f"{short(point['corpus'])} in this run: run the same command again, with --keep-texts "
            "for a corpus of your own"
        )
    return rows


def errors(point: pd.Series, read: Read, label: str | None) -> pd.DataFrame:
    """List the false negatives and false positives on test.

    Args:
        point: a row of `points`.
        read: reads the run's tables.
        label: one, or None for all.

    Returns:
        A row per error, those farthest from the threshold first; `truth` and `given` name all
        labels of the text.

    Raises:
        ValueError: an unknown label, or the run does not keep predictions or texts.
    """
    decided = read_decisions(point, read)
    if label is not None and label not in decided.names:
        raise ValueError(
            f"labels here are {', '.join(decided.names[:40])}, got {short(label)}: name one of "
            "these"
        )
    contents = _contents(point, read, len(decided.truth_NK))
    given_NK, probable_NK = decided.given_NK, decided.probabilities_NK
    wrong_NK = given_NK != decided.truth_NK
    if label is not None:
        wrong_NK[:, [k for k, name in enumerate(decided.names) if name != label]] = False
    distance_NK = np.abs(decided.logits_NK - decided.cuts_K)
    at = np.argwhere(wrong_NK)
    order = np.argsort(-distance_NK[wrong_NK], kind="stable")

    def names_of(row_K: np.ndarray) -> str:
        return ", ".join(name for name, there in zip(decided.names, row_K, strict=True) if there)

    edges_K = thresholds_of(decided.cuts_K, decided.temperature)
    rows: list[dict[str, Any]] = [
        {
            "label": decided.names[k],
            "kind": WRONG if given_NK[n, k] else LOST,
            "probability": float(probable_NK[n, k]),
            "threshold": float(edges_K[k]),
            "truth": names_of(decided.truth_NK[n]),
            "given": names_of(given_NK[n]),
            "text": int(n),
            "content": contents[n],
        }
        for n, k in at[order]
    ]
    columns = ["label", "kind", "probability", "threshold", "truth", "given", "text", "content"]
    return pd.DataFrame(rows, columns=columns)


def _or_nothing(flags_NK: np.ndarray) -> np.ndarray:
    """The flags as numbers, and a last column that is 1 where a text has none."""
    return np.column_stack([flags_NK, ~flags_NK.any(axis=1)]).astype(np.int64)


def confusion(point: pd.Series, read: Read) -> pd.DataFrame:
    """Count texts by the labels they carry (rows) and those they were given (columns).

    On the diagonal a label that is carried and given. Elsewhere a text counts for each pair of a
    label that it carries and was not given and one that it was given and does not carry;
    `(nothing)` stands in where there is no such label.

    Args:
        point: a row of `points`.
        read: reads the run's tables.

    Returns:
        Counts; off the diagonal a row sums up false negatives, a column false positives.
    """
    decided = read_decisions(point, read)
    lost_NK, wrong_NK = decided.truth_NK & ~decided.given_NK, decided.given_NK & ~decided.truth_NK
    table = _or_nothing(lost_NK).T @ _or_nothing(wrong_NK)
    labels = len(decided.names)
    table[np.arange(labels), np.arange(labels)] = (decided.truth_NK & decided.given_NK).sum(axis=0)
    table[labels, labels] = 0
    names = [*decided.names, NOTHING]
    found = pd.DataFrame(table, index=pd.Index(names, name="carried"), columns=names)
    return found.rename_axis(columns="given")
