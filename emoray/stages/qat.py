"""Quantization-aware training: weights trained on under the codes that they will be stored in."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.quant.affine import AffineMap
from emoray.quant.scheme import ModelScheme
from emoray.stages.encoding import read_padded, read_texts
from emoray.stages.families.protocol import TextStage, TrainStage
from emoray.stages.families.registry import FAMILIES
from emoray.stages.memory import enough_memory
from emoray.stages.pruning import HealModel, PruneModel
from emoray.stages.trained import SETTINGS, WEIGHTS, read_tensors, read_train, training_rows
from emoray.storage.store.keys import UNFINISHED, Stage
from emoray.tables.rows import TrainingRow

MAPS, RANGES = "maps.npz", "ranges.json"
_PARTS = ("scale", "zero_point", "alpha", "beta")


def write_maps(maps: Mapping[str, AffineMap], path: Path) -> None:
    """Learned maps as arrays named `weight/part`; the rest of a map is its scheme's."""
    arrays = {f"{n}/{part}": getattr(m, part) for n, m in maps.items() for part in _PARTS}
    np.savez(path, allow_pickle=False, **arrays)


def read_maps(
    path: Path, scheme: ModelScheme, shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, AffineMap]:
    """Read what `write_maps` wrote, under the scheme that it was learned for."""
    with np.load(path, allow_pickle=False) as data:
        found = dict(data)
    maps = {}
    for name in dict.fromkeys(key.rsplit("/", 1)[0] for key in found):
        chosen = scheme.of(name)
        assert chosen is not None, name
        maps[name] = AffineMap(
            **{part: found[f"{name}/{part}"] for part in _PARTS},
            bits=chosen.bits,
            symmetric=chosen.symmetric,
            grain=chosen.grain,
            shape=shapes[name],
        )
    return maps


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizationAwareTraining:
    """A training gone on under fake quantization, for one scheme. Resumable like a fine-tuning.

    left: what pruning leaves of the training, where the scheme prunes.
    """

    name: ClassVar[str] = "refine"
    version: ClassVar[int] = 1
    resumable: ClassVar[bool] = True
    trains_with_torch: ClassVar[bool] = True

    trained: TrainStage
    text: TextStage
    scheme: ModelScheme
    left: PruneModel | HealModel | None = field(default=None, metadata={"key_default": None})
    targets: Stage | None = field(default=None, metadata={"key_default": None})

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write weights, learned maps, ranges and `trainings.parquet`."""
        from emoray.decide.crossfit import cross_fitted_macro_f1
        from emoray.decide.thresholds import PerLabel
        from emoray.models.qat import refine
        from emoray.models.training import device_here
        from emoray.tables.files import write_table

        recipe, trained = self.trained.recipe, inputs["trained"]
        family = FAMILIES[recipe.family]
        scheme_qat = self.scheme.qat
        assert scheme_qat is not None
        tensors = read_tensors(inputs.get("left", trained))
        dev_texts, _ = read_texts(inputs["text"], "dev")
        train = read_train(recipe, inputs["text"], inputs.get("targets"))
        dev = read_padded(inputs["text"], "dev")
        with enough_memory():
            refined = refine(
                family.module(recipe, tensors, trained),
                self.scheme,
                family.further_settings(recipe, scheme_qat, len(train.lengths_N)),
                train=train,
                dev=dev,
                score=lambda logits_NK: cross_fitted_macro_f1(PerLabel(), logits_NK, dev.labels_NK),
                ranges=family.calibrate(
                    family.network(recipe, tensors, trained), dev_texts, self.scheme
                ),
                learned=scheme_qat.learned,
                device=device_here(),
                unfinished=inputs[UNFINISHED],
            )
        np.savez(out / WEIGHTS, allow_pickle=False, **refined.tensors)
        if (trained / SETTINGS).exists():
            shutil.copyfile(trained / SETTINGS, out / SETTINGS)
        write_maps(refined.maps, out / MAPS)
        (out / RANGES).write_text(json.dumps(refined.ranges))
        write_table(training_rows(self, recipe, refined), out / "trainings.parquet", TrainingRow)
