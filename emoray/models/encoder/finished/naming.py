"""Say what a model's folder leaves out: names of its labels, what its head was trained for.

Weights that lie there under another usual name, such as model.fp16.safetensors, get theirs.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emoray.models.encoder.weights import MULTI_LABEL, SINGLE_LABEL, read_config

PROBLEMS = (SINGLE_LABEL, MULTI_LABEL)
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """What a user says of a model.

    Attributes:
        labels: names of the head's outputs in their order; empty where the folder names them.
        problem_type: as transformers calls it; None where the folder says it.
    """

    labels: tuple[str, ...] = ()
    problem_type: str | None = None

    def __post_init__(self) -> None:
        if self.problem_type not in (*PROBLEMS, None):
            raise ValueError(
                f"problem_type is {' or '.join(PROBLEMS)}, got {self.problem_type!r}: the first "
                "for one label a text, the second for several"
            )
        if len(set(self.labels)) != len(self.labels) or not all(self.labels):
            raise ValueError(
                f"names of labels differ, got {', '.join(self.labels)[:80]!r}: name each output "
                "once"
            )

    def __bool__(self) -> bool:
        return bool(self.labels or self.problem_type)

    def of(self, config: Mapping[str, Any], folder: Path) -> dict[str, Any]:
        """config.json with what is said; refuse names for another number of outputs."""
        found = dict(config)
        if self.labels:
            known = found.get("id2label") or {}
            if known and len(known) != len(self.labels):
                raise ValueError(
                    f"--labels names every output of the head in its order, got {len(self.labels)} "
                    f"for {len(known)} in {folder}: {', '.join(map(str, known.values()))[:120]}"
                )
            found["id2label"] = {str(i): name for i, name in enumerate(self.labels)}
            found["label2id"] = {name: i for i, name in enumerate(self.labels)}
            found.pop("num_labels", None)
        if self.problem_type:
            found["problem_type"] = self.problem_type
        return found


def renamed_weights(folder: Path) -> dict[str, str]:
    """The usual name of each file of weights that has another: those of one variant."""
    if any((folder / name).is_file() for name in (WEIGHTS, INDEX)):
        return {}
    indexes = sorted(folder.glob("model.safetensors.index.*.json"))
    singles = sorted(folder.glob("model.*.safetensors"))
    if indexes:
        return {indexes[0].name: INDEX}
    return {singles[0].name: WEIGHTS} if singles else {}


def link(source: Path, target: Path) -> None:
    """Have a file in a second place, without its bytes where the disk allows."""
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)


def write_named(folder: Path, naming: Naming, out: Path) -> None:
    """Write a model of transformers with what a user says of it into an existing folder."""
    config = naming.of(read_config(folder), folder)
    usual = renamed_weights(folder)
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name != "config.json":
            link(path, out / usual.get(path.name, path.name))
    (out / "config.json").write_text(json.dumps(config, indent=1), "utf-8")
