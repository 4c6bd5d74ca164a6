"""Auxiliary labels of a corpus: what a user has besides, which trainings may learn beside its own.

`auxiliary.json` holds for each name its labels, and of each line of `train.tsv` the ids of those it
carries: `{"tone": {"labels": ["calm", "loud"], "train": [[0], [], [1], …]}}`. Nothing else is told
of dev and test: auxiliary labels are learned, never decided. Shapes: N texts, H labels.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

FILE = "auxiliary.json"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AuxiliaryLabels:
    """Labels of train that are learned beside a corpus' own, 0 or 1."""

    labels: tuple[str, ...]
    labels_NH: np.ndarray


def auxiliary_content(
    columns: Mapping[str, tuple[Sequence[str], Sequence[Sequence[str]]]],
) -> bytes:
    """The file's content.

    Args:
        columns: by name its labels, and those that each train text carries.

    Returns:
        JSON.
    """
    found = {}
    for name, (labels, of_text) in columns.items():
        place = {label: k for k, label in enumerate(labels)}
        carried = [sorted(place[label] for label in text) for text in of_text]
        found[name] = {"labels": list(labels), "train": carried}
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()


def _read(folder: Path) -> dict[str, Any]:
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
        for each in found.values():
            ids = {i for text in each["train"] for i in text}
            if len(each["labels"]) < 2 or not ids <= set(range(len(each["labels"]))):
                raise ValueError("ids that name no label, or fewer than two labels")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path} holds labels and their ids for each train text, got something else ({error}): "
            "import the corpus again"
        ) from None
    return found


def auxiliary_names(folder: Path) -> tuple[str, ...]:
    """Names of a corpus' auxiliary labels; ValueError for a damaged file."""
    return tuple(_read(folder))


def auxiliary_labels(folder: Path, name: str, texts: int) -> AuxiliaryLabels:
    """Read the auxiliary labels of one name; ValueError where they are of another train split."""
    found = _read(folder)[name]
    if len(found["train"]) != texts:
        raise ValueError(
            f"auxiliary labels are of the train texts, got {len(found['train'])} of them for "
            f"{texts} texts in {folder / FILE}: import the corpus again"
        )
    labels_NH = np.zeros((texts, len(found["labels"])), np.uint8)
    for n, ids in enumerate(found["train"]):
        labels_NH[n, ids] = 1
    return AuxiliaryLabels(labels=tuple(found["labels"]), labels_NH=labels_NH)
